"""MLproject, written from the options of the commands.

python -m tracking.mlproject > MLproject
"""

import textwrap
from collections.abc import Iterable
from importlib import import_module

import yaml

from tracking.command import Option

ENTRY_POINTS = {  # name: (module of the command, module with its OPTIONS, what it does)
    "main": (
        "experiments.run",
        "experiments.run",
        "one run: a fraction of the data, one sample of hyperparameters",
    ),
    "study": (
        "experiments.study",
        "experiments.study",
        "the grid: architectures x fractions x samples x data seeds; resumed where it stopped",
    ),
    "answer": (
        "experiments.answer",
        "experiments.answer",
        "a question: trains what answers it soonest, and stops when it is answered",
    ),
    "report": (
        "analysis.report",
        "analysis.report.__main__",
        "the best run per size, the law per architecture, the answer",
    ),
}
HEAD = "name: scaling-study\n\nconda_env: conda.yaml\n\nentry_points:\n"


def mlproject() -> str:
    """The text of MLproject."""
    return HEAD + "\n".join(entry_point(name) for name in ENTRY_POINTS)


def entry_point(name: str) -> str:
    module, door, does = ENTRY_POINTS[name]
    options = import_module(door).OPTIONS
    lines = [f"  {name}:  # {does}", "    parameters:"]
    lines += [f"      {parameter(one)}" for one in options]
    lines += ["    command: >-", *_command(module, options)]
    return "\n".join(lines) + "\n"


def parameter(one: Option) -> str:
    return f"{one.name}: {{type: {one.mlflow_type}, default: {_scalar(one.mlflow_default)}}}"


def _scalar(value: str | int | float) -> str:
    """As YAML reads it back: text that would be read as something else is quoted."""
    text = str(value)
    if isinstance(value, str) and (yaml.safe_load(text) != text or "," in text):
        return f'"{text}"'
    return text


def _command(module: str, options: Iterable[Option]) -> list[str]:
    words = " ".join(f"--{one.name}\u00a0{{{one.name}}}" for one in options)
    wrapped = textwrap.wrap(f"python -m {module} {words}", 89, break_on_hyphens=False)
    return [f"      {line}".replace("\u00a0", " ") for line in wrapped]


if __name__ == "__main__":
    print(mlproject(), end="")
