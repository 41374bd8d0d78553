"""What all commands share: options from the schema; bad input is one line and exit code 2."""

import argparse
import atexit
import gc
import math
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from tracking import schema
from tracking.errors import InputError, one_line
from tracking.secrets import masked

# As people write numbers; Python would also take 1_0 for ten.
NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf|nan", re.ASCII | re.IGNORECASE
)
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
MOST_LETTERS = 2000  # of a text
MOST_OF_A_NAME = 200  # letters; MLflow's tables keep no more than 250
MOST_OF_A_FILE = 255  # bytes of a file's name
QUOTED = 60  # letters of a value that an error repeats
# New objects until the garbage collector looks for rings among them. After every 700, as it is
# by default, it would look through all of torch and MLflow while they are imported.
SELDOM = 50_000


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
        read = printable if one.read is str else one.read
        self.add_argument(
            *names, dest=one.name, type=read, default=one.default, help=one.help, **alone
        )

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse, which takes `--` and what follows it for other things than values."""
        given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(self._joined(given), namespace)

    def _joined(self, given: list[str]) -> list[str]:
        """Each option with its value in one word: no value is taken for something else."""
        words = []
        rest = iter(given)
        for word in rest:
            name, equals, joined = word.partition("=")
            action = self._option_string_actions.get(name)
            if action is not None and action.nargs is None:
                value = joined if equals else next(rest, None)
                words.append(f"{name}={self._checked(name, value)}")
                continue
            if word == "--":
                self.error("'--' is no option and no value")
            words.append(word)
        return words

    def _checked(self, name: str, value: str | None) -> str:
        """The value of an option. Ends the command where there is none."""
        if value is None:
            self.error(f"{name} has no value")
        if value.startswith("-") and not NUMBER.fullmatch(value):
            self.error(
                f"{name} has no value: '{short(value)}' begins with a dash; "
                "allowed: a value that does not"
            )
        return value

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized"):
            known = sorted(
                name for name in self._option_string_actions if name.startswith("--")
            )
            message += f"; allowed: {', '.join(known)}"
        self.exit(2, f"error: {masked(_shortened(message))}\n")


def run(main: Callable[[], None]) -> None:
    """Run a command; what its caller did wrong is one line on standard error.

    SIGTERM, by which schedulers end a job, is the same as Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(SELDOM)
    atexit.register(gc.freeze)  # nor does it look through everything before the process ends
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
    except Exception as error:
        from tracking.retry import is_of_the_store  # late: MLflow takes a second

        if not is_of_the_store(error):
            raise
        said = one_line(error)[:300]
        exit_with_one_line(f"the tracking store failed ({said}); see MLFLOW_TRACKING_URI")


def exit_with_one_line(error: BaseException | str) -> NoReturn:
    print(f"error: {masked(' '.join(str(error).split()))}", file=sys.stderr)
    sys.exit(2)


def command_line(module: str, **options: object) -> str:
    """A command that can be pasted into a shell as it is."""
    words = [f"--{name} {shlex.quote(str(value))}" for name, value in options.items()]
    return " ".join([f"python -m {module}", *words])


def short(text: str) -> str:
    """The beginning of a text, for an error that quotes it."""
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def _shortened(message: str) -> str:
    """An error's words, without most of a value that is long, in one line."""
    words = [short(word) for word in message.split()]
    return " ".join(words)


# --- how the text of an option is read -------------------------------------------------------


def number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{short(text)}' is not a number")
    return float(text)


def whole_number(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{short(text)}' is not a whole number")
    return int(text)


def printable(text: str) -> str:
    """Text of one line that every store and terminal takes."""
    if text.startswith("-"):
        raise argparse.ArgumentTypeError(
            f"'{short(text)}' begins with a dash; allowed: text that does not"
        )
    if len(text) > MOST_LETTERS:
        raise argparse.ArgumentTypeError(
            f"'{short(text)}' has {len(text):,} letters; allowed: up to {MOST_LETTERS:,}"
        )
    if not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{short(repr(text))} holds a character that cannot be printed"
        )
    return text


def file_name(text: str) -> str:
    """The path of a file or a folder, as file systems take it."""
    for part in Path(printable(text)).parts:
        if len(part.encode()) > MOST_OF_A_FILE:
            raise argparse.ArgumentTypeError(
                f"'{short(part)}' is too long for a file's name; "
                f"allowed: up to {MOST_OF_A_FILE} bytes"
            )
    return text


def check_name(what: str, name: str) -> None:
    """Raises InputError for a name that MLflow's tables would not keep."""
    if len(name) > MOST_OF_A_NAME:
        raise InputError(
            f"{what} '{short(name)}' has {len(name):,} letters; "
            f"allowed: up to {MOST_OF_A_NAME}"
        )


def true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def names(text: str) -> tuple[str, ...]:
    """Comma-separated, each once."""
    for part in printable(text).split(","):
        if len(part) > MOST_OF_A_NAME:
            raise argparse.ArgumentTypeError(
                f"'{short(part)}' has {len(part):,} letters; allowed: up to {MOST_OF_A_NAME}"
            )
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
    str: printable,
    int: whole_number,
    float: number,
    bool: true_or_false,
}
