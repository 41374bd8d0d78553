"""Passwords and tokens of the tracking store, which nobody who reads along may see."""

import logging
import os
import re
from collections.abc import Iterator
from urllib.parse import unquote

STARS = "***"
USER = re.compile(r"(?<=://)[^\s'\"<>|]*@")  # user and password of an address
# a value of an address's options, or of a library's words about them
OPTION = re.compile(
    r"(?i)\b((?:[a-z_]*(?:password|passwd|secret|token|credential|api_?key|access_?key)|pwd)"
    r"\s*=\s*['\"]?)[^&;,\s'\"]+"
)
VARIABLES = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "DATABRICKS_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
)
ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
SHORTEST = 4  # characters of a secret that is looked for in any text


def masked(text: str) -> str:
    """The text without passwords, tokens and users of addresses; `***` stands for each."""
    text = USER.sub(f"{STARS}@", text)
    text = OPTION.sub(rf"\g<1>{STARS}", text)
    for secret in _known():
        text = text.replace(secret, STARS)
    return text


def _known() -> list[str]:
    """The secrets of the environment, the longest first: one may hold another."""
    found = {os.environ.get(name, "") for name in VARIABLES}
    for name in ADDRESSES:
        found |= set(_passwords(os.environ.get(name, "")))
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)


def _passwords(address: str) -> Iterator[str]:
    """The password of an address, and the pieces that a library may quote of a broken one."""
    _, _, rest = address.partition("://")
    user, at, _ = rest.rpartition("@")
    _, colon, password = user.partition(":")
    if not (at and colon):
        return
    for form in (password, unquote(password)):
        yield form
        yield from re.split(r"[/@:?#]", form)


def mask_logs() -> None:
    """From now on no library logs a secret in this process."""
    make = logging.getLogRecordFactory()
    if getattr(make, "masks", False):
        return

    def record(*arguments: object, **options: object) -> logging.LogRecord:
        made = make(*arguments, **options)
        try:
            said = made.getMessage()
        except (TypeError, ValueError):  # whoever logged it gave too few values
            return made
        made.msg = masked(said)
        made.args = ()
        return made

    record.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)
