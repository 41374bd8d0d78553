"""Numbers that are not what their heading says, as it seems; somebody has to say."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from tracking.measures import KNOWN, find_measure
from tracking.tables.headings import N
from tracking.tables.reading import COLUMNS, Answer, Asked
from tracking.tables.scaled import Scaled
from tracking.text import Text, Verbatim

LARGEST_LOG = 100.0  # no logarithm of a number of examples is above
MOST_SHOTS = 60.0  # consecutive sizes up to here may be logarithms to the base 2
RISES = 0.6  # rank correlation of a measure with n, from which on it has the wrong direction
LEAST_RISE = 1.01  # times the first; less is a flat curve
LEAST_SIZES = 3


def check_sizes(n: pd.Series, scaled: Scaled) -> None:
    """Raises Asked where n may be a logarithm or a share; `1*n` says that it is not.

    n: as written, NaN for what is no number.
    """
    sizes = np.unique(n.dropna().to_numpy())
    if scaled.sign or not len(sizes):
        return
    kinds = {
        Text("fractions"): _is_fraction,
        Text("percentages"): _is_percentage,
        Text("logarithms"): _is_logarithm,
    }
    for kind, is_kind in kinds.items():
        if is_kind(sizes):
            question = Text(
                "column {column} goes from {low:g} to {high:g}, as {kind} do, and n is a "
                "number of examples",
                column=Verbatim(scaled.column),
                low=float(sizes[0]),
                high=float(sizes[-1]),
                kind=kind,
            )
            raise Asked(N, question, _sizes(scaled.column, is_kind))


def _is_fraction(sizes: np.ndarray) -> bool:
    return bool(len(sizes) >= LEAST_SIZES and sizes[0] > 0 and sizes[-1] <= 1)


def _is_percentage(sizes: np.ndarray) -> bool:
    """1, 5, 10, … 100."""
    return bool(sizes[-1] == 100 and len(sizes) >= LEAST_SIZES)


def _is_logarithm(sizes: np.ndarray) -> bool:
    """3.3, 3.6, 3.9, or 10, 11, 12; few numbers of examples are so."""
    if len(sizes) < LEAST_SIZES or sizes[0] <= 0:
        return False
    if sizes[-1] < LARGEST_LOG and (sizes % 1 != 0).any():
        return True
    even = len(np.unique(np.diff(sizes))) == 1
    return bool(even and sizes[1] - sizes[0] <= 2 and 3 <= sizes[0] < sizes[-1] <= MOST_SHOTS)


def _sizes(column: str, kind: Callable[[np.ndarray], bool]) -> list[Answer]:
    """What n may be, the likeliest first."""
    logarithms = [
        Answer(
            Text("logarithms to the base {base}", base=base), COLUMNS, N, f"{base}^{column}"
        )
        for base in ("10", "2", "e")
    ]
    whole = 1 if kind is _is_fraction else 100
    shares = [
        Answer(
            Text("shares of {pool:,} examples", pool=pool),
            COLUMNS,
            N,
            f"{pool // whole}*{column}",
        )
        for pool in (50_000, 10_000, 60_000, 100_000, 1_000_000)
    ]
    examples = Answer(Text("numbers of examples"), COLUMNS, N, f"1*{column}")
    if kind is _is_fraction:
        return shares
    if kind is _is_logarithm:
        return [logarithms[0], examples, *logarithms[1:], *shares]
    return [shares[0], examples, *shares[1:], *logarithms]


def check_direction(
    curve: pd.Series, n: pd.Series, value: pd.Series, text: str, scaled: Scaled
) -> None:
    """Raises Asked where a measure gets worse with n, as a score called an error does.

    `1*error` says that it is what it is called.

    value: (rows,) as written; curve, n: the same rows.
    """
    measure = find_measure(text)
    if scaled.sign or not _gets_worse(curve, n, measure.gap(value)):
        return
    question = Text(
        "{measure} gets worse as n grows, from {first:.3g} to {last:.3g}",
        measure=measure.said,
        first=float(value[n.idxmin()]),
        last=float(value[n.idxmax()]),
    )
    others = ("error", "loss") if measure.is_score else ("accuracy", "auc", "f1", "r2")
    column = scaled.column
    meant = [
        Answer(
            Text("{column} is {measure}", column=Verbatim(column), measure=KNOWN[one].said),
            COLUMNS,
            one,
            column,
            instead_of=(text,),
        )
        for one in others
    ]
    as_it_is = Answer(
        Text("it is {measure}, and does get worse", measure=measure.said),
        COLUMNS,
        text,
        f"1*{column}",
    )
    raise Asked(f"direction {text}", question, [meant[0], as_it_is, *meant[1:]])


def _gets_worse(curve: pd.Series, n: pd.Series, gap: pd.Series) -> bool:
    """Whether most curves rise: that of one model that learns nothing may."""
    rises = []
    for _, rows in pd.DataFrame({"n": n, "gap": gap}).groupby(curve):
        means = rows.groupby("n")["gap"].mean()
        if len(means) >= LEAST_SIZES and means.nunique() > 1:
            correlation = means.rank().corr(means.index.to_series().rank())
            higher = means.iloc[-1] > LEAST_RISE * means.iloc[0]
            rises.append(correlation >= RISES and higher)
    return bool(rises) and 2 * sum(rises) > len(rises)
