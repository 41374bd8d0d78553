"""What all commands share: options from the schema; bad input is one line and exit code 2."""

import argparse
import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn

from tracking import schema
from tracking.errors import InputError


@dataclass(frozen=True)
class Option:
    """One option of a command, and one parameter of its entry point in MLproject.

    name: without dashes.
    default: as the command line and MLproject say it.
    help: a few words.
    read: text -> value; raises argparse.ArgumentTypeError.
    """

    name: str
    default: Any
    help: str = ""
    read: Callable[[str], Any] = str

    @property
    def mlflow_type(self) -> str:
        """The type of the parameter in MLproject."""
        if self.read is whole_number:
            return "int"
        return "float" if self.read is number else "string"

    @property
    def mlflow_default(self) -> str | int | float:
        """The default in MLproject."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return "" if self.default is None else self.default


# --- options from the schema -----------------------------------------------------------------


def option_of(field: schema.Field) -> Option:
    """The option that asks for a field of a run."""
    return Option(field.name, field.default, field.help, READERS[field.type])


def option(
    default: Any, help: str = "", read: Callable[[str], Any] | None = None
) -> dict[str, Any]:
    """Arguments of dataclasses.field for a field that is an option of a command."""
    return {"default": default, "metadata": {"help": help, "read": read}}


def options_of(options: type) -> list[Option]:
    """The options that the fields of a dataclass are, made by `option`."""
    found = []
    for one in fields(options):
        if "help" in one.metadata and one.default is not MISSING:
            read = one.metadata["read"] or READERS[type(one.default)]
            found.append(Option(one.name, one.default, one.metadata["help"], read))
    return found


# --- the parser ------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """Of a command: options are never abbreviated, bad input is one line and exit code 2."""

    def __init__(
        self, module: str, description: str, options: Sequence[Option] = (), **more: Any
    ):
        super().__init__(
            f"python -m {module}", allow_abbrev=False, description=description, **more
        )
        for one in options:
            self.add(one)

    def add(self, one: Option) -> None:
        """An option; one that is true or false may stand without its value."""
        names = list(dict.fromkeys([f"--{one.name}", f"--{one.name.replace('_', '-')}"]))
        alone: dict[str, Any] = (
            {"nargs": "?", "const": True} if one.read is true_or_false else {}
        )
        self.add_argument(
            *names, dest=one.name, type=one.read, default=one.default, help=one.help, **alone
        )

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized"):
            known = sorted(
                name for name in self._option_string_actions if name.startswith("--")
            )
            message += f"; allowed: {', '.join(known)}"
        self.exit(2, f"error: {message}\n")


def run(main: Callable[[], None]) -> None:
    """Run a command; what its caller did wrong is one line on standard error.

    SIGTERM, by which schedulers end a job, is the same as Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads it, such as head, has seen enough
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # or Python complains at its end
        sys.exit(1)
    except InputError as error:
        exit_with_one_line(error)
    except KeyboardInterrupt:
        sys.exit(130)


def exit_with_one_line(error: BaseException | str) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


# --- how the text of an option is read -------------------------------------------------------


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def names(text: str) -> tuple[str, ...]:
    """Comma-separated, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(whole_number(part) for part in names(text)))


def numbers(text: str) -> tuple[float, ...]:
    return tuple(dict.fromkeys(number(part) for part in names(text)))


def sizes(text: str) -> tuple[int, ...]:
    """Whole numbers of examples, in order."""
    values = [number(part) for part in names(text)]
    if not all(
        math.isfinite(value) and value >= 1 and value == int(value) for value in values
    ):
        raise argparse.ArgumentTypeError(f"'{text}' are not whole numbers of examples")
    return tuple(sorted({int(value) for value in values}))


READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: whole_number,
    float: number,
    bool: true_or_false,
}
