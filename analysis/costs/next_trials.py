"""What to run next: the trials that narrow the asked quantity most per hour of compute (preposterior analysis)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.costs.extension import Extendable, Trials, read_extendable
from analysis.fits.curve import check_confidence, check_positive, read_curve
from analysis.fits.predictive import FREEDOM, NEVER, Predictive, predict_curve
from analysis.language import Text

AHEAD = (2, 5, 10)  # times the data: where the loss is asked for if there is no target
OUTCOMES = (1 / 2, 1 / 6, 5 / 6)  # quantiles of a measurement that stand for all of its outcomes
LEAST = 0.02  # a narrowing below this share is within the error of its estimate
LARGER = (2, 8)  # times the largest size, if the pool has them; no back-test bridges a wider gap
GAP = 2.5  # neighbouring sizes further apart than this factor leave a gap
FEW = 5  # sizes, below which a curve cannot test itself: any new size fills a gap
COLUMNS = ["what", "before", "after", "narrowing", "runs", "hours", "per_hour", "command"]


@dataclass(frozen=True)
class NextTrials:
    """Sets of trials that would extend a study, best first.

    table: what (Text); before, after: ln(high / low) of the asked quantity's interval now and as expected with the
    trials; narrowing = 1 - after / before; runs: how many trials; hours of one worker; per_hour = narrowing / hours;
    command, which launches exactly these trials. Sets that narrow by less than LEAST come last. command: of the best
    set, "" where none helps. reason: why nothing can be said, or nothing is left to run, else "".
    """

    architecture: str
    quantity: str
    table: pd.DataFrame
    command: str
    reason: str
    words: Text


@dataclass(frozen=True)
class Candidate:
    """Trials that might be added at `sizes` (examples).

    longer: a longer search at sizes that are measured, of which the better result counts, instead of one more point
    for each size and data seed.
    """

    what: Text
    sizes: np.ndarray
    trials: Trials
    longer: bool = False


def next_trials(
    runs: pd.DataFrame, study: str, *, architecture=None, target=None, metric="loss", confidence=0.9
) -> NextTrials:
    """Which trials to add to a study, by how much they are expected to narrow an interval per hour.

    runs: load_runs(study); architecture: whose curve, by default the one with the smallest loss; target: a loss (or
    error, as `metric` says) to reach. The quantity is ln n(target), up to NEVER times the data, or without a target
    ln loss, the mean over AHEAD times the data. Candidates: larger sizes, another data seed at the largest size and
    at all of them, twice the samples where the search was too short, a size in the widest gap.

    Preposterior analysis (Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, chapter 4): outcomes of a
    candidate are drawn from the predictive distribution, the curve is refitted with each, and the widths of the
    intervals are averaged. FitError for a wrong value, an unknown architecture or a study without finished runs.
    """
    check_confidence(confidence)
    if target is not None:
        (target,) = check_positive("target", target)[:1]
    found, quantity = read_extendable(runs, study, architecture, metric), _quantity(metric, target)
    if len(found.fractions) < 3:
        return _more_sizes(found, quantity)
    now = predict_curve(read_curve(found.n, found.loss))
    width = _width_of(now, target, confidence)
    before, rows = width(now), []
    for candidate in _candidates(found):
        if not (count := len(found.missing(candidate.trials))):
            continue
        after = _expected(lambda k, add=candidate: width(_refitted(found, now, add, k)), before)
        narrowing = 1 - after / before if before else 0.0
        hours, command = found.hours(candidate.trials), found.command(candidate.trials)
        rows.append((candidate.what, before, after, narrowing, count, hours, narrowing / hours, command))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["helps"] = table["narrowing"] >= LEAST
    table = table.sort_values(["helps", "per_hour"], ascending=False, ignore_index=True)
    if not table["helps"].any():
        reason = Text("no further trial on this pool is expected to narrow {quantity} by {least:.0%}",
                      quantity=quantity, least=LEAST)  # fmt: skip
        words = Text("nothing left to run: {reason}; only more data would", reason=reason)
        return NextTrials(found.architecture, quantity, table[COLUMNS], "", reason, words)
    best = table.iloc[0]
    words = Text(
        "next: {what}; high / low of {quantity} is expected to fall from {before} to {after} in {hours:.2g} hours of "
        "one worker",
        what=best["what"], quantity=quantity, before=_ratio(best["before"]), after=_ratio(best["after"]),
        hours=best["hours"],
    )  # fmt: skip
    return NextTrials(found.architecture, quantity, table[COLUMNS], best["command"], "", words)


# --- what could be run -----------------------------------------------------------------------------------


def _candidates(found: Extendable):
    """What one more launch could bring. At the whole pool another data seed takes the same images in another order,
    which tells the noise of training alone."""
    sizes, seeds, most = np.unique(found.n).astype(int), found.data_seeds, found.samples
    fractions = tuple(found.fractions[n] for n in sizes)
    larger = dict.fromkeys(min(times * fractions[-1], 1.0) for times in LARGER)
    for fraction in larger:
        n = round(fraction * found.pool)
        if n > sizes[-1]:
            yield Candidate(Text("a larger size, {n:,} examples", n=n), np.array([n]), Trials((fraction,), seeds, most))
    new = min({*range(len(seeds) + 1)} - {*seeds})
    what = Text("another data seed at the largest size, {n:,} examples", n=int(sizes[-1]))
    yield Candidate(what, sizes[-1:], Trials(fractions[-1:], (new,), most))
    new = max(int(seed) for _, seed, _ in found.known) + 1
    what = Text("another data seed at all {count} sizes", count=len(sizes))
    yield Candidate(what, sizes, Trials(fractions, (new,), most))
    if found.falling:
        what = Text("{samples} samples instead of {before} at all {count} sizes",
                    samples=2 * most, before=most, count=len(sizes))  # fmt: skip
        yield Candidate(what, sizes, Trials(fractions, seeds, 2 * most), longer=True)
    at = int((sizes[1:] / sizes[:-1]).argmax())
    low, high = int(sizes[at]), int(sizes[at + 1])
    fraction = float(f"{np.sqrt(low * high) / found.pool:.3g}")
    n = round(fraction * found.pool)
    if (high / low > GAP or len(sizes) < FEW) and low < n < high:
        what = Text("a size in the gap between {low:,} and {high:,}, {n:,} examples", low=low, high=high, n=n)
        yield Candidate(what, np.array([n]), Trials((fraction,), seeds, most))


def _more_sizes(found, quantity):
    """No law can be fitted: the sizes that are missing for one, larger ones first."""
    known, new = list(found.fractions.values()), []
    while len(known) + len(new) < 3:
        every = known + new
        new.append(2 * max(every) if 2 * max(every) <= 1 else min(every) / 2)
    reason = Text("measure at least 3 sizes; {architecture} has {count}",
                  architecture=found.architecture, count=len(known))  # fmt: skip
    command = found.command(Trials(tuple(new), found.data_seeds, found.samples))
    return NextTrials(found.architecture, quantity, pd.DataFrame(columns=COLUMNS), command, reason, reason)


# --- what it would bring -----------------------------------------------------------------------------------


def _expected(width, before):
    """Mean of width(0), width(1), ... over the outcomes; the middle one, if that already hardly changes it."""
    first = width(0)
    if abs(first - before) < LEAST * before:
        return first
    return float(np.mean([first, *map(width, range(1, len(OUTCOMES)))]))


def _refitted(found, now: Predictive, candidate, outcome) -> Predictive:
    """The predictive distribution after one outcome of the candidate (0 .. len(OUTCOMES) - 1).

    A measurement is the predicted loss with its uncertainty and the scatter of one run on top. A longer search is
    taken for a second one of the same length: the better of the two counts.
    """
    sizes, count = candidate.sizes.astype(float), len(candidate.trials.data_seeds)
    mean, unknown = now.moments(sizes, measured=False)
    scatter = now.scatter_of_one
    chance = np.array(OUTCOMES)[(outcome + np.arange(len(sizes))) % len(OUTCOMES)]
    middle = mean + student.ppf(chance, FREEDOM) * np.hypot(unknown, scatter / np.sqrt(count))
    if candidate.longer:
        fresh = np.exp(middle)[np.searchsorted(sizes, found.n)]
        return predict_curve(read_curve(found.n, np.minimum(found.loss, fresh)))
    apart = np.linspace(-1, 1, count) / np.std(np.linspace(-1, 1, count), ddof=1) if count > 1 else np.zeros(1)
    new = np.exp(middle[:, None] + scatter * apart)
    return predict_curve(read_curve(np.append(found.n, np.repeat(sizes, count)), np.append(found.loss, new)))


def _width_of(now: Predictive, target, confidence):
    """The function predictive -> ln(high / low) of the asked quantity, at the same sizes before and after."""
    low, high = 0.5 - confidence / 2, 0.5 + confidence / 2
    last = now.curve.n[-1]
    if target is None:
        at = last * np.array(AHEAD)
        return lambda told: float(np.log(told.quantile(at, high) / told.quantile(at, low)).mean())
    sizes = np.geomspace(now.curve.n[0], last * NEVER, 150)

    def width(told):
        chance = np.maximum.accumulate(told.reached(sizes, target))
        return float(np.interp(high, chance, np.log(sizes)) - np.interp(low, chance, np.log(sizes)))

    return width


def _ratio(width):
    """high / low as text: three digits, or whole."""
    ratio = np.exp(width)
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _quantity(metric, target):
    if target is None:
        first, *_, last = AHEAD
        return Text("the {metric} at {first} to {last} times the data", metric=metric, first=first, last=last)
    return Text("the examples needed for {metric} {target:.4g}", metric=metric, target=target)
