"""What a model is judged by: the name, unit, direction and best value of each measure.

A learning curve is fitted to what falls to 0: the gap to the best value. Of a loss that is the
value itself, of a score 1 - score. The analysis knows gaps alone; whatever a person reads or
asks for is turned back. `gap` and `shown` are the only two places where that happens.

A measure is passed on as its text: "loss", or "dice:score" of somebody's own.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import pandas as pd

from tracking.errors import InputError
from tracking.text import Text, Verbatim

LARGEST = 1e15  # value to reach
SCORE = "score"  # behind the name of somebody's own measure: higher is better, 1 is best
SHARE = "share"  # the same: a fraction, shown in per cent

Values = TypeVar("Values", float, np.ndarray, pd.Series)


@dataclass(frozen=True)
class Measure:
    """One measure of how well a model does.

    name: as in `test_<name>` and `best_val_<name>` of a run, or a column of a CSV.
    unit: said with its name; "" for none.
    is_score: higher is better and 1 is best; otherwise lower is better.
    is_share: a fraction in 0–1, shown in per cent.
    best: no value is better.
    most: the largest gap there is.
    label: as a reader sees it; "" for the name.
    power: the gap to this power is a mean over examples; 0 where no power is.
    """

    name: str
    unit: str = ""
    is_score: bool = False
    is_share: bool = False
    best: float = 0.0
    most: float = math.inf
    label: str = ""
    power: float = 1.0

    @property
    def text(self) -> str:
        """What find_measure finds it by."""
        if self.name in KNOWN:
            return self.name
        kinds = [SCORE] * self.is_score + [SHARE] * self.is_share
        return ":".join([self.name, *kinds, *filter(None, [self.unit])])

    @property
    def said(self) -> str:
        """As a reader sees it: to be translated where it is a word, else the name itself."""
        return self.label or Verbatim(self.name)

    def gap(self, value: Values) -> Values:
        """What the law is fitted to: the value, or 1 - value of a score."""
        return self.best - value if self.is_score else value

    def shown(self, gap: Values) -> Values:
        """What the reader sees: `gap` undone; never better than the best."""
        if self.is_score:
            return self.best - gap
        return np.maximum(gap, self.best) if self.best else gap

    @property
    def allowed(self) -> str:
        """Which values there are, in words."""
        if self.is_score:
            return f"up to {self.best:g}" if math.isinf(self.most) else "0 to 1"
        return f"{self.best:g} or more" if math.isinf(self.most) else "0 to 1"


def _score(
    name: str, label: Text, is_share: bool = False, most: float = 1.0, power: float = 0.0
) -> Measure:
    return Measure(name, "", True, is_share, best=1.0, most=most, label=label, power=power)


KNOWN = {
    one.name: one
    for one in (
        Measure("loss", unit="nats", label=Text("loss")),
        Measure("error", is_share=True, most=1.0, label=Text("error")),
        _score("accuracy", Text("accuracy"), is_share=True, power=1.0),
        _score("auc", Text("AUC")),
        _score("f1", Text("F1")),
        Measure("rmse", label=Text("RMSE"), power=2.0),
        Measure("mae", label=Text("MAE")),
        _score("r2", Text("R²"), most=math.inf),
        Measure("perplexity", best=1.0, label=Text("perplexity"), power=0.0),
    )
}


@cache
def find_measure(text: str) -> Measure:
    """A known measure, or somebody's own: lower is better, unless it is `name:score`.

    Behind the name may stand, each after a colon: score, share (shown in per cent) and a unit.
    """
    name, *kinds = text.strip().split(":")
    if name in KNOWN:
        return KNOWN[name]
    is_score = SCORE in kinds
    units = [kind for kind in kinds if kind not in (SCORE, SHARE)]
    return Measure(
        name,
        unit=units[0] if units else "",
        is_score=is_score,
        is_share=SHARE in kinds,
        best=1.0 if is_score else 0.0,
    )


def as_text(measures: Iterable[Measure]) -> str:
    """As a run's tag `measures` holds them, the one that chooses first."""
    return ",".join(one.text for one in measures)


def from_text(text: str) -> tuple[Measure, ...]:
    """What as_text wrote."""
    return tuple(find_measure(name) for name in text.split(",") if name.strip())


def check_value(measure: Measure, value: float, whose: str) -> None:
    """Raises InputError for a value that the measure cannot have."""
    gap = measure.gap(value)
    least = 0.0 if measure.is_score else measure.best
    if not least <= gap <= measure.most:
        raise InputError(f"{whose}: {measure.name} is {value:g}; allowed: {measure.allowed}")


def read_target(text: str, measure: Measure) -> float:
    """A value to reach, as somebody wrote it ("0.93", "93%"), as a gap.

    Raises InputError for what no model can reach or every model has.
    """
    written = text.strip()
    try:
        value = float(written.removesuffix("%"))
    except ValueError:
        raise InputError(f"target '{text}' is no number") from None
    return target_gap(value / 100 if written.endswith("%") else value, measure)


def target_gap(value: float, measure: Measure) -> float:
    """A value to reach as a gap. Raises InputError where it cannot be meant."""
    gap = measure.gap(value)
    least = 0.0 if measure.is_score else measure.best
    if not least < gap <= min(measure.most, LARGEST):
        raise InputError(
            f"target {value:g} is no {measure.name}; allowed: {_targets(measure)}"
        )
    return gap


def _targets(measure: Measure) -> str:
    if measure.is_score:
        low = "" if math.isinf(measure.most) else "0 or more, "
        return f"{low}below {measure.best:g}"
    return f"above {measure.best:g}, up to {min(measure.most, LARGEST):g}"
