"""Architectures side by side in sentences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.comparison.compare import Comparison
from analysis.comparison.data_multiplier import TIMES, DataMultiplier
from analysis.comparison.exponents import LEAST_SIZES, Exponents
from analysis.comparison.nested import LEAST_P
from analysis.report.crossover_words import crossover_words, winners_words
from tracking.text import Text


def comparison_words(found: Comparison) -> tuple[Text, ...]:
    """Exponents, winners, the best architecture next to each other one, tuning."""
    said = [exponents_words(found.exponents)]
    best = found.best
    if best is not None and len(found.winners.columns) > 1:
        said.append(winners_words(found))
        others = [name for name in found.winners.columns if name != best]
        said += [switch_words(found, name, best) for name in others]
        said += [
            crossover_words(one) for pair, one in found.crossovers.items() if best in pair
        ]
    said += [tuning_words(found, name) for name in found.tuning]
    return tuple(said)


# --- exponents
# ---------------------------------------------------------------------------------------


def exponents_words(found: Exponents) -> Text:
    """Whether one exponent serves all architectures."""
    if not found.tested:
        return Text(
            "not enough data to test whether all architectures share one exponent: "
            "that takes two with {least} sizes each in the power-law region",
            least=LEAST_SIZES,
        )
    if found.hangs_on_head:
        return Text(
            "whether one exponent serves all hangs on the points near the best guess: {cut} "
            "without them, {whole} with them",
            cut=p_words(found.p_cut),
            whole=p_words(found.p_whole),
        )
    if not found.agree:
        return _difference(found)
    return Text(
        "no evidence against one exponent, b = {b:.2f} [{low:.2f}, {high:.2f}] (p = {p:.2f}); "
        "differences of up to {most:.2f} could have been missed",
        b=found.shared,
        low=found.shared_low,
        high=found.shared_high,
        p=found.p,
        most=found.pairs[["low", "high"]].abs().to_numpy().max(),
    )


def p_words(p: float) -> Text:
    """A p-value, never finer than the resampling that it comes from."""
    return Text("p ≤ {p:.3f}", p=LEAST_P) if p <= LEAST_P else Text("p = {p:.3f}", p=p)


def _difference(found: Exponents) -> Text:
    """The largest of the clear differences between two exponents."""
    clear = found.pairs[found.pairs["differ"]]
    if clear.empty:
        return Text(
            "the exponents are not all equal ({p}), but no pair differs clearly",
            p=p_words(found.p),
        )
    most = clear.loc[clear["difference"].abs().idxmax()]
    values = {"by": abs(most["difference"]), "count": len(clear), "pairs": len(found.pairs)}
    if most["difference"] > 0:
        values |= {"fast": most["first"], "slow": most["second"]}
        values |= {"low": most["low"], "high": most["high"]}
    else:
        values |= {"fast": most["second"], "slow": most["first"]}
        values |= {"low": -most["high"], "high": -most["low"]}
    if len(clear) == 1:
        return Text(
            "{fast} nears its floor faster than {slow}: "
            "b is larger by {by:.2f} [{low:.2f}, {high:.2f}]",
            **values,
        )
    return Text(
        "{fast} nears its floor faster than {slow}: "
        "b is larger by {by:.2f} [{low:.2f}, {high:.2f}]; "
        "it is the largest of {count} clear differences among {pairs} pairs",
        **values,
    )


# --- data multipliers
# ---------------------------------------------------------------------------------------


def switch_words(found: Comparison, a: str, b: str) -> Text:
    """What switching from A to B equals in data."""
    if found.endless(a, b):
        return endless_words([a], b)
    multiplier = found.data_multipliers[a, b]
    if found.constant(a, b):
        return Text(
            "switching from {a} to {b} equals {k} times the data",
            a=a,
            b=b,
            k=multiplier_words(multiplier, 0),
        )
    return Text(
        "switching from {a} to {b} equals this many times the data: "
        "{k} at n = {n:,.0f}, {k2} at {n2:,.0f}, {k5} at {n5:,.0f}",
        a=a,
        b=b,
        **_at_sizes(multiplier),
    )


def endless_words(names: Sequence[str], best: str) -> Text:
    """Which architectures no amount of data takes to where the best one is."""
    return Text("no amount of data tried lets {a} match {b}", a=", ".join(names), b=best)


def tuning_words(found: Comparison, name: str) -> Text:
    """What tuning an architecture equals in data."""
    return Text(
        "tuning {name} equals this many times the data: "
        "{k} at n = {n:,.0f}, {k2} at {n2:,.0f}, {k5} at {n5:,.0f}",
        name=name,
        **_at_sizes(found.tuning[name]),
    )


def _at_sizes(found: DataMultiplier) -> dict[str, Any]:
    """Values of the templates: k, k2, k5 and n, n2, n5."""
    values: dict[str, Any] = {}
    for i, times in enumerate(TIMES):
        key = "" if times == 1 else str(times)
        values[f"k{key}"] = multiplier_words(found, i)
        values[f"n{key}"] = found.n[i]
    return values


def multiplier_words(found: DataMultiplier, i: int) -> Text:
    """k at the i-th size with its interval, as far as the data bound it."""
    low = found.low[i]
    high = found.high[i]
    if found.grade[i] == "cannot say" or (low == 0 and np.isinf(high)):
        return Text("cannot say")
    if np.isinf(low):
        return Text("without limit")
    if found.bound[i] == "least":
        return Text("at least {k}", k=_number(low))
    if found.bound[i] == "most":
        return Text("at most {k}", k=_number(high))
    k = _number(found.median[i])
    if np.isinf(high):
        return Text("{k} [at least {low}]", k=k, low=_number(low))
    return Text("{k} [{low} to {high}]", k=k, low=_number(low), high=_number(high))


def _number(k: float) -> str:
    """Two significant digits."""
    return f"{float(f'{k:.2g}'):,g}"
