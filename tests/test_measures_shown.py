"""Whatever a person reads or asks is in the terms of the measure that was chosen."""

import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import SIZES
from test_page import TABS, answer, page, said, widget

from analysis.decision.prices import Prices
from analysis.report.glossary import glossary
from analysis.report.headline import headline
from analysis.report.html_report import as_html
from analysis.report.json_answer import as_json
from analysis.report.parts import PARTS
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import Theme, picture
from tracking.measures import (
    find_measure,
    read_target,
)
from tracking.study import Study

# --- the answer ------------------------------------------------------------------------------


def test_the_answer_is_in_the_readers_terms(command, classified):
    arguments = ("--study", "classified", "--target", "99%", "--full")
    code, out, err = command("analysis.report", *arguments)
    assert (code, err) == (0, "")
    assert "the mine's accuracy from 98.82% to " in out
    assert "accuracy = c − a · n^-b" in out
    assert "ceiling c" in out
    for word in ("nats", "loss", "floor", "error"):
        assert word not in out.replace("standard error", ""), word


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("rmse", "the mine's RMSE from 70.7 to "),
        ("depth", "the mine's depth from 1.06 to "),
        ("r2", "the mine's R²"),
    ],
)
def test_each_measure_that_a_trainer_reports_can_be_asked_for(
    command, regressed, metric, words
):
    target = {"rmse": 50, "depth": 0.75, "r2": 1 - 1 / 1600}[metric]
    arguments = ("--study", "regressed", "--metric", metric, "--target", target)
    code, out, err = command("analysis.report", *arguments)
    assert (code, err) == (0, "")
    assert words in out
    assert "nats" not in out


def test_a_measure_that_no_run_has_is_refused_with_those_that_there_are(refuses, regressed):
    arguments = ("--study", "regressed", "--metric", "loss")
    refuses("analysis.report", *arguments, words=["'loss'", "rmse, r2, depth"])


def numbers(record, name):
    """All values of a key, however deep."""
    if isinstance(record, dict):
        here = [record[name]] if name in record else []
        return here + [found for value in record.values() for found in numbers(value, name)]
    if isinstance(record, list):
        return [found for value in record for found in numbers(value, name)]
    return []


def test_json_is_in_the_readers_terms_and_low_is_below_high(command, classified):
    arguments = ("--study", "classified", "--target", "0.99", "--json")
    record = json.loads(command("analysis.report", *arguments)[1])
    assert record["metric"] == "accuracy"
    assert record["measure"]["higher_is_better"]
    mine, _ = record["architectures"]
    assert mine["measured"]["accuracy"] == pytest.approx(1 - 800**-0.5 / 3)
    assert mine["data_needed"]["target"] == record["decision"]["prices"]["target"] == 0.99
    for size in mine["forecast"]["sizes"]:
        assert 0.9 < size["low"] <= size["median"] <= size["high"] <= 1
    assert 0.9 < mine["law"]["c_low"] <= mine["law"]["c"] <= mine["law"]["c_high"] <= 1
    for table in ("backtest", "expected_best"):
        (rows,) = numbers(record, table)[:1]
        assert all(row["low"] <= row["high"] <= 1 for row in rows)
        assert all(row["low"] > 0.7 for row in rows)


def test_the_next_trials_are_asked_in_the_measure(classified):
    analysis = StudyAnalysis(classified, "own", "auc")
    found = analysis.next_trials("mine", 0.001, 0.9)
    assert found.measure == "auc"
    assert analysis.decision(Question()).measure == "auc"


def test_the_next_command_names_the_trainer_and_no_dataset(classified):
    command = StudyAnalysis(classified, "own").next_trials("mine", 0.005, 0.9).table.command[0]
    assert "--trainers mine" in command
    for option in ("--architectures", "--dataset", "--trainer ", "--target"):
        assert option not in command


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_whole_report_never_says_nats_of_a_score_or_an_rmse(
    classified, regressed, language
):
    for study in (classified, regressed):
        for measure in study.measures_on("own"):
            html = as_html(StudyAnalysis(study, "own", measure), Question(), language)
            text = html.partition("<script>")[0]
            assert "nats" not in text and "纳特" not in text
            assert "loss" not in text.replace("a loss;", "")


# --- charts ----------------------------------------------------------------------------------


def chart_of(study, measure, language="en"):
    curves, *_ = curve_sections(StudyAnalysis(study, "own", measure), Question())
    return curves.chart(theme=Theme(language))


def test_the_axis_of_a_score_says_the_score_and_grows_upwards(classified):
    spec = chart_of(classified, "accuracy").to_dict()
    (points_layer,) = [one for one in spec["layer"] if one["mark"]["type"] == "point"]
    y = points_layer["encoding"]["y"]
    assert y["title"] == "test accuracy"
    assert y["scale"]["reverse"]
    assert y["axis"]["labelExpr"] == "format(1 - datum.value, '~%')"
    picture_text = picture(chart_of(classified, "accuracy"), "svg").decode()
    assert ">96%<" in picture_text and ">90%<" in picture_text


def test_the_axis_of_an_rmse_is_plain(regressed):
    spec = chart_of(regressed, "rmse").to_dict()
    (layer,) = [one for one in spec["layer"] if one["mark"]["type"] == "point"]
    assert layer["encoding"]["y"]["title"] == "test RMSE"
    assert "reverse" not in layer["encoding"]["y"]["scale"]
    depth = chart_of(regressed, "depth:cm").to_dict()
    assert depth["layer"][-1]["encoding"]["y"]["title"] == "test depth (cm)"


def tooltips(chart):
    return [
        tip
        for layer in chart.to_dict()["layer"]
        for tip in layer["encoding"].get("tooltip", [])
    ]


