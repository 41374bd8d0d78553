"""Trainers of somebody's own, by what names them: a function, a command or a project.

How they are run stands in experiments/tasks/own.py, command.py and mlproject.py.
"""

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from experiments.training.imported import import_function
from experiments.training.spaces import Space, check_space, read_space
from tracking.errors import InputError

COMMAND = "command:"
PROJECT = "mlproject:"
ALLOWED = "package.module:function, command:…, mlproject:PATH"
# What a command may be given, beside its hyperparameters; the first two it must be.
PLACES = ("subset", "result", "seed", "max_steps", "patience")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# A comma that another trainer stands behind.
BETWEEN = re.compile(
    rf",(?=\s*(?:{COMMAND}|{PROJECT}|[A-Za-z_][\w.]*:[A-Za-z_]\w*\s*(?:,|$)))"
)
NAME = 100  # characters


@dataclass(frozen=True)
class Trainer:
    """Somebody's own trainer.

    text: as it was asked for.
    name: of its runs, as their architecture.
    space: its hyperparameters.
    by_steps: yields evaluations over steps, so that it may be ended early.
    fit: the function; None of a command or a project.
    arguments: of the command, placeholders included.
    parameters: of the project that are asked of it: name -> type.
    """

    text: str
    name: str
    space: Space
    by_steps: bool = False
    fit: Callable[..., Any] | None = None
    arguments: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """How an error names it."""
        return f"trainer '{self.name}'"


def trainer_texts(text: str) -> tuple[str, ...]:
    """Several trainers, with commas between them; a command may hold commas of its own."""
    parts = [part.strip() for part in BETWEEN.split(text)]
    return tuple(dict.fromkeys(part for part in parts if part))


def find_trainer(text: str, space: str = "") -> Trainer:
    """The trainer of that name. Raises InputError where there is none.

    space: the hyperparameters of a command or a project, as JSON.
    """
    if text.startswith(COMMAND):
        return _command(text, read_space(space))
    if text.startswith(PROJECT):
        return _project(text, read_space(space))
    return _function(text)


# --- a function ------------------------------------------------------------------------------


def _function(text: str) -> Trainer:
    module, _, function = text.partition(":")
    if not (module and function):
        raise InputError(f"trainer '{text}' is unknown; allowed: {ALLOWED}")
    fit = import_function(text, "trainer")
    space = check_space(f"trainer '{text}'", getattr(fit, "space", {}))
    by_steps = getattr(fit, "trained_by_steps", inspect.isgeneratorfunction(fit))
    return Trainer(text, text, space, by_steps, fit)


# --- a command -------------------------------------------------------------------------------


def _command(text: str, space: Space) -> Trainer:
    try:
        arguments = tuple(shlex.split(text.removeprefix(COMMAND)))
    except ValueError as error:
        raise InputError(f"trainer '{text}' cannot be read: {error}") from None
    used = set(PLACEHOLDER.findall(text))
    name = command_name(arguments)
    if missing := [place for place in PLACES[:2] if place not in used]:
        raise InputError(
            f"trainer '{name}' has no {{{missing[0]}}}; needed: {{subset}}, the file of "
            "indices it is to train on, and {result}, the JSON file it is to write"
        )
    _check_places(name, space)
    if unknown := sorted(used - space.keys() - set(PLACES)):
        known = ", ".join([*PLACES, *space])
        raise InputError(
            f"trainer '{name}': {{{unknown[0]}}} is unknown; allowed: {known} "
            "(hyperparameters stand in space)"
        )
    own = {key: entry for key, entry in space.items() if key in used}
    return Trainer(text, name, own, arguments=arguments)


def _check_places(name: str, space: Space) -> None:
    if taken := sorted(space.keys() & set(PLACES)):
        raise InputError(
            f"trainer '{name}': {taken[0]} is the study's; allowed: another name in space"
        )


def command_name(arguments: Sequence[str]) -> str:
    """A command without its placeholders and their flags: `python train.py --model a`."""
    kept: list[str] = []
    for one in arguments:
        if not PLACEHOLDER.search(one):
            kept.append(one)
        elif kept and kept[-1].startswith("-") and one.startswith("{"):
            kept.pop()
    return plain_name(" ".join(kept))


def plain_name(text: str) -> str:
    """A name with those characters only that MLflow allows."""
    return re.sub(r"[^\w./: -]", "-", text)[:NAME].strip()


# --- a project -------------------------------------------------------------------------------


def _project(text: str, space: Space) -> Trainer:
    path = Path(text.removeprefix(PROJECT))
    parameters = _parameters(str(path))
    name = plain_name(path.resolve().name)
    if "subset" not in parameters:
        raise InputError(
            f"trainer '{name}': its entry point main has no parameter subset, the file of "
            f"indices it is to train on; it has: {', '.join(parameters) or 'none'}"
        )
    _check_places(name, space)
    own = {key: entry for key, entry in space.items() if key in parameters}
    return Trainer(text, name, own, parameters=parameters)


@lru_cache(maxsize=8)
def _parameters(path: str) -> dict[str, str]:
    """Parameters of the entry point main of an MLproject: name -> type."""
    file = Path(path) / "MLproject"
    if not file.is_file():
        raise InputError(f"trainer '{PROJECT}{path}': there is no file {file}")
    try:
        read = yaml.safe_load(file.read_text())
        parameters = read["entry_points"]["main"].get("parameters") or {}
        return {name: _type(said) for name, said in parameters.items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeError):
        raise InputError(
            f"trainer '{PROJECT}{path}': {file} has no entry point main"
        ) from None


def _type(said: Any) -> str:
    return str(said.get("type", "string") if isinstance(said, dict) else said)
