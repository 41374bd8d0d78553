"""A study that plans itself: the analysis chooses each step until the question is answered."""

import json
from dataclasses import replace
from typing import Any

from mlflow import MlflowClient

from experiments.orchestration.analyse import analyse, ask
from experiments.orchestration.coordinator import launch
from experiments.orchestration.grid import grid
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.question import Question
from experiments.orchestration.ready import check
from experiments.orchestration.study_runs import parent_so_far
from experiments.training.task import Task
from tracking.retry import WAIT
from tracking.schema import PLAN
from tracking.store import open_store

SMALLEST = 30  # examples of the smallest size, at least
PER_CLASS = 3  # and for each class
HALVINGS = 8  # of the pool, at most


def answer(asked: Question, options: StudyOptions, task: Task) -> None:
    """Train step by step until the analysis says to stop; then print the whole answer.

    Each step is a launch of one study, so an interrupted answer goes on where it was. Raises
    InputError for what cannot be trained.
    """
    check(grid(replace(options, fractions=tuple(halved(task)))), task)
    client = open_store(new=True, wait=WAIT)
    done: list[dict[str, Any]] = []
    while True:
        advice = advised(asked, options, task)
        said = "\n".join(advice["said"])
        print(said, flush=True)
        note_plan(client, options.study, said)
        move = advice["move"]
        if move is None:
            break
        if move in done:
            print("done: that step was tried already, and its trials failed")
            break
        done.append(move)
        step = step_of(options, move)
        launch(step, grid(step), task)
    if client.get_experiment_by_name(options.study) is None:
        return  # the budget paid for no step
    about = {"architecture": advice["best"], **report_of(asked)}
    wanted = [f"--{name}={value}" for name, value in about.items() if value]
    analyse(options.study, "no answer yet", *wanted)


def note_plan(client: MlflowClient, study: str, said: str) -> None:
    """Keep what was said with the study, for the page; nothing where it has no run yet."""
    parent = parent_so_far(client, study)
    if parent:
        client.set_tag(parent.info.run_id, PLAN, said)


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
