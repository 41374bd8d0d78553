"""The answer in plain words and tables of text: what the report prints, its HTML and the page all show."""

import math
from dataclasses import dataclass

import altair as alt
import pandas as pd

from analysis import charts
from analysis.answer import TIMES, Conclusion
from analysis.diagnosis import Diagnosis
from analysis.noise import SOURCES

COLUMNS = ("architecture", "sizes", "exponent b", "interval", "floor c", "largest n", "test loss", "test error")
AHEAD = ("next size", "two sizes ahead", "three sizes ahead")


@dataclass(frozen=True)
class Section:
    title: str
    words: str
    table: pd.DataFrame
    chart: alt.LayerChart | None = None


def sections(found: list[Conclusion], diagnosis: Diagnosis | None, metric: str, confidence: float) -> list[Section]:
    """All that can be said, in reading order; what nothing is known about is left out."""
    told = [one for one in found if one.forecast]
    parts = [_law(found, metric, confidence)]
    if told:
        parts += [_forecasts(told, metric, confidence)]
    if any(one.needed for one in told):
        parts += [_needed(told, metric, confidence)]
    if any(len(one.backtest) for one in told):
        parts += [_backtests(told, metric)]
    if diagnosis is not None:
        parts += [part(diagnosis, metric) for part, table in _about(diagnosis) if len(table)]
    return parts


def _about(diagnosis):
    yield _held_out, diagnosis.held_out
    yield _noise, diagnosis.noise
    yield _search, diagnosis.adequacy
    yield _exponents, diagnosis.exponents


def warnings_of(conclusions: list[Conclusion], diagnosis: Diagnosis | None = None) -> list[str]:
    """Remarks, each after the architecture it is about."""
    lines = []
    for found in conclusions:
        if found.law:
            known = [line for line in found.forecast.warnings if not line.startswith("the ")]  # the law says those too
            lines += [f"{found.architecture}: {line}" for line in (*found.law.warnings, *known)]
    if diagnosis is not None:
        for name, cells in diagnosis.adequacy.query("falling == True").groupby("architecture"):
            sizes = ", ".join(f"{n:,}" for n in cells["n"])
            lines.append(f"{name}: the search was too short at n = {sizes}; more samples would lower the loss")
    return lines


# --- one function per section ------------------------------------------------------------------------


