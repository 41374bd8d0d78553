"""How far will the loss fall, how sure is that, and how much data reaches a target?"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.fits.curve import FitError, check_confidence, check_positive, read_curve
from analysis.fits.predictive import NEVER, Predictive, predict_curve
from analysis.language import Text
from analysis.powerlaw import head_length

MISS = 0.15  # a back-test worse than this, relative, cannot carry an answer by itself
FAR = 10.0  # nor can an extrapolation further than this many times the data
NARROW = 4.0  # unless high / low of the answer is at most this
WIDTHS = {"good": 0.25, "fair": 0.7}  # grade of a forecast by the widest high / low - 1 it spans
FLAT = 0.02  # relative: a curve that fell less than this, or than three times its scatter, is flat


@dataclass(frozen=True)
class Forecast:
    """Losses expected at sizes `at`, with what is needed to judge them.

    median, low, high: (sizes,) loss; the interval holds one new measurement at that size with `confidence`.
    weights: probability of each form given the curve (forms and sources in analysis/fits/forms.py).
    n_min, n_max: the power-law region of the data (a head near the best guess is modelled, but lies before n_min).
    extrapolation: largest size over n_max. backtest: root mean square miss, in ln loss, when the curve is cut and
    continued; nan below 5 points. grade: good, fair, poor or cannot say. predictive: the whole distribution.
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
    warnings: tuple[str, ...]
    predictive: Predictive

    def at_most(self, most: float) -> "Forecast":
        """The same where no loss can exceed `most`, as an error does not exceed 1."""
        return replace(self, **{name: np.minimum(getattr(self, name), most) for name in ("median", "low", "high")})

    @property
    def grades(self) -> tuple[str, ...]:
        """The grade of each size alone; `grade` is that of the worst."""
        spans = zip(self.at, self.low, self.high)
        return tuple(_forecast_grade(self.predictive, n, high / low - 1) for n, low, high in spans)


@dataclass(frozen=True)
class DataNeeded:
    """Examples needed for one measurement to reach the target loss.

    median, low, high: number of examples (inf where even NEVER times the data may not do; never below the smallest size
    measured, which then means at most that many); p_never: probability that
    it is not reached by NEVER times the data. grade: good, fair, poor or cannot say; reason: why, else "".
    """

    target: float
    median: float
    low: float
    high: float
    p_never: float
    confidence: float
    grade: str
    reason: str

    @property
    def out_of_reach(self) -> bool:
        """Whether even NEVER times the data would not do, beyond the interval's doubt."""
        return self.p_never > 0.5 + self.confidence / 2


def forecast(n, loss, at, *, se=None, confidence=0.9) -> Forecast:
    """Continue a learning curve to the sizes `at`.

    n (points,): numbers of training examples; loss (points,): loss in nats or error as a fraction; both positive, in
    any order; a size may repeat (replicates). at: sizes to forecast, a number or (sizes,). se (points,): standard
    error of each loss, nan where unknown. FitError below 3 distinct sizes or for a wrong value.

    Five forms (power law, with floor, M3 and M4 of Alabdulmohsin et al. 2022, one break of Caballero et al. 2023) are
    averaged in ln loss by their evidence; the width is calibrated on published curves and the own back-test.
    """
    check_confidence(confidence)
    at = check_positive("at", at)
    found = predict_curve(read_curve(n, loss, se))
    low, median, high = (found.quantile(at, q) for q in (0.5 - confidence / 2, 0.5, 0.5 + confidence / 2))
    curve, head = found.curve, head_length(found.curve)
    warnings = _warnings(found, head, at)
    return Forecast(
        at=at, median=median, low=low, high=high, confidence=float(confidence), weights=_weights(found),
        n_min=float(curve.n[head]), n_max=float(curve.n[-1]), extrapolation=float(at.max() / curve.n[-1]),
        backtest=found.backtest.miss, grade=_forecast_grade(found, at, high / low - 1), warnings=warnings,
        predictive=found,
    )  # fmt: skip


def data_needed(n, loss, target, *, se=None, confidence=0.9) -> DataNeeded:
    """Number of examples at which the loss reaches `target`, from the same predictive distribution as `forecast`.

    n, loss, se, confidence as in `forecast`; target: a positive loss, same units. "cannot say", with the reason,
    where the curve shows no law, NEVER times the data would not do, the back-test misses by more than 15 %, or the
    answer lies more than 10 times beyond the data, unless the interval is still narrow enough to act on; at most fair
    where the curve has not foretold its own past that well. FitError as in `forecast`.
    """
    check_confidence(confidence)
    (target,) = check_positive("target", target)[:1]
    return needed_from(predict_curve(read_curve(n, loss, se)), target, confidence)