def test_what_hovering_shows_is_in_the_readers_terms_and_language(classified):
    titles = [tip["title"] for tip in tooltips(chart_of(classified, "accuracy", "zh"))]
    assert "测试准确率" in titles
    assert not [title for title in titles if title.isascii()]


def test_every_tooltip_of_the_report_is_in_the_readers_language(classified):
    analysis = StudyAnalysis(classified, "own")
    sections = [one for part in PARTS for one in part.sections(analysis, Question())]
    charts = [one.chart(theme=Theme("zh")) for one in sections if one.chart is not None]
    tips = [tip for chart in charts for tip in tooltips(chart)]
    assert len(charts) > 5 and len(tips) > 20
    assert [tip["title"] for tip in tips if tip["title"].isascii()] == []


def test_a_csv_of_accuracies_is_shown_as_accuracies():
    table = pd.DataFrame({"architecture": "mine", "n": SIZES})
    table["accuracy"] = 1 - table["n"] ** -0.5
    study = Study("file", measured=table, measures=("accuracy",))
    analysis = StudyAnalysis(study, None, "accuracy")
    assert "accuracy" in headline(analysis, Question()).sentence
    curves, *_ = curve_sections(analysis, Question())
    chart = curves.chart()
    (tip,) = [tip for tip in tooltips(chart) if tip["title"] == "measured"]
    (layer,) = [one for one in chart.to_dict()["layer"] if one["mark"]["type"] == "point"]
    rows = chart.to_dict()["datasets"][layer["data"]["name"]]
    assert [row[tip["field"]] for row in rows] == pytest.approx(list(table["accuracy"]))


# --- an accuracy and an error say the same ---------------------------------------------------


def mirrored(text):
    """A sentence about an error as it is about an accuracy."""

    def turned(found):
        return f"{100 - float(found[1]):.{len(found[1].partition('.')[2])}f}%"

    values, *rest = re.split(r"( with )", text.replace("error", "accuracy"), maxsplit=1)
    return re.sub(r"([\d.]+)%", turned, values) + "".join(rest)


@settings(max_examples=4)
@given(
    st.floats(0.3, 0.6),
    st.lists(st.floats(-0.03, 0.03), min_size=6, max_size=6),
    st.floats(0, 0.03),
)
def test_an_accuracy_study_is_an_error_study_in_mirrored_terms(exponent, noise, floor):
    sizes = [100 * 2**i for i in range(6)]
    # multiples of 2^-30: 1 - (1 - error) is the error to the last bit
    errors = [
        round((2 * n**-exponent + floor) * (1 + by) / 2 * 2**30) / 2**30
        for n, by in zip(sizes, noise)
    ]
    table = pd.DataFrame({"architecture": "mine", "n": sizes, "error": errors})
    table["accuracy"] = 1 - table["error"]
    study = Study("file", measured=table, measures=("error", "accuracy"))
    records = {}
    for measure, target in (("error", "7%"), ("accuracy", "93%")):
        analysis = StudyAnalysis(study, None, measure)
        gap = read_target(target, find_measure("error")) if measure == "error" else 0.07
        question = Question(prices=Prices(target=gap))
        records[measure] = (
            as_json(analysis, question, {}),
            headline(analysis, question),
        )
    (error, error_head), (accuracy, accuracy_head) = records["error"], records["accuracy"]
    assert mirrored(error_head.sentence) == accuracy_head.sentence
    assert error_head.grade == accuracy_head.grade
    one, other = error["architectures"][0], accuracy["architectures"][0]
    assert (
        numbers(one, "data_needed")[0]["median"] == numbers(other, "data_needed")[0]["median"]
    )
    for here, there in zip(one["forecast"]["sizes"], other["forecast"]["sizes"]):
        assert there["median"] == pytest.approx(1 - here["median"])
        assert there["low"] == pytest.approx(1 - here["high"])
        assert there["high"] == pytest.approx(1 - here["low"])
    assert other["law"]["b"] == one["law"]["b"]
    assert other["law"]["c"] == pytest.approx(1 - one["law"]["c"])
    assert error["decision"]["choice"] == accuracy["decision"]["choice"]


# --- the page --------------------------------------------------------------------------------


def test_the_page_offers_each_measure_and_asks_for_a_target_in_it(classified):
    shown = page(study="classified", asks="target")
    assert widget(shown, "Measure").options == ["Accuracy", "AUC"]
    widget(shown, "Target accuracy (%)").set_value(99.0).run()
    assert "the mine's accuracy from 98.82% to " in answer(shown)
    widget(shown, "Measure").set_value("auc").run()
    assert "AUC" in answer(shown)
    assert shown.query_params["metric"] == "auc"


@pytest.mark.parametrize("tab", TABS)
def test_no_part_of_the_page_says_nats_of_an_rmse(regressed, tab):
    shown = page(tab, study="regressed", metric="rmse", target_rmse=50, engineers=True)
    assert "the mine's RMSE from 70.7 to " in answer(shown)
    assert "nats" not in said(shown)
    assert [box.label for box in shown.number_input if "nats" in box.label] == []


def test_the_runs_of_an_accuracy_study_are_listed_and_drawn_over_steps(classified):
    shown = page("runs", study="classified")
    runs = shown.dataframe[0].value
    assert runs["best_val_accuracy"].is_monotonic_decreasing
    assert "best_val_loss" not in runs
    assert "Validation accuracy over optimiser steps" in said(shown)


def test_the_glossary_of_a_score_has_a_ceiling_and_no_nats():
    terms = {str(term) for term, _ in glossary("accuracy")}
    assert "ceiling" in terms
    assert not terms & {"floor", "nats"}
    assert {str(term) for term, _ in glossary("loss")} >= {"floor", "nats"}
