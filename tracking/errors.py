"""What goes wrong through no fault of the program: each is said in one line."""


class InputError(ValueError):
    """The caller's mistake, said in one line that names the value and what is allowed."""


class StoreError(InputError):
    """The store or the file holds no such study; the message says what is there."""


def one_line(error: BaseException) -> str:
    """What an exception says, without its line breaks."""
    return " ".join(str(error).split())