def needed_from(found: Predictive, target: float, confidence: float) -> DataNeeded:
    """data_needed for a predictive distribution that is known already."""
    sizes, chance = found.reached_by(target)
    chance = np.maximum.accumulate(chance)
    levels, least = (0.5 - confidence / 2, 0.5, 0.5 + confidence / 2), float(found.curve.n[0])
    low, median, high = (max(_first(sizes, chance, q), least) for q in levels)
    reason = _reason(found, low, median, high, confidence, chance[-1])
    grade = "cannot say" if reason else _size_grade(found, low, high)
    return DataNeeded(float(target), median, low, high, float(1 - chance[-1]), float(confidence), grade, reason)


def _first(sizes, chance, q):
    """The size at which the chance of having reached the target is q; inf if it never is."""
    if chance[-1] < q:
        return float("inf")
    at = int(np.argmax(chance >= q))
    if at == 0:
        return float(sizes[0])
    share = (q - chance[at - 1]) / (chance[at] - chance[at - 1])
    return float(sizes[at - 1] * (sizes[at] / sizes[at - 1]) ** share)


def _reason(found, low, median, high, confidence, chance):
    if why := lawless(found):
        return why
    if chance < 0.5 - confidence / 2:
        return Text("even {times:,.0f} times the data would not reach the target", times=NEVER)
    if np.isfinite(high) and high <= NARROW * low:
        return ""
    if np.isinf(median):
        return Text("more likely than not even {times:,.0f} times the data would not reach the target", times=NEVER)
    if found.backtest.miss > MISS:
        miss = np.expm1(found.backtest.miss)
        return Text(
            "the back-test misses by {miss:.0%} (root mean square), more than {allowed:.0%}", miss=miss, allowed=MISS
        )
    if median > FAR * found.curve.n[-1]:
        times = median / found.curve.n[-1]
        far = {"times": times, "allowed": FAR}
        return Text("the answer lies {times:.0f} times beyond the data, more than {allowed:.0f}", **far)
    return ""


def _size_grade(found, low, high):
    if high <= 2 * low and found.backtest.miss <= MISS:  # which is nan where there is none
        return "good"
    return "fair" if high <= 10 * low else "poor"


def _forecast_grade(found, at, width):
    if lawless(found) or np.min(at) < found.curve.n[0]:
        return "cannot say"
    return next((grade for grade, limit in WIDTHS.items() if np.max(width) <= limit), "poor")


def lawless(found: Predictive) -> Text | str:
    """Why there is nothing to extrapolate: the fitted curve falls by less than its scatter; "" where it falls."""
    first, last = found.average.moments(found.curve.n[[0, -1]])[0]
    if first - last >= max(FLAT, 3 * found.scatter):
        return ""
    if _rises(found.curve):
        return Text("the loss rises with more data")
    if first - last >= FLAT:
        return Text("the loss scatters so much about the fitted curve that it shows no law")
    return Text("the curve is flat: more data has not changed the loss beyond its scatter")


def _rises(curve):
    """Whether a straight line through ln loss over ln n rises by more than FLAT and three of its standard errors."""
    x, y = np.log(curve.n / curve.n[0]), np.log(curve.loss)
    (slope, _), residuals, *_ = np.polyfit(x, y, 1, full=True)
    error = np.sqrt(residuals.sum() / max(len(x) - 2, 1)) / (x.std() * np.sqrt(len(x)))
    return slope * x[-1] > FLAT and slope > 3 * error


def _weights(found):
    return {p.form.name: float(w) for p, w in zip(found.average.posteriors, found.average.weights, strict=True)}


def _warnings(found, head, at):
    curve, notes = found.curve, []
    if why := lawless(found):
        notes.append(Text("nothing to extrapolate: {why}", why=why))
    if head:
        notes.append(
            Text("the sizes up to n = {n:,.0f} lie before the power law, where the curve bends", n=curve.n[head - 1])
        )
    if len(curve) < 5:
        notes.append(
            Text("only {count} sizes: the width of the intervals rests on published curves alone", count=len(curve))
        )
    if found.backtest.miss > MISS:
        notes.append(
            Text(
                "ill-behaved: the back-test misses by {miss:.0%} (root mean square)", miss=np.expm1(found.backtest.miss)
            )
        )
    if (np.log(curve.loss[1:] / curve.loss[:-1]) > max(0.05, 4 * curve.error.max())).any():
        notes.append(Text("ill-behaved: the loss rises between sizes by more than its error"))
    if at.min() < curve.n[0]:
        least = curve.n[0]
        notes.append(Text("nothing is known below the smallest size measured, {least:,.0f}", least=least))
    if at.max() > FAR * curve.n[-1]:
        notes.append(Text("the largest size lies {times:.0f} times beyond the data", times=at.max() / curve.n[-1]))
    return tuple(notes)


__all__ = ["DataNeeded", "FitError", "Forecast", "data_needed", "forecast"]
