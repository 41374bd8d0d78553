"""What the commands share: bad input is one line that says what is allowed, and exit code 2."""

import argparse
import os
import sys
from collections.abc import Callable

from analysis.fits.curve import FitError
from analysis.runs import StoreError


class Parser(argparse.ArgumentParser):
    """Of `python -m MODULE`; options are never abbreviated."""

    def __init__(self, module: str, description: str):
        super().__init__(f"python -m {module}", allow_abbrev=False, description=description)

    def error(self, message: str):
        if message.startswith("unrecognized"):
            names = (name for name in self._option_string_actions if name.startswith("--"))
            message += f"; allowed: {', '.join(names)}"
        self.exit(2, f"error: {message}\n")


def run(main: Callable[[], None]) -> None:
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads it, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        sys.exit(1)
    except (StoreError, FitError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
