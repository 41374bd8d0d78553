"""The chart of an answer: one curve, its forecast, and the answer marked on it.

Its specification stays the same while the amount of data moves: only the data of its layers
change, so that a page need not draw it anew.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import altair as alt
import pandas as pd

from analysis.decision.gains import Gain
from analysis.decision.questions import Answer, ForTarget
from analysis.report.amounts import count
from analysis.report.answer_scales import Scales, scales
from analysis.report.answer_words import Subject
from analysis.report.numbers import in_units
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import LIGHT, Theme
from tracking.text import Text, Verbatim

HEIGHT = 440  # pixels
BACK = 128  # times fewer examples than today: older points are left out
AHEAD = 12.0  # times today's examples: how far the chart goes at least,
FARTHEST = 200.0  # and at most
SMALL = 13  # pixels of letters
BIG = 16
FORECAST = [7, 4]  # dashes
CHOICE = [4, 4]


@dataclass(frozen=True)
class Marked:
    """What is drawn; values are gaps (tracking/measures.py).

    points: n, value: measured.
    path: n, value, low, high: the forecast.
    answer: what is marked.
    about: whose it is.
    """

    points: pd.DataFrame
    path: pd.DataFrame
    answer: Answer
    about: Subject

    @property
    def gain(self) -> Gain | None:
        """A value with its interval; None where a number of examples is the answer."""
        return self.answer.instead if isinstance(self.answer, ForTarget) else self.answer

    @property
    def target(self) -> float | None:
        """The value asked for, if one is."""
        return self.answer.target if isinstance(self.answer, ForTarget) else None

    @property
    def gaps(self) -> tuple[float, float]:
        """The smallest and the largest drawn."""
        drawn = [*self.points["value"], *self.path["low"], *self.path["high"]]
        drawn += [self.target] if self.target else []
        gain = self.gain
        drawn += [gain.low, gain.high] if gain else []
        return min(drawn), max(drawn)


def answer_chart(
    analysis: StudyAnalysis, question: Question, *, theme: Theme = LIGHT
) -> alt.LayerChart:
    """Measured points, the forecast in its interval, today, and the answer."""
    marked = marked_of(analysis, question)
    sizes = (float(marked.points["n"].min()), float(marked.path["n"].max()))
    of = scales(sizes, marked.gaps, analysis.measure, theme)
    layers = [
        *_forecast(marked, of, theme),
        *_today(marked, of, theme),
        *_target(marked, of, theme),
        *_points(marked, of, theme),
        *(_value(marked.gain, marked, of, theme) if marked.gain else ()),
        *(_amount(marked, of, theme) if not marked.gain else ()),
    ]
    return alt.LayerChart(layer=layers).properties(height=HEIGHT, width="container")


def marked_of(analysis: StudyAnalysis, question: Question) -> Marked:
    """What the chart of an answer draws."""
    asked = analysis.asked(question)
    assert asked is not None, "without a law there is no answer to draw"
    answer = analysis.answer(question)
    points = analysis.curves[asked.architecture]
    most = answer.n_now * _times(answer)
    return Marked(
        points=points.loc[points["n"] >= answer.n_now / BACK, ["n", "value"]],
        path=analysis.path(question, max(most, 2 * asked.largest_n)),
        answer=answer,
        about=Subject(asked.architecture, analysis.measure, question.prices.currency),
    )


def _times(answer: Answer) -> float:
    """How many times today's examples the chart ends at."""
    ends = [answer.n]
    if isinstance(answer, ForTarget):
        ends = [answer.n, answer.n_high] if answer.instead is None else []
    wanted = [1.5 * end / answer.n_now for end in ends if math.isfinite(end)]
    return min(max(AHEAD, *wanted) if wanted else AHEAD, FARTHEST)


# --- the curve


