"""What is trained: trials, data, models, the training loop, and the study that runs them (torch + MLflow)."""


class InputError(ValueError):
    """The caller's mistake, said in one line that names the value and what is allowed."""


def one_line(error: Exception) -> str:
    """What an exception says, without its line breaks."""
    return " ".join(str(error).split())
