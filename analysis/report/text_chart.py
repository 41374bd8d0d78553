"""One learning curve drawn in characters, for a terminal.

50% ┤●
    │     ●·
20% ┤        ··●··┊··░░░
    │             ┊░░░◆··
    └┬────┬────┬────┬────
    100  200  400  800  examples
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

HEIGHT = 14  # lines of the plot alone
LEAST_WIDTH = 20  # columns of the plot
WIDE = 6.0  # times its smallest value: a curve that spans more has a logarithmic axis
NICE = np.array([1.0, 2.0, 5.0])
CLOSE = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0])  # where NICE gives too few ticks
FEW = 4  # ticks of a logarithmic axis at least
STEPS = 5  # about so many of an even one
SPACE = 3  # columns between two sizes
BAND, LINE, TODAY, POINT, ANSWER = "░·┊●◆"
PLAIN = str.maketrans("░·┊●◆┤│└┬─", "-.:o#||+++")  # where these cannot be printed

Label = Callable[[float], str]


@dataclass(frozen=True)
class Drawn:
    """What is drawn; values are gaps (tracking/measures.py).

    points: (n, value) of what was measured, each (points,).
    line: (n, value) of the law, and beyond the data of what is expected, each (line,).
    band: (n, low, high) of the interval beyond the data, each (band,).
    today: examples at hand.
    answer: (n, value) that the answer is about; None for none.
    rising: whether up is the smaller gap, as of a score.
    """

    points: tuple[np.ndarray, np.ndarray]
    line: tuple[np.ndarray, np.ndarray]
    band: tuple[np.ndarray, np.ndarray, np.ndarray]
    today: float
    answer: tuple[float, float] | None = None
    rising: bool = False


@dataclass(frozen=True)
class Scale:
    """The cells of an axis, 0 … cells - 1, from `first` to `last`; either may be larger."""

    first: float
    last: float
    cells: int
    logarithmic: bool

    def cell(self, value: float) -> int:
        """Where a value lies; beyond the ends, at the nearer one."""
        first, last, here = self.first, self.last, value
        if self.logarithmic:
            first, last, here = np.log([first, last, value])
        share = np.clip((here - first) / (last - first), 0.0, 1.0)
        return round(float(share) * (self.cells - 1))

    def ticks(self) -> list[float]:
        """Round values between the ends."""
        low, high = sorted((self.first, self.last))
        if self.logarithmic:
            powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
            found = [
                _inside(np.outer(powers, one).ravel(), low, high) for one in (NICE, CLOSE)
            ]
            return found[0] if len(found[0]) >= FEW else found[1]
        step = _nice((high - low) / STEPS)
        return _inside(step * np.arange(np.ceil(low / step), high / step + 1), low, high)


def _inside(values: np.ndarray, low: float, high: float) -> list[float]:
    return [float(one) for one in values.ravel() if low <= one <= high]


def _nice(step: float) -> float:
    """The next round number from a step on."""
    power = 10.0 ** np.floor(np.log10(step))
    candidates = power * np.append(NICE, 10.0)
    return float(candidates[np.searchsorted(candidates, 0.999 * step)])


def text_chart(
    drawn: Drawn, title: str, unit: str, value_label: Label, size_label: Label, width: int
) -> list[str]:
    """The lines of the chart.

    title: of the axis of values; that of the sizes is `unit`.
    value_label, size_label: a gap, or a number of examples, as text.
    width: characters of a line.
    """
    rows = _rows(drawn)
    named = {rows.cell(tick): value_label(tick) for tick in rows.ticks()}
    margin = max(map(len, named.values()), default=0)
    farthest = max(drawn.line[0].max(), drawn.today)
    cells = max(width - margin - 3 - len(unit), LEAST_WIDTH)
    columns = Scale(float(drawn.points[0].min()), float(farthest), cells, True)
    canvas = _canvas(drawn, columns, rows)
    lines = [title]
    for row in reversed(range(HEIGHT)):
        edge = "┤" if row in named else "│"
        lines.append(f"{named.get(row, ''):>{margin}} {edge}{''.join(canvas[row])}".rstrip())
    axis, sizes = _sizes(drawn, columns, margin, size_label)
    return [*lines, f"{axis} {unit}", sizes]


def _rows(drawn: Drawn) -> Scale:
    values = np.concatenate([drawn.points[1], drawn.line[1], *drawn.band[1:]])
    known = values[np.isfinite(values) & (values > 0)]
    low = float(known.min())
    high = float(known.max())
    if low == high:
        low, high = 0.9 * low, 1.1 * high
    ends = (high, low) if drawn.rising else (low, high)
    return Scale(*ends, HEIGHT, high > WIDE * low)


def _canvas(drawn: Drawn, columns: Scale, rows: Scale) -> list[list[str]]:
    """Rows of characters from the lowest to the highest; what comes later covers."""
    canvas = [[" "] * columns.cells for _ in range(HEIGHT)]
    for n, low, high in zip(*drawn.band):
        ends = sorted((rows.cell(low), rows.cell(high)))
        for row in range(ends[0], ends[1] + 1):
            canvas[row][columns.cell(n)] = BAND
    for row in range(HEIGHT):
        canvas[row][columns.cell(drawn.today)] = TODAY
    marked = [*((LINE, *one) for one in zip(*drawn.line))]
    marked += [(POINT, *one) for one in zip(*drawn.points)]
    if drawn.answer is not None:
        marked.append((ANSWER, *drawn.answer))
    for mark, n, value in marked:
        canvas[rows.cell(value)][columns.cell(n)] = mark
    return canvas


def _sizes(drawn: Drawn, columns: Scale, margin: int, label: Label) -> tuple[str, str]:
    """The axis of sizes and its labels: of the answer, today, and what else has room."""
    asked = [] if drawn.answer is None else [drawn.answer[0]]
    wanted = [*asked, drawn.today, *sorted(set(drawn.points[0].tolist()))]
    axis = ["─"] * columns.cells
    text = [" "] * (columns.cells + margin + 2)
    for n in wanted:
        place = columns.cell(n)
        said = label(n)
        start = place + margin + 2 - len(said) // 2
        start = max(min(start, len(text) - len(said)), 0)
        around = text[max(start - SPACE, 0) : start + len(said) + SPACE]
        if not "".join(around).strip():
            text[start : start + len(said)] = said
            axis[place] = "┬"
    return f"{'':>{margin}} └{''.join(axis)}", "".join(text).rstrip()
