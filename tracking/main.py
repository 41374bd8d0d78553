"""The command `scaling-study`: train, study, answer, report, export, restore."""

import sys
from functools import partial
from importlib import import_module

from tracking.command import exit_with_one_line, run

COMMANDS = {  # command: (module whose `main` does it, what it does)
    "train": ("experiments.run", "train one trial and record it as one MLflow run"),
    "study": ("experiments.study", "train the whole grid, resumed where it was left"),
    "answer": ("experiments.answer", "train what answers a question soonest"),
    "report": ("analysis.report.__main__", "print the answer of a study or of a CSV"),
    "export": ("analysis.export", "write a study as files that need no tracking store"),
    "restore": ("analysis.restore", "write an exported study back into a tracking store"),
}


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return
    name, *rest = arguments
    if name not in COMMANDS:
        exit_with_one_line(f"command '{name}' is unknown; allowed: {', '.join(COMMANDS)}")
    module = import_module(COMMANDS[name][0])  # late, so that a report loads no torch
    run(partial(module.main, rest))


def usage() -> str:
    lines = [f"  {name:<8} {does}" for name, (_, does) in COMMANDS.items()]
    return "\n".join(["usage: scaling-study COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    main()
