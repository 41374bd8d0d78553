"""A question to be answered by training, and what there is to answer it with."""

import math
from dataclasses import dataclass
from enum import StrEnum, auto

from analysis.curves.data_needed import DataNeeded
from analysis.curves.predictive import Predictive
from analysis.diagnostics.evidence import GRADES, Sureness
from analysis.diagnostics.examples import Leak
from analysis.planning.study_so_far import StudySoFar
from analysis.reasons import Finding

REPLICAS = (3, 6, 10)  # subsets that a winner is trained on, one step after the other


class Kind(StrEnum):
    """What a step brings."""

    FIRST_SIZES = auto()
    LARGER_SIZE = auto()
    REPLICAS = auto()
    LONGER_SEARCH = auto()


@dataclass(frozen=True)
class Goal:
    """What is asked.

    measure: its text.
    n: examples; the value there is asked for, and the learners are compared there.
    target: a value to reach, as a gap; None where the value at n is asked for.
    grade: that the answer is to have: good or fair.
    confidence: of its interval.
    leak: of the test set, or None.
    """

    measure: str
    n: float
    target: float | None = None
    grade: str = "fair"
    confidence: float = 0.9
    leak: Leak | None = None

    @property
    def within_reach(self) -> str:
        """The grade, or the best that a leak leaves: no trial makes up for one."""
        if self.leak is None:
            return self.grade
        return max(self.grade, self.leak.at_best, key=GRADES.index)


@dataclass(frozen=True)
class Means:
    """What there is to answer it with.

    learners: names.
    fractions: of the pool that may be trained on, rising.
    samples, most_samples: draws of the search, at first and at most.
    most_replicas: subsets that a winner may be trained on.
    hours: of one worker, that may still be spent.
    trials: that may still be run.
    """

    learners: tuple[str, ...]
    fractions: tuple[float, ...]
    samples: int = 2
    most_samples: int = 32
    most_replicas: int = max(REPLICAS)
    hours: float = math.inf
    trials: float = math.inf


@dataclass(frozen=True)
class Move:
    """Trials to run next.

    kind: what they bring.
    learners: names.
    fractions: of the pool; those that are trained already cost nothing.
    samples: draws of the search.
    replicas: subsets that the winners are trained on.
    trials: how many are missing, about.
    hours: of one worker.
    narrowing: expected share by which the interval narrows; nan where it was not asked.
    """

    kind: Kind
    learners: tuple[str, ...]
    fractions: tuple[float, ...]
    samples: int
    replicas: int = 1
    trials: int = 0
    hours: float = 0.0
    narrowing: float = math.nan


@dataclass(frozen=True)
class Answered:
    """The answer so far.

    learner: that is likely to be best at the goal's n.
    chance: that it is.
    n_now: the largest size it was trained on.
    value, low, high: median and interval of what one training at the goal's n measures.
    needed: examples that reach the target; None without one.
    sure: how sure the answer is.
    """

    learner: str
    chance: float
    n_now: float
    value: float
    low: float
    high: float
    needed: DataNeeded | None
    sure: Sureness


@dataclass(frozen=True)
class Advice:
    """What to do next.

    answer: so far; None where no law can be fitted yet.
    dropped: learner -> chance that it is best, of those that are not trained on.
    move: the next trials; None to stop.
    reason: why to stop; None with a move.
    """

    answer: Answered | None
    dropped: dict[str, float]
    move: Move | None
    reason: Finding | None = None


@dataclass(frozen=True)
class Contender:
    """A learner with what its runs tell."""

    found: StudySoFar
    now: Predictive

    @property
    def name(self) -> str:
        """Of the learner."""
        return self.found.architecture
