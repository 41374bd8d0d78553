"""Which examples to collect: how many of each slice, and whether it matters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.curves.curve import check_confidence
from analysis.decision.slice_curves import SliceCurves

LEAST = 1e-3  # a share of the purchase; less is none


@dataclass(frozen=True, eq=False)
class Purchase:
    """A number of examples, divided among the slices.

    more: (S,) examples of each to buy.
    value, low, high: mean value over the test set thereafter, its median and interval.
    """

    more: np.ndarray
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class SliceAdvice:
    """How to divide a purchase among the slices.

    curves: of the slices, today's values among them.
    budget: examples to buy.
    advised: the split with the smallest expected value.
    present: by the shares that the slices have today.
    equal: as many of each.
    over: which of those two is the better, present or equal; the advice is compared with it.
    probability: that the advised split is better than that.
    gain, gain_low, gain_high: by how much, its median and interval; below 0 it is worse.
    confidence: of the intervals.
    """

    curves: SliceCurves
    budget: int
    advised: Purchase
    present: Purchase
    equal: Purchase
    over: str
    probability: float
    gain: float
    gain_low: float
    gain_high: float
    confidence: float

    @property
    def other(self) -> Purchase:
        """The split that the advice is compared with."""
        return self.equal if self.over == "equal" else self.present

    @property
    def matters(self) -> bool:
        """Whether the advised split is better by more than noise."""
        return self.gain_low > 0

    def table(self, target: float) -> pd.DataFrame:
        """One row per slice, that furthest above the target first.

        Columns slice, now (examples), tests, value, low, high (today), missed (the probability
        that it is above the target today), advised, present and equal (examples to buy).
        """
        found = self.curves
        today = found.values(np.zeros(len(found.names)))
        levels = [0.5, (1 - self.confidence) / 2, (1 + self.confidence) / 2]
        value, low, high = np.quantile(today, levels, axis=0)
        table = pd.DataFrame(
            {
                "slice": found.names,
                "now": found.now,
                "tests": found.tests,
                "value": value,
                "low": low,
                "high": high,
                "missed": (today > target).mean(0),
                "advised": self.advised.more,
                "present": self.present.more,
                "equal": self.equal.more,
            }
        )
        return table.sort_values("value", ascending=False, ignore_index=True)


def advise_slices(
    curves: SliceCurves,
    budget: int,
    confidence: float = 0.9,
    forecast: np.ndarray | None = None,
) -> SliceAdvice:
    """How to divide a purchase of `budget` examples.

    forecast: draws of what today's shares bring, from the curve of the whole, which knows of
        floors; the slices then say how much better or worse each split is. None: they say all.
    Raises FitError for a wrong confidence, ValueError for a budget below 1.
    """
    check_confidence(confidence)
    if budget < 1:
        raise ValueError(f"budget must be 1 example or more, got {budget}")
    shares = {
        "advised": _best_shares(curves, budget),
        "present": curves.now / curves.now.sum(),
        "equal": np.full(len(curves.names), 1 / len(curves.names)),
    }
    more = {name: budget * share for name, share in shares.items()}
    means = {name: curves.means(split) for name, split in more.items()}
    if forecast is not None:
        present = np.random.default_rng(0).choice(forecast, len(means["present"]))
        means = {name: present * one / means["present"] for name, one in means.items()}
    levels = [0.5, (1 - confidence) / 2, (1 + confidence) / 2]
    splits = {
        name: Purchase(more[name], *np.quantile(means[name], levels).tolist()) for name in more
    }
    over = min(("present", "equal"), key=lambda name: float(means[name].mean()))
    gains = means[over] - means["advised"]
    gain, low, high = np.quantile(gains, levels).tolist()
    probability = float((gains > 0).mean())
    return SliceAdvice(
        curves=curves,
        budget=budget,
        **splits,
        over=over,
        probability=probability,
        gain=gain,
        gain_low=low,
        gain_high=high,
        confidence=confidence,
    )


def _best_shares(curves: SliceCurves, budget: int) -> np.ndarray:
    """(S,) shares of the purchase with the smallest value of the middle curves.

    The value is a convex function of the shares, what they cost aside.
    """
    from scipy.optimize import minimize  # a fifth of a second

    middle = curves.middle
    start = curves.now / curves.now.sum()
    today = float(middle.means(np.zeros_like(start))[0])
    found = minimize(
        lambda shares: float(middle.means(budget * shares)[0]) / today,
        start,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(start),
        constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
        options={"ftol": 1e-10, "maxiter": 200},
    )
    shares = np.clip(found.x, 0.0, 1.0)
    shares[shares < LEAST] = 0.0
    return shares / shares.sum()