def as_table(conclusions: list[Conclusion]) -> pd.DataFrame:
    """One row per architecture, ready to be read: numbers as text, '–' where there is none."""
    rows = []
    for found in conclusions:
        law = found.law
        rows.append(
            (
                found.architecture,
                found.sizes,
                f"{law.b:.3f}" if law else "–",
                f"{law.b_low:.3f} to {law.b_high:.3f}" if law else found.reason,
                f"{law.c:.3g}" if law else "–",
                f"{found.largest_n:,.0f}",
                "–" if math.isnan(found.loss) else f"{found.loss:.4f}",
                "–" if math.isnan(found.error) else f"{found.error:.2%}",
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _law(found, metric, confidence):
    words = f"{metric} = a · n^-b + c, intervals at {confidence:.0%}"
    return Section("Power law", words, as_table(found))


def _forecasts(told, metric, confidence):
    rows = []
    for i, times in enumerate(TIMES):
        for one in told:
            n, low, middle, high = (getattr(one.forecast, name)[i] for name in ("at", "low", "median", "high"))
            cells = f"{n:,.0f}", f"{times}×", one.architecture, _value(middle, metric), _interval(low, high, metric)
            rows.append((*cells, one.forecast.grades[i]))
    words = f"What a new training run on that many examples would measure; with {confidence:.0%} probability between."
    columns = ["examples", "of today's", "architecture", f"expected {metric}", "between", "trust"]
    return Section("Forecasts", words, pd.DataFrame(rows, columns=columns))


def _needed(told, metric, confidence):
    rows = []
    for one in told:
        found = one.needed
        examples = "cannot say" if found.reason else _size(found.median)
        between, never = f"{_size(found.low)} to {_size(found.high)}", f"{found.p_never:.0%}"
        rows.append((examples, one.architecture, between, never, found.reason or f"trust: {found.grade}"))
    columns = ["examples", "architecture", "between", "chance of never", "because"]
    target = _value(told[0].needed.target, metric)
    words = f"Examples with which the {metric} reaches {target}; with {confidence:.0%} probability between."
    return Section(f"Data needed for {metric} {target}", words, pd.DataFrame(rows, columns=columns))


def _backtests(told, metric):
    past = pd.concat([one.backtest.assign(architecture=one.architecture) for one in told if len(one.backtest)])
    said = []
    for steps, words in enumerate(AHEAD, 1):
        part = past[past["steps"] == steps]
        if len(part):
            inside = int(part["inside"].sum())
            said.append(f"{words}: {inside} of {len(part)} inside, typical miss {part['miss'].abs().median():.1%}")
    words = f"Each larger size predicted from the smaller ones alone. {'; '.join(said)}."
    newest = past[past["steps"] == 1].sort_values(["n", "architecture"], ascending=[False, True])
    return Section("Its own past forecasts", words, _compared(newest, metric))


def _held_out(diagnosis, metric):
    table = diagnosis.held_out
    known = table[table["measured"].notna()]
    inside = f"{int(known['inside'].sum())} of {len(known)} measurements fell inside"
    words = f"Logged to MLflow on {table['made'].iloc[0]}, before these sizes were trained. "
    words += f"{inside}." if len(known) else "They have not been trained yet."
    return Section("Forecasts made before training", words, _compared(table, metric))


def _compared(table, metric):
    rows = [
        (f"{row.n:,.0f}", row.architecture, f"{row.from_n:,.0f}", _value(row.predicted, metric))
        + (_interval(row.low, row.high, metric), _value(row.measured, metric), *_verdict(row))
        for row in table.itertuples()
    ]
    columns = ["examples", "architecture", "seen up to", "predicted", "between", "measured", "inside", "miss"]
    return pd.DataFrame(rows, columns=columns)


def _verdict(row):
    if math.isnan(row.measured):
        return "–", "–"
    return "yes" if row.inside else "no", f"{row.miss:+.1%}"


def _noise(diagnosis, metric):
    table = diagnosis.noise.pivot(index="source", columns="architecture", values="spread").loc[list(SOURCES)]
    text = table.map(lambda spread: "unknown" if math.isnan(spread) else f"{spread:.1%}").reset_index()
    words = f"Standard deviation of one point's test {metric}, by what differs between two runs of the same size."
    return Section("Noise of a single point", words, text.rename_axis(None, axis=1))


def _search(diagnosis, metric):
    table = diagnosis.adequacy
    cell = [f"{row.gain:.1%}{' still falling' if row.falling else ''}" for row in table.itertuples()]
    text = table.assign(cell=cell).pivot(index="n", columns="architecture", values="cell").fillna("–")
    text = text.reset_index().rename(columns={"n": "examples"}).rename_axis(None, axis=1)
    text["examples"] = text["examples"].map("{:,}".format)
    most = table["draws"].max()
    words = f"How much the last doubling of random draws (to {most}) lowered the expected best validation loss. "
    words += "The chart shows the largest size, with the range of nine searches in ten."
    return Section("Was the search long enough?", words, text, charts.expected_best(diagnosis.expected_best))


def _exponents(diagnosis, metric):
    table = diagnosis.exponents
    cell = [f"{row.exponent:.3f} ({row.low:.2f} to {row.high:.2f})" for row in table.itertuples()]
    text = table.assign(cell=cell).pivot(index="k", columns="architecture", values="cell").fillna("–")
    text = text.reset_index().rename(columns={"k": "draws"}).rename_axis(None, axis=1)
    words = "The exponent that the study would have found with fewer random draws at every size."
    return Section("The exponent and the search", words, text, charts.exponents(table))


# --- numbers as text ---------------------------------------------------------------------------------


def _value(value, metric):
    if math.isnan(value):
        return "–"
    return f"{value:.2%}" if metric == "error" else f"{value:.4g}"


def _interval(low, high, metric):
    return f"{_value(low, metric)} to {_value(high, metric)}"


def _size(n):
    """Two significant digits: no forecast knows more."""
    return f"{float(f'{n:.2g}'):,.0f}" if math.isfinite(n) else "never"
