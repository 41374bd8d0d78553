"""The whole answer for a CSV, for people and for machines."""

import json
import math
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest
from conclusions import conclude

from analysis import data_needed, forecast
from analysis.curves.conclusion import TIMES, backtests
from analysis.report import chart_lines, charts, trust_charts
from analysis.report.chart_lines import Lines
from analysis.report.curve_words import warnings_of
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.trust_sections import trust_sections
from tracking.plain import plain
from tracking.study import Study

SIZES = 100 * 2 ** np.arange(8)


def curve(architecture="model", b=0.4, floor=0.0, sizes=SIZES):
    return pd.DataFrame(
        {"architecture": architecture, "n": sizes, "value": 3.0 * sizes**-b + floor}
    )


@pytest.fixture
def csv(tmp_path):
    def write(table):
        table.rename(columns={"value": "loss"}).to_csv(tmp_path / "curve.csv", index=False)
        return tmp_path / "curve.csv"

    return write


def titles(table, measure="loss"):
    analysis = StudyAnalysis(Study("csv", measured=table), None, measure)
    question = Question()
    return [
        part.title
        for part in curve_sections(analysis, question) + trust_sections(analysis, question)
    ]


def test_the_forecasts_are_those_of_the_public_function():
    table = curve(floor=0.05)
    (found,) = conclude(table, target=0.15)
    forecasts = forecast(table["n"], table["value"], table["n"].max() * np.array(TIMES))
    assert np.array_equal(found.forecast.median, forecasts.median)
    assert np.array_equal(found.forecast.low, forecasts.low)
    assert found.needed == data_needed(table["n"], table["value"], 0.15)


def test_every_size_has_its_own_grade_and_none_is_better_than_that_of_nearer_ones():
    forecasts = conclude(curve(floor=0.05))[0].forecast
    order = ["good", "fair", "poor", "cannot say"]
    assert [order.index(grade) for grade in forecasts.grades] == sorted(
        order.index(grade) for grade in forecasts.grades
    )
    assert forecasts.grades[-1] == forecasts.grade


def test_a_csv_gets_law_forecasts_data_needed_backtests_and_remarks(command, csv):
    code, out, err = command("analysis.report", csv(curve()), "--target", "0.05", "--full")
    assert (code, err) == (0, "")
    for words in (
        "Power law",
        "Forecasts",
        "Data needed for loss 0.05",
        "Its own past forecasts",
        "next size:",
    ):
        assert words in out
    for times in TIMES:
        assert f"{SIZES[-1] * times:,}" in out
    assert len(out.splitlines()) < 80
    assert "mlflow" not in out


def test_without_a_target_a_fifth_below_todays_loss_is_asked_for(command, csv):
    for nothing in ((), ("--target", "")):
        out = command("analysis.report", csv(curve()), "--full", *nothing)[1]
        assert f"Data needed for loss {0.8 * curve()['value'].iloc[-1]:.3g}" in out


def test_an_error_is_said_in_percent(command, csv):
    table = curve().rename(columns={"value": "error"})
    table["error"] /= 10
    out = command("analysis.report", csv(table), "--target", "0.005", "--full")[1]
    assert "Data needed for error 0.50%" in out
    assert "expected error" in out


def strict(text):
    def never(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=never)


def test_the_json_holds_the_same_numbers(command, csv):
    table = curve(floor=0.05)
    code, out, err = command("analysis.report", csv(table), "--target", "0.15", "--json")
    assert (code, err) == (0, "")
    (said,) = strict(out)["architectures"]
    exact = pd.read_csv(csv(table), float_precision="round_trip")
    measured = exact.rename(columns={"loss": "value"})
    (found,) = conclude(measured, target=0.15)
    assert [row["median"] for row in said["forecast"]["sizes"]] == list(found.forecast.median)
    assert (
        said["forecast"]["sizes"][0] | {"times": 2, "n": 25600.0}
        == said["forecast"]["sizes"][0]
    )
    assert said["law"]["b"] == found.law.b
    assert said["data_needed"]["median"] == found.needed.median
    assert len(said["backtest"]) == len(backtests(table))


def test_the_json_stays_valid_where_a_target_is_never_reached_or_nothing_fits(command, csv):
    table = pd.concat([curve(floor=0.5), curve("few", sizes=SIZES[:2])])
    code, out, _ = command("analysis.report", csv(table), "--target", "0.01", "--json")
    assert code == 0
    few, model = strict(out)["architectures"]
    assert model["data_needed"]["high"] == "infinity"
    assert model["data_needed"]["grade"] == "cannot say"
    assert few["law"] is None
    assert "got 2" in few["reason"]


