"""What a user names as `package.module:function`, imported."""

import importlib
from collections.abc import Callable
from typing import Any

from tracking.errors import InputError, one_line


def import_function(name: str, what: str) -> Callable[..., Any]:
    """The function of package.module:function.

    what: it is, as the error calls it: "trainer", say.
    Raises InputError where it cannot be imported or cannot be called.
    """
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except InputError:
        raise
    except SystemExit:
        raise InputError(
            f"{what} '{name}' cannot be imported: {module} ends the program when it is "
            'imported; allowed: that only under if __name__ == "__main__"'
        ) from None
    except Exception as error:  # a module may raise anything while it is imported
        raise InputError(f"{what} '{name}' cannot be imported: {one_line(error)}") from None
    if not callable(found):
        raise InputError(f"{what} '{name}' is {type(found).__name__}; allowed: a function")
    return found
