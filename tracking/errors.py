"""What goes wrong through no fault of the program: each is said in one line."""

from tracking.secrets import masked


class InputError(ValueError):
    """The caller's mistake, said in one line that names the value and what is allowed."""


class StoreError(InputError):
    """The store or the file holds no such study; the message says what is there."""


def one_line(error: BaseException) -> str:
    """What an exception says: without line breaks, passwords, and the SQL that failed."""
    try:
        said = str(error)
    except Exception:  # somebody's own exception may fail to say anything
        said = type(error).__name__
    return masked(" ".join(said.split()).partition(" [SQL: ")[0])
