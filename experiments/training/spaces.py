"""A search space: the hyperparameters of a learner, each with its default and its range."""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.training.distributions import loguniform, randint, uniform
from tracking import schema
from tracking.errors import InputError, one_line

# Hyperparameters: name -> (untuned default, distribution of scipy.stats or list of choices).
Space = Mapping[str, tuple[Any, Any]]
# What MLflow takes: no part of a path that is empty or made of dots.
NAMES = re.compile(r"(?!.*(^|/)\.*(/|$))[\w. /-]{1,100}")
# Names that a run has for something else.
TAKEN = {one.name for one in schema.FIELDS} | {schema.ENDED, "hyperparameters"}
ALLOWED = "(default, a list of choices or a distribution of scipy.stats)"

# --- in Python -------------------------------------------------------------------------------


def check_space(whose: str, space: Any) -> Space:
    """The space, if it is one. Raises InputError otherwise.

    whose: "trainer 'mine:fit'", say.
    """
    if not isinstance(space, Mapping):
        raise InputError(f"{whose}: space is {space!r}; allowed: name -> {ALLOWED}")
    for name, entry in space.items():
        if not _is_searchable(entry):
            raise InputError(f"{whose}: space['{name}'] is {entry!r}; allowed: {ALLOWED}")
    check_names(whose, space)
    return space


def _is_searchable(entry: Any) -> bool:
    """Whether it is (default, list of choices) or (default, distribution)."""
    if not isinstance(entry, tuple) or len(entry) != 2:
        return False
    choices = entry[1]
    if isinstance(choices, list):
        return bool(choices)
    # a distribution of scipy.stats without its range would be called to get one
    return hasattr(choices, "rvs") and not callable(choices)


def check_names(whose: str, space: Space) -> None:
    """Raises InputError for a hyperparameter that could not be told from a field of a run."""
    for name in space:
        if not (isinstance(name, str) and NAMES.fullmatch(name)):
            raise InputError(
                f"{whose}: a hyperparameter is called {name!r:.60}; "
                "allowed: letters, digits, spaces, . - _ /"
            )
    if taken := sorted(TAKEN & space.keys()):
        raise InputError(
            f"{whose}: a hyperparameter cannot have an option's name, '{taken[0]}'"
        )


# --- as JSON ---------------------------------------------------------------------------------


def _loguniform(low: float, high: float) -> Any:
    if not 0 < low < high:
        raise ValueError
    return loguniform(low, high)


def _uniform(low: float, high: float) -> Any:
    if not low < high:
        raise ValueError
    return uniform(low, high)


def _randint(low: int, high: int) -> Any:
    if not low < high or low != int(low) or high != int(high):
        raise ValueError
    return randint(int(low), int(high) + 1)


DISTRIBUTIONS: dict[str, Callable[..., Any]] = {
    "loguniform": _loguniform,
    "uniform": _uniform,
    "randint": _randint,
}
AS_JSON = '[default, [choices]] or [default, "loguniform", low, high]'


def space_text(given: str) -> str:
    """The JSON text of a space that is given as such, or as a .json file; always alike.

    Raises InputError where there is no such file, and for what is no JSON.
    """
    text = given
    if given.endswith(".json"):
        try:
            text = Path(given).read_text()
        except (OSError, UnicodeError) as error:
            raise InputError(f"space '{given}' cannot be read: {one_line(error)}") from None
    return json.dumps(_parsed(text)) if text else ""


@lru_cache(maxsize=8)
def read_space(text: str) -> Space:
    """A space as JSON: {"lr": [0.01, "loguniform", 1e-5, 0.1], "width": [64, [32, 64]]}.

    Beside loguniform there are uniform and randint; both ends belong to the range. Empty text
    is an empty space. Raises InputError.
    """
    entries = _parsed(text or "{}")
    if not isinstance(entries, dict):
        raise InputError(f"space is {text}; allowed: name: {AS_JSON}")
    space = {name: _entry(name, entry) for name, entry in entries.items()}
    check_names("space", space)
    return space


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"space is no JSON: {error}") from None


def _entry(name: str, entry: Any) -> tuple[Any, Any]:
    try:
        default, kind, *ends = entry
        if isinstance(kind, list) and kind and not ends:
            return default, kind
        low, high = ends
        return default, DISTRIBUTIONS[kind](low, high)
    except (TypeError, ValueError, KeyError):
        names = ", ".join(DISTRIBUTIONS)
        raise InputError(
            f"space: {name} is {json.dumps(entry)}; allowed: {AS_JSON} (or: {names})"
        ) from None
