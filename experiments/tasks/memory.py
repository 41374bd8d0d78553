"""How much memory a dataset takes, estimated before it is spent."""

import psutil

from tracking.errors import InputError

SHARE = 0.8  # of the free memory, that one dataset may take


def check_memory(needed: float, what: str, remedy: str) -> None:
    """Raises InputError where there is less.

    needed: bytes.
    what: needs them, as in "60 images of 4,000 × 3,000 pixels".
    remedy: what to do about it.
    """
    free = psutil.virtual_memory().available
    if needed > SHARE * free:
        raise InputError(
            f"{what} need about {as_gigabytes(needed)} of memory and "
            f"{as_gigabytes(free)} are free; {remedy}"
        )


def as_gigabytes(count: float) -> str:
    """Bytes for a reader: 0.3 GB, 12 GB."""
    gigabytes = count / 1e9
    return f"{gigabytes:.0f} GB" if gigabytes >= 10 else f"{gigabytes:.1f} GB"
