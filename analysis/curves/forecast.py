"""How far will the loss fall, and how sure is that?"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.curve import Curve, check_confidence, check_positive, read_curve
from analysis.curves.power_law import head_length
from analysis.curves.predictive import Predictive, predict_curve
from analysis.curves.recent import Continued
from analysis.reasons import Finding, FitError, Reason

MISS = 0.15  # a back-test worse than this, relative, cannot carry an answer by itself
FAR = 10.0  # nor can an extrapolation further than this many times the data
# grade of a forecast, by the widest high / low - 1 it spans
WIDTHS = {"good": 0.25, "fair": 0.7}
# relative: a curve that fell less than this, or than three times its scatter, is flat
FLAT = 0.02
FEW = 4  # sizes, below which a curve has no back-test


@dataclass(frozen=True)
class Forecast:
    """Values expected at sizes `at`, with what is needed to judge them.

    at: (sizes,) examples.
    median, low, high: (sizes,) loss in nats or error; the interval holds one new measurement
        at that size with probability `confidence`.
    confidence: as asked for.
    weights: probability of each form given the curve (analysis/curves/forms.py).
    n_min, n_max: the power-law region of the data; a head near the best guess lies before it.
    extrapolation: the largest of `at` over n_max.
    backtest: root mean square miss, in ln value, when the curve is cut and continued, beyond
        what noise explains; nan below FEW points.
    grade: good, fair, poor or cannot say.
    warnings: remarks, each a Finding.
    predictive: the whole distribution.
    """

    at: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    confidence: float
    weights: dict[str, float]
    n_min: float
    n_max: float
    extrapolation: float
    backtest: float
    grade: str
    warnings: tuple[Finding, ...]
    predictive: Predictive

    def at_most(self, most: float) -> "Forecast":
        """The same where no value can exceed `most`, as an error does not exceed 1."""
        return replace(
            self,
            median=np.minimum(self.median, most),
            low=np.minimum(self.low, most),
            high=np.minimum(self.high, most),
        )

    @property
    def grades(self) -> tuple[str, ...]:
        """The grade of each size alone; `grade` is that of the worst."""
        return tuple(
            _forecast_grade(self.predictive, n, high / low - 1)
            for n, low, high in zip(self.at, self.low, self.high)
        )


def forecast(
    n: ArrayLike,
    value: ArrayLike,
    at: ArrayLike,
    *,
    se: ArrayLike | None = None,
    test_se: ArrayLike | None = None,
    best_guess: float | None = None,
    confidence: float = 0.9,
) -> Forecast:
    """Continue a learning curve to the sizes `at`.

    n: (points,) numbers of training examples, in any order; a size may repeat (replicates).
    value: (points,) loss in nats or error as a fraction, positive.
    at: sizes to forecast, a number or (sizes,).
    se: (points,) standard error of each value, nan where unknown.
    test_se: (points,) the same over test examples, which replicates share; nan where unknown.
    best_guess: the value without learning, ln(classes) nats say; None if unknown.
    confidence: of the intervals.

    Raises FitError below 3 distinct sizes or for a wrong value.

    Four forms (power law, with floor, M4 of Alabdulmohsin et al. 2022, one break of Caballero
    et al. 2023) are averaged in ln value by their evidence; the width is calibrated on
    published curves and follows the curve's own back-tests.
    """
    check_confidence(confidence)
    at = check_positive("at", at)
    if not len(at):
        raise FitError("at must hold one size or more, got none")
    curve = read_curve(n, value, se, test_se=test_se, best_guess=best_guess)
    return forecast_curve(curve, head_length(curve), at, confidence)


def forecast_curve(curve: Curve, head: int, at: np.ndarray, confidence: float) -> Forecast:
    """`forecast` of a checked curve; head: how many of its first points are one."""
    found = predict_curve(curve)
    low = found.quantile(at, 0.5 - confidence / 2)
    median = found.quantile(at, 0.5)
    high = found.quantile(at, 0.5 + confidence / 2)
    return Forecast(
        at=at,
        median=median,
        low=low,
        high=high,
        confidence=float(confidence),
        weights=_weights(found),
        n_min=float(curve.n[head]),
        n_max=float(curve.n[-1]),
        extrapolation=float(at.max() / curve.n[-1]),
        backtest=found.backtest.miss,
        grade=_forecast_grade(found, at, high / low - 1),
        warnings=_warnings(found, head, at),
        predictive=found,
    )


def lawless(found: Predictive) -> Finding | None:
    """Why there is nothing to extrapolate: the fitted curve falls by less than its scatter.

    None where it falls.
    """
    first, last = found.middle.moments(found.curve.n[[0, -1]])[0]
    if first - last >= max(FLAT, 3 * found.scatter):
        return None
    if _rises(found.curve):
        return Reason.RISES()
    if first - last >= FLAT:
        return Reason.TOO_MUCH_SCATTER()
    return Reason.FLAT()


def _forecast_grade(found: Predictive, at: ArrayLike, width: ArrayLike) -> str:
    if lawless(found) or np.min(at) < found.curve.n[0]:
        return "cannot say"
    return width_grade(float(np.max(width)))


def width_grade(width: float) -> str:
    """Grade of an interval by its width, high / low - 1."""
    return next((grade for grade, limit in WIDTHS.items() if width <= limit), "poor")


def _rises(curve: Curve) -> bool:
    """Whether a straight line through ln value over ln n rises by more than FLAT.

    And by more than three of its standard errors.
    """
    x = np.log(curve.n / curve.n[0])
    y = np.log(curve.value)
    (slope, _), residuals, *_ = np.polyfit(x, y, 1, full=True)
    error = np.sqrt(residuals.sum() / max(len(x) - 2, 1)) / (x.std() * np.sqrt(len(x)))
    return bool(slope * x[-1] > FLAT and slope > 3 * error)


def _weights(found: Predictive) -> dict[str, float]:
    assert isinstance(found.middle, Continued)  # not yet tabulated
    averaged = found.middle.average
    pairs = zip(averaged.posteriors, averaged.weights)
    return {part.form.name: float(weight) for part, weight in pairs}


def _warnings(found: Predictive, head: int, at: np.ndarray) -> tuple[Finding, ...]:
    curve = found.curve
    notes = []
    if why := lawless(found):
        notes.append(Reason.NOTHING_TO_EXTRAPOLATE(why=why))
    if head:
        notes.append(Reason.HEAD(n=float(curve.n[head - 1])))
    if len(curve) < FEW:
        notes.append(Reason.FEW_SIZES(count=len(curve)))
    if found.backtest.miss > MISS:
        notes.append(Reason.ILL_BACKTEST(miss=float(np.expm1(found.backtest.miss))))
    steps = np.log(curve.value[1:] / curve.value[:-1])
    if (steps > max(0.05, 4 * curve.error.max())).any():
        notes.append(Reason.RISES_BETWEEN_SIZES())
    if at.min() < curve.n[0]:
        notes.append(Reason.BELOW_DATA(least=float(curve.n[0])))
    if at.max() > FAR * curve.n[-1]:
        notes.append(Reason.FAR_EXTRAPOLATION(times=float(at.max() / curve.n[-1])))
    return tuple(notes)