def test_plain_leaves_only_what_json_allows():
    value = {
        "a": (np.float64(1.5), np.nan, math.inf),
        2: [np.bool_(True), np.int64(3), None, "x", pd.NA],
    }
    assert plain(value) == {"a": [1.5, None, "infinity"], "2": [True, 3, None, "x", "<NA>"]}


@pytest.mark.parametrize("target", ["0", "-1", "nan", "inf", "low"])
def test_a_wrong_target_is_refused(refuses, csv, target):
    refuses("analysis.report", csv(curve()), f"--target={target}", words=["target", target])


def test_sections_that_nothing_is_known_about_are_left_out():
    assert titles(curve(sizes=SIZES[:2])) == ["Learning curves", "Power law", "Warnings"]
    needed = "Data needed for loss 0.218"
    assert titles(curve(sizes=SIZES[:3])) == [
        "Learning curves",
        "Power law",
        "Forecasts",
        needed,
        "Warnings",
    ]


def test_a_csv_with_both_is_answered_by_the_metric_asked_for(command, csv):
    both = curve().assign(error=lambda table: table["value"] / 3)
    code, out, err = command(
        "analysis.report", csv(both), "--metric", "error", "--target", "0.01", "--full"
    )
    assert (code, err) == (0, "") and "Data needed for error 1.00%" in out
    assert (
        "Data needed for loss 0.01"
        in command("analysis.report", csv(both), "--target", "0.01", "--full")[1]
    )
    code, out, err = command("analysis.report", csv(curve()), "--metric", "error")
    assert (code, out) == (
        2,
        "",
    ) and err == "error: metric 'error' is unknown; allowed: loss\n"
    code, out, err = command(
        "analysis.report", csv(both), "--metric", "error", "--target", "5"
    )
    assert (code, out) == (
        2,
        "",
    ) and err == "error: target 5 is no error; allowed: above 0, up to 1\n"


def test_warnings_are_never_cut(command, csv):
    several = pd.concat([curve(f"net{i}", sizes=SIZES[:2]) for i in range(20)])
    out = command("analysis.report", csv(several), "--full")[1]
    warnings = out[out.index("\nWarnings:") :]
    assert all(
        re.search(rf"\bnet{i} +needs at least 3 distinct sizes", warnings) for i in range(20)
    )


def test_a_flat_curve_is_warned_of():
    flat = curve().assign(value=0.5 + 0.002 * (-1.0) ** np.arange(len(SIZES)))
    assert any("flat" in line for line in warnings_of(conclude(flat)))


def test_the_forecast_is_drawn_as_a_band_that_begins_where_the_data_end():
    found = conclude(pd.concat([curve(), curve("other", b=0.3)]))
    forecasts = {one.architecture: one.forecast for one in found}
    bands = chart_lines.forecast_bands(forecasts)
    assert set(bands["architecture"]) == {"model", "other"}
    assert bands["n"].min() == SIZES[-1]
    assert bands["n"].max() == pytest.approx(chart_lines.BEYOND * SIZES[-1])
    assert (bands["low"] < bands["median"]).all()
    assert (bands["median"] < bands["high"]).all()
    laws = {one.architecture: one.law for one in found}
    chart = charts.learning_curves(
        pd.concat([curve(), curve("other", b=0.3)]), Lines(laws, forecasts)
    )
    assert {layer["mark"]["type"] for layer in chart.to_dict()["layer"]} >= {
        "area",
        "line",
        "point",
    }


def test_the_exponents_are_drawn_against_the_draws():
    table = pd.DataFrame(
        {"architecture": "cnn", "k": [1, 2], "exponent": [0.3, 0.4], "low": 0.2, "high": 0.5}
    )
    drawn = trust_charts.exponents(table.assign(residual=0.01))
    assert isinstance(drawn, alt.LayerChart)
    assert drawn.to_dict()["layer"]


def test_the_search_is_drawn_at_the_largest_size_only():
    rows = [("cnn", n, k, 0.5 / k, 0.4 / k, 0.6 / k) for n in (100, 200) for k in (1, 2, 3)]
    drawn = trust_charts.expected_best(
        pd.DataFrame(rows, columns=["architecture", "n", "k", "expected", "low", "high"])
    )
    (data,) = drawn.to_dict()["datasets"].values()
    assert {row["n"] for row in data} == {200}
    assert [row["k"] for row in data] == [1, 2, 3]