def _forecast(marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    said = _said(marked, theme)
    table = of.turned(marked.path, "value", "low", "high").assign(**said)
    hover = [
        theme.tooltip("n", Text("examples"), ",.0f"),
        theme.tooltip("said", Text("expected")),
        theme.tooltip("between", Text("between")),
    ]
    base = alt.Chart(table)
    band = base.mark_area(color=theme.curve, opacity=0.3 if theme.dark else 0.17)
    yield band.encode(of.x, alt.Y("low:Q", **of.y), alt.Y2("high:Q"), tooltip=hover)
    line = base.mark_line(color=theme.curve, strokeWidth=2.5, strokeDash=FORECAST)
    yield line.encode(of.x, alt.Y("value:Q", **of.y), tooltip=hover)
    end = table.tail(1).assign(name=_forecast_of(marked, theme))
    below = 16 if of.improves_down else -12
    name = alt.Chart(end).mark_text(
        align="right", dx=-2, dy=below, color=theme.curve, fontSize=SMALL, fontWeight=600
    )
    yield name.encode(of.x, alt.Y("value:Q", **of.y), text="name:N")


def _forecast_of(marked: Marked, theme: Theme) -> str:
    return theme.say(Text("{name}, forecast", name=Verbatim(marked.about.name)))


def _said(marked: Marked, theme: Theme) -> dict[str, list[str]]:
    """The numbers of a path in words."""
    rows = [
        marked.about.values([row.value], row.low, row.high) for row in marked.path.itertuples()
    ]
    between = [Text("{low} to {high}", low=low, high=high) for _, low, high in rows]
    return {
        "said": [value for value, *_ in rows],
        "between": [theme.say(one) for one in between],
    }


def _points(marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    table = of.turned(marked.points, "value")
    table["said"] = [in_units(gap, of.measure) for gap in marked.points["value"]]
    mean = table.groupby("n", as_index=False)["value"].mean()
    line = alt.Chart(mean).mark_line(color=theme.curve, strokeWidth=2.5)
    yield line.encode(of.x, alt.Y("value:Q", **of.y))
    dots = alt.Chart(table).mark_point(color=theme.curve, filled=True, size=70, opacity=1)
    hover = [
        theme.tooltip("n", Text("examples"), ","),
        theme.tooltip("said", Text("measured")),
    ]
    yield dots.encode(of.x, alt.Y("value:Q", **of.y), tooltip=hover)


# --- today, the target and the answer


def _today(marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    table = pd.DataFrame({"n": [marked.answer.n_now], "name": [theme.say(Text("today"))]})
    base = alt.Chart(table)
    yield base.mark_rule(color=theme.ink, strokeWidth=1).encode(of.x)
    name = base.mark_text(align="right", dx=-6, color=theme.ink, fontSize=SMALL)
    yield name.encode(of.x, alt.YValue(10), text="name:N")


def _target(marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    if marked.target is None:
        return
    said = Text("target {value}", value=in_units(marked.target, of.measure))
    table = pd.DataFrame({"value": [of.at(marked.target)], "name": [theme.say(said)]})
    base = alt.Chart(table)
    y = alt.Y("value:Q", **of.y)
    yield base.mark_rule(color=theme.ink, strokeWidth=1.5).encode(y)
    beyond = 13 if of.improves_down else -9
    name = base.mark_text(
        align="left", dx=8, dy=beyond, color=theme.ink, fontSize=SMALL, fontWeight=600
    )
    yield name.encode(y, alt.XValue(0), text="name:N")


def _value(gain: Gain, marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    """A value at a number of examples, and its interval on the axis of values."""
    value, low, high = marked.about.values([gain.value], gain.low, gain.high)
    said = Text("{value} ({low}–{high})", value=value, low=low.rstrip("%"), high=high)
    table = pd.DataFrame(
        {
            "n": [gain.n],
            "start": of.first,
            "value": of.at(gain.value),
            "low": of.at(gain.low),
            "high": of.at(gain.high),
            "top": of.at(gain.high),
            "name": theme.say(said),
        }
    )
    base = alt.Chart(table)
    y = alt.Y("value:Q", **of.y)
    low_end = alt.Y("low:Q", **of.y)
    across = base.mark_rule(color=theme.answer, strokeDash=CHOICE, strokeWidth=1.5)
    yield across.encode(alt.X("start:Q", **of.sizes), alt.X2("n:Q"), y)
    on_axis = base.mark_rule(color=theme.answer, strokeWidth=8, opacity=0.85)
    yield on_axis.encode(alt.XValue(0), low_end, alt.Y2("high:Q"))
    interval = base.mark_rule(color=theme.answer, strokeWidth=3)
    yield interval.encode(of.x, low_end, alt.Y2("high:Q"))
    yield base.mark_point(color=theme.answer, filled=True, size=170, opacity=1).encode(of.x, y)
    yield from _label(base, "top", -14 if of.improves_down else 18, of, theme)


def _label(
    base: alt.Chart, column: str, down: int, of: Scales, theme: Theme
) -> Iterator[alt.Chart]:
    """The answer in words, at the end of the chart, where no curve is."""
    for halo in (True, False):
        ink = theme.page if halo else theme.answer
        text = base.mark_text(
            align="right",
            dx=-2,
            dy=down,
            color=ink,
            stroke=ink if halo else None,
            strokeWidth=5 if halo else 0,
            fontSize=BIG,
            fontWeight=700,
        )
        y = alt.Y(f"{column}:Q", **of.y)
        yield text.encode(alt.XValue("width"), y, text="name:N")


def _amount(marked: Marked, of: Scales, theme: Theme) -> Iterator[alt.Chart]:
    """A number of examples that reaches the target, and its interval on their axis."""
    found = marked.answer
    assert isinstance(found, ForTarget), "else a value is the answer"
    n = min(found.n, of.last)
    said = Text("{n} examples", n=count(found.n))
    table = pd.DataFrame(
        {
            "n": [n],
            "low": max(found.n_low, of.first),
            "high": min(found.n_high, of.last),
            "value": of.at(found.target),
            "name": theme.say(said),
        }
    )
    base = alt.Chart(table)
    y = alt.Y("value:Q", **of.y)
    down = base.mark_rule(color=theme.answer, strokeDash=CHOICE, strokeWidth=1.5)
    yield down.encode(of.x, y)
    on_axis = base.mark_rule(color=theme.answer, strokeWidth=8, opacity=0.85)
    bottom = alt.YValue("height")
    yield on_axis.encode(alt.X("low:Q", **of.sizes), alt.X2("high:Q"), bottom)
    yield base.mark_point(color=theme.answer, filled=True, size=170, opacity=1).encode(of.x, y)
    yield from _label(base, "value", -16 if of.improves_down else 20, of, theme)
