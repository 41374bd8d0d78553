"""What `answer` may be told: its command line, and what is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiments.orchestration.options import OWN, SHARED, StudyOptions, entry, read_options
from tracking.command import Option, Parser, number, options_of
from tracking.errors import InputError

DESCRIPTION = (
    "Train what answers a question soonest, step by step, and stop when it is answered."
)
QUESTIONS = ("double", "target")
GRADES = ("good", "fair")
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

    question: str = entry("", "double: what does twice the data bring (default); or target")
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
    if asked.target_value and asked.question == "double":
        raise InputError("question 'double' and a target are both given; allowed: one of them")
    if not asked.question:
        asked = replace(asked, question="target" if asked.target_value else "double")
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
