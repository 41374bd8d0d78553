"""A study that plans itself: the analysis chooses each step until the question is answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.orchestration.analyse import analyse, ask
from experiments.orchestration.coordinator import launch
from experiments.orchestration.grid import grid
from experiments.orchestration.options import OWN, SHARED, StudyOptions, entry, read_options
from experiments.training.task import Task
from tracking.command import Option, Parser, number, options_of
from tracking.errors import InputError
from tracking.retry import WAIT
from tracking.store import open_store

DESCRIPTION = (
    "Train what answers a question soonest, step by step, and stop when it is answered."
)
QUESTIONS = ("double", "target")
GRADES = ("good", "fair")
SMALLEST = 30  # examples of the smallest size, at least
PER_CLASS = 3  # and for each class
HALVINGS = 8  # of the pool, at most
# what the analysis chooses, or what one launch of many does not do
CHOSEN = (
    "fractions",
    "samples",
    "data_seeds",
    "replicas",
    "pruning",
    "hold_out",
    "report",
    "dry_run",
)


@dataclass(frozen=True)
class Question:
    """What is asked, and what it may cost."""

    question: str = entry("double", "double: what does twice the data bring; or target")
    target_value: str = entry("", "a value of the measure to reach, such as 0.05")
    target_error: str = entry("", "an error to reach; short for metric=error target_value=…")
    metric: str = entry("", "measure of the answer: loss, error, …; default: what chooses")
    grade: str = entry("fair", "how sure the answer has to be: fair or good")
    hours: float = entry(1.0, "budget of training, by the clock", number)
    trials: int = entry(0, "budget in trials; 0 = no limit")
    samples: int = entry(2, "random draws at first, besides the untuned sample 0")


ASKED = options_of(Question)
OPTIONS: list[Option] = [*ASKED, *(one for one in OWN if one.name not in CHOSEN), *SHARED]


def parse(arguments: Sequence[str] | None = None) -> tuple[Question, StudyOptions]:
    """What is asked, and the study that answers it. Raises InputError."""
    given = vars(Parser("experiments.answer", DESCRIPTION, OPTIONS).parse_args(arguments))
    question = Question(**{one.name: given[one.name] for one in ASKED})
    return checked(question), replace(read_options(given), samples=question.samples)


def checked(asked: Question) -> Question:
    """The question with one target or none. Raises InputError for what cannot be meant."""
    if asked.target_error:
        if asked.target_value or asked.metric not in ("", "error"):
            raise InputError(
                "target_error and another target or metric are given; allowed: one"
            )
        asked = replace(
            asked, target_value=asked.target_error, metric="error", target_error=""
        )
    if asked.target_value:
        asked = replace(asked, question="target")
    for name, allowed in (("question", QUESTIONS), ("grade", GRADES)):
        if getattr(asked, name) not in allowed:
            value = getattr(asked, name)
            raise InputError(f"{name} '{value}' is unknown; allowed: {', '.join(allowed)}")
    if asked.question == "target" and not asked.target_value:
        raise InputError("question 'target' needs target_value or target_error, such as 0.05")
    if not 0 < asked.hours < 10_000:
        raise InputError(
            f"hours {asked.hours:g} is not allowed; allowed: above 0, below 10,000"
        )
    if asked.trials < 0:
        raise InputError(f"trials {asked.trials} is too small; allowed: 0 (no limit), 1, 2, …")
    return asked


def answer(asked: Question, options: StudyOptions, task: Task) -> None:
    """Train step by step until the analysis says to stop; then print the whole answer.

    Each step is a launch of one study, so an interrupted answer goes on where it was.
    """
    open_store(new=True, wait=WAIT)
    done: list[dict[str, Any]] = []
    while True:
        advice = advised(asked, options, task)
        print("\n".join(advice["said"]), flush=True)
        move = advice["move"]
        if move is None:
            break
        if move in done:
            print("done: that step was tried already, and its trials failed")
            break
        done.append(move)
        step = step_of(options, move)
        launch(step, grid(step), task)
    wanted = [f"--{name}={value}" for name, value in report_of(asked).items() if value]
    analyse(options.study, "no answer yet", *wanted)


def report_of(asked: Question) -> dict[str, str]:
    """Options of the report that answers the same question."""
    return {"metric": asked.metric, "target": asked.target_value}


def advised(asked: Question, options: StudyOptions, task: Task) -> dict[str, Any]:
    """The analysis' advice: what is said, and the next step or None."""
    told = {
        "study": options.study,
        "dataset": task.name,
        "learners": ",".join(one["architecture"] for one in options.learners),
        "pool": len(task),
        "fractions": ",".join(map(repr, halved(task))),
        "samples": options.samples,
        "hours": asked.hours * (options.workers or 1),
        "trials": asked.trials or "inf",
        "grade": asked.grade,
        **report_of(asked),
    }
    advice: dict[str, Any] = json.loads(ask("analysis.advise", told))
    return advice


def halved(task: Task) -> list[float]:
    """The whole pool, its half, its quarter, … as long as the classes are in it."""
    least = max(SMALLEST, PER_CLASS * (task.classes or 0))
    fractions = [2.0**-k for k in range(HALVINGS + 1)]
    return [one for one in fractions if one * len(task) >= least or one == 1]


def step_of(options: StudyOptions, move: dict[str, Any]) -> StudyOptions:
    """The options of the launch that makes a step."""
    texts = zip(options.trainers, options.learners)
    return replace(
        options,
        architectures=() if options.trainers else tuple(move["learners"]),
        trainers=tuple(text for text, one in texts if one["architecture"] in move["learners"]),
        fractions=tuple(move["fractions"]),
        samples=move["samples"],
        replicas=move["replicas"],
        report=False,
        is_step=True,
    )
