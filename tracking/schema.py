"""What a run is: one table of its fields. Whatever asks about a run's fields asks this table.

A run trains one trial. What is asked of it stands in RunSettings, one line per field; what is
known and measured of it in the lists below. To add a field that trials vary by, add a line to
RunSettings: the trial's key, the command lines, MLproject, the typed table of runs, fairness,
noise, the next study's command, export, restore and the settings that a reader sees all
follow.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any

from tracking.errors import InputError


class Role(StrEnum):
    """What a field says about a run."""

    IDENTITY = "identity"  # which point of which curve it is
    SPLIT = "split"  # which examples there are to train on, to choose by and to test on
    # what its search may try and its training may spend: the same for all compared
    BUDGET = "budget"
    SEED = "seed"  # which chances it met
    SEARCH = "search"  # which draw of its search it is
    MEASURED = "measured"  # what came out
    PLACE = "place"  # where it ran, which must not matter


class Kept(StrEnum):
    """Where MLflow keeps a field."""

    PARAM = "param"
    TAG = "tag"
    METRIC = "metric"
    INFO = "info"


@dataclass(frozen=True)
class Field:
    """One field of a run.

    name: as in MLflow, on the command line and as a column.
    type: str, int, float or bool.
    role: what it says about the run.
    kept: where MLflow keeps it.
    default: of a setting; None of what is not asked for.
    help: what a command's --help says.
    label: what a reader of the report sees beside its value; "" for none.
    heading: of its column in a table of runs; "" where it is not shown there.
    least, most: the smallest and the largest value allowed; None for none.
    choices: the values allowed; () for any.
    found: further values allowed that a program finds and nobody is told to ask for.
    matches_any: values that fairness compares with all others: unknown, or without effect.
    allowed: which numbers are, in words, for whoever gave another.
    asked: whether the command that trains one run offers it.
    before: what runs were trained with before the field was there; None: it always was. The
        field enters a trial's key only where it is another, so that old trials keep theirs.
    racing: says how trials were compared while they trained, and nothing about one that came
        to its end; two such runs that differ in it alone are of the same trial.
    private: says something about somebody's machine; an export leaves it out.
    """

    name: str
    type: type
    role: Role
    kept: Kept
    default: Any = None
    help: str = ""
    label: str = ""
    heading: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    matches_any: tuple[str, ...] = ()
    allowed: str = ""
    asked: bool = True
    before: Any = None
    racing: bool = False
    private: bool = False

    def check(self, value: Any) -> None:
        """Raises InputError for a value that is not allowed."""
        if self.choices and value not in (*self.choices, *self.found):
            known = ", ".join(self.choices)
            raise InputError(f"{self.name} '{value}' is unknown; allowed: {known}")
        if self.least is not None and value < self.least:
            raise InputError(f"{self.name} {value} is too small; allowed: {self.allowed}")
        if self.most is not None and not value <= self.most:  # nan, too
            most = f"up to {self.most:,}"
            raise InputError(
                f"{self.name} {value} is too large; allowed: {self.allowed}, {most}"
            )


def setting(default: Any, role: Role, help: str = "", **more: Any) -> Any:
    """A line of RunSettings."""
    return field(default=default, metadata={"role": role, "help": help, **more})


# of what is no network: precision does not apply, and any may be compared
ANY_PRECISION = "none"
COUNT = {"least": 0, "most": 2**32 - 1, "allowed": "0, 1, 2, …"}
STEPS = {"least": 1, "most": 10**9, "allowed": "1 step or more"}


@dataclass(frozen=True)
class RunSettings:
    """What is asked of one run: all that decides its result, and so the trial's key.

    dataset: a name, folder:PATH, csv:PATH, parquet:PATH, npz:PATH or package.module:function.
    architecture: a name or package.module:function.
    fraction: of the training pool, in (0, 1].
    sample: 0 is the untuned default, 1 to K are random draws.
    data_seed: shuffles the pool.
    search_seed: draws the hyperparameters.
    seed: of initialisation and batches.
    search_space: which ranges the hyperparameters are drawn from.
    max_steps: the most optimiser steps; a run that they end while it improves is budget_bound.
    patience: steps without improvement in validation.
    patience_epochs: the same in epochs; whichever of the two is longer counts.
    precision: fp32 or bf16; auto until it is resolved (experiments/training/trial.py).
    halving: by which rule hopeless samples are ended early; "" where none is.
    bracket: K where the samples 0 to K of a cell are trained against each other; 0: none is
    ended early.
    trainer: a user's own: package.module:fit, command:… or mlproject:PATH; "" for none.
    examples: of a command or project: how many there are, or a file of labels, one a line.
    space: of a command or project: its hyperparameters, as JSON.
    target: the column of a table to predict.
    text: the column of a table that holds text.
    group: the column of a table whose values are told apart, as regions; "" for none.
    kind: classification or regression; auto is told by the target.
    form: of the loaded task: images, table or own.
    shares: by what the shares of classes are multiplied, shirt:3,pullover:2; "" as they come.
    """

    dataset: str = setting(
        "digits",
        Role.SPLIT,
        "a name, folder:PATH, csv:PATH, parquet:PATH, npz:PATH or package.module:function",
    )
    architecture: str = setting(
        "cnn",
        Role.IDENTITY,
        "a name or package.module:function",
        heading="architecture",
    )
    fraction: float = setting(1.0, Role.IDENTITY, "of the training pool, above 0, up to 1")
    sample: int = setting(
        0,
        Role.SEARCH,
        "0 = untuned default; 1, 2, … = random draws",
        heading="sample",
        **COUNT,
    )
    data_seed: int = setting(
        0,
        Role.SEED,
        "which subset of the pool",
        label="data seeds",
        heading="data seed",
        **COUNT,
    )
    search_seed: int = setting(
        0, Role.BUDGET, "which random draws of the hyperparameters", **COUNT
    )
    seed: int = setting(0, Role.SEED, "of initialisation and batches", label="seeds", **COUNT)
    search_space: str = setting(
        "default",
        Role.BUDGET,
        "ranges of the random draws",
        label="search space",
        choices=("default", "augmented", "notebook"),
    )
    max_steps: int = setting(
        100_000,
        Role.BUDGET,
        "the most optimiser steps; patience should end a run before",
        label="most steps",
        **STEPS,
    )
    patience: int = setting(
        1000, Role.BUDGET, "steps without improvement in validation", label="patience", **STEPS
    )
    patience_epochs: float = setting(
        3.0,
        Role.BUDGET,
        "epochs without improvement in validation; the longer patience counts",
        label="patience in epochs",
        before=0.0,
        **COUNT,
    )
    precision: str = setting(
        "auto",
        Role.BUDGET,
        "fp32, bf16, or auto: bf16 where the hardware multiplies it natively",
        label="precision",
        choices=("auto", "fp32", "bf16"),
        found=(ANY_PRECISION,),
        matches_any=(ANY_PRECISION, "auto"),
    )
    halving: str = setting("", Role.BUDGET, asked=False, racing=True, before="")
    bracket: int = setting(0, Role.BUDGET, asked=False, racing=True)
    trainer: str = setting(
        "",
        Role.IDENTITY,
        "your own: package.module:fit, command:… or mlproject:PATH",
        before="",
    )
    examples: str = setting(
        "",
        Role.SPLIT,
        "of a command or mlproject: how many, or a text file with the label of each",
        before="",
    )
    space: str = setting(
        "",
        Role.BUDGET,
        "of a command or mlproject: its hyperparameters, JSON text or a .json file",
        label="hyperparameters",
        before="",
    )
    target: str = setting("", Role.SPLIT, "column of a table to predict", before="")
    text: str = setting("", Role.SPLIT, "column of a table that holds text", before="")
    group: str = setting(
        "",
        Role.SPLIT,
        "column of a table whose values are told apart, as classes are, such as a region",
        before="",
    )
    kind: str = setting(
        "auto",
        Role.SPLIT,
        "classification, regression, or auto: told by the target",
        choices=("auto", "classification", "regression"),
        before="auto",
    )
    form: str = setting(
        "images",
        Role.SPLIT,
        choices=("images", "table", "own"),
        asked=False,
        before="images",
    )
    shares: str = setting(
        "",
        Role.SPLIT,
        "more of some classes in every subset, such as shirt:3,pullover:2; others keep 1",
        label="shares of the classes",
        before="",
    )

    def __post_init__(self) -> None:
        """Raises InputError where a value is out of range."""
        if not (math.isfinite(self.fraction) and 0 < self.fraction <= 1):
            raise InputError(f"fraction {self.fraction:.12g} is outside (0, 1]")
        for one in SETTINGS:
            one.check(getattr(self, one.name))


def _settings() -> tuple[Field, ...]:
    lines = []
    for line in fields(RunSettings):
        assert isinstance(line.type, type)
        default = None if line.default is MISSING else line.default
        lines.append(
            Field(line.name, line.type, kept=Kept.PARAM, default=default, **line.metadata)
        )
    return tuple(lines)


SETTINGS = _settings()

PLACES = (
    Field(
        "data_dir",
        str,
        Role.PLACE,
        Kept.TAG,
        "data",
        "where torchvision's datasets lie, or are downloaded to",
        private=True,
    ),
    Field(
        "device",
        str,
        Role.PLACE,
        Kept.TAG,
        "auto",
        "auto, cpu, cuda or cuda:N",
        label="device",
    ),
)

FOUND = (  # what becomes known while it is trained
    Field("trial", str, Role.IDENTITY, Kept.TAG),  # its key
    Field("classes", int, Role.SPLIT, Kept.TAG),
    Field("pool", int, Role.SPLIT, Kept.TAG),  # examples
    Field("dataset_fingerprint", str, Role.SPLIT, Kept.TAG),
    # "true": a winner, trained again on another subset
    Field("replica", str, Role.SEARCH, Kept.TAG),
    # why it failed
    Field("failure", str, Role.MEASURED, Kept.TAG, heading="failure"),
    # "true": ended by max_steps while it still improved
    Field("budget_bound", str, Role.MEASURED, Kept.TAG),
    Field("pruned", str, Role.MEASURED, Kept.TAG),  # "true": ended early, others were better
    # how many slices its file tells apart (tracking/slices.py); missing where it has none
    Field("slices", int, Role.MEASURED, Kept.TAG),
    # what it is judged by (tracking/measures.py); the first chose step and sample
    Field("measures", str, Role.MEASURED, Kept.TAG),
)

# Losses in nats, errors as fractions in 0–1. A run of other measures has the same of those, in
# the reader's direction: `measured`.
METRICS = (
    Field("best_val_loss", float, Role.MEASURED, Kept.METRIC),  # chose step and sample
    Field("best_val_error", float, Role.MEASURED, Kept.METRIC),
    Field("best_step", int, Role.MEASURED, Kept.METRIC, heading="best step"),
    Field("test_loss", float, Role.MEASURED, Kept.METRIC),
    Field("test_error", float, Role.MEASURED, Kept.METRIC),
    # standard errors over the test examples, in the units of the two above
    Field("test_loss_se", float, Role.MEASURED, Kept.METRIC),
    Field("test_error_se", float, Role.MEASURED, Kept.METRIC),
    # examples in its subset
    Field("n_train", int, Role.IDENTITY, Kept.METRIC, heading="examples"),
    Field("n_parameters", int, Role.MEASURED, Kept.METRIC),
    Field("steps", int, Role.MEASURED, Kept.METRIC),
    Field("seconds", float, Role.MEASURED, Kept.METRIC, heading="seconds"),
)

INFO = (
    Field("run_id", str, Role.IDENTITY, Kept.INFO),
    Field("experiment_id", str, Role.IDENTITY, Kept.INFO),
    Field("name", str, Role.IDENTITY, Kept.INFO, heading="run"),
    Field("status", str, Role.MEASURED, Kept.INFO, heading="status"),
    Field("started", str, Role.MEASURED, Kept.INFO),
)

FIELDS = (*INFO, *SETTINGS, *PLACES, *FOUND, *METRICS)

MEASURES = ("loss", "error")  # of a run whose tag `measures` does not say: nats; a fraction
GRID = ("architecture", "fraction", "sample", "data_seed")  # what a study varies
FINISHED = "FINISHED"
FAILED = "FAILED"
RUNNING = "RUNNING"
KILLED = "KILLED"  # MLflow's states
DIVERGED = "diverged"  # how the failure of a trial begins that would fail again
STUDY = "study"  # tag `role` of a study's own run
PLAN = "plan"  # its tag that says what a study that plans itself does next, and why
# a parameter of a study's trials: how the run ended, written once (orchestration/fence.py)
ENDED = "ended"
SETTINGS_HEADING = (
    "## Settings"  # in a study's description; what the report writes stands above it
)


# --- what is asked of the table --------------------------------------------------------------


def names(
    *roles: Role, kept: Kept | None = None, among: tuple[Field, ...] = FIELDS
) -> list[str]:
    """Names of the fields with one of the roles (none: any) that MLflow keeps there."""
    return [
        one.name
        for one in among
        if (not roles or one.role in roles) and (kept is None or one.kept == kept)
    ]


def asked() -> tuple[Field, ...]:
    """What the command that trains one run offers."""
    return tuple(one for one in (*SETTINGS, *PLACES) if one.asked)


def shared() -> tuple[Field, ...]:
    """What the command that trains a study offers for all of its trials."""
    return tuple(one for one in asked() if one.name not in GRID)


def text_columns() -> list[str]:
    """Columns of a table of runs that stay text."""
    return [one.name for one in FIELDS if one.type is str]


def fair() -> list[str]:
    """What must agree for two runs to be compared: their split and their budget."""
    return [*names(Role.SPLIT), *names(Role.BUDGET)]


def matches_any(name: str) -> tuple[str, ...]:
    """Values of a field that may be compared with all others."""
    return next((one.matches_any for one in FIELDS if one.name == name), ())


def cell() -> list[str]:
    """What names one point of one learning curve."""
    return ["dataset", "architecture", "n_train", "data_seed"]


def search() -> list[str]:
    """What tells apart the trials of a cell, repetitions with another seed aside."""
    return names(Role.SEARCH, Role.BUDGET, among=SETTINGS)


def measured(measure: str) -> dict[str, str]:
    """The metrics of a run by one measure (a name), by what they are of.

    validation: of the step that was chosen.
    test, se: on the test set, and its standard error over the test examples.
    guess: of the best guess, a model that knows nothing; where it is known.
    """
    return {
        "validation": f"best_val_{measure}",
        "test": f"test_{measure}",
        "se": f"test_{measure}_se",
        "guess": f"guess_{measure}",
    }


def history(measure: str) -> tuple[str, str]:
    """What is logged over steps of a measure (a name): of validation, and of training."""
    return f"val_{measure}", f"train_{measure}"


def racing() -> list[str]:
    """What says how the trials of a cell were compared while they trained."""
    return [one.name for one in SETTINGS if one.racing]


def same_trial(but: str = "") -> list[str]:
    """What agrees between two runs of one trial, one seed aside; n stands for the fraction."""
    left_out = {but, "fraction", *racing()}
    return ["n_train", *(one.name for one in SETTINGS if one.name not in left_out)]


def key(settings: Mapping[str, Any]) -> str:
    """A hash of all that decides a run's result: RunSettings and hyperparameters, by name."""
    before = {one.name: one.before for one in SETTINGS if one.before is not None}
    counted = {
        name: value
        for name, value in settings.items()
        if name not in before or value != before[name]
    }
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]


def recorded(params: Mapping[str, str]) -> dict[str, Any]:
    """The settings of a run by its parameters, which MLflow keeps as text.

    A field that came later than the run has the value that the run was trained with.
    """
    settings = {one.name: one.before for one in SETTINGS if one.before is not None}
    for one in SETTINGS:
        if one.name in params:
            settings[one.name] = one.type(params[one.name])
    return settings


def diverged(failure: str | None) -> bool:
    """Whether the loss became NaN or infinite, as it would again in the same trial."""
    return bool(failure) and str(failure).startswith(DIVERGED)
