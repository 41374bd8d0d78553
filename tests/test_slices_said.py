"""Which examples to collect, as the report, the page and machines say it."""

import json
from dataclasses import replace

import pytest
from mlflow import MlflowClient
from records import record_study
from test_page import headings, page, said
from test_slice_advice import curves_of

from analysis.decision.slices import advise_slices
from analysis.report.console_sections import printed
from analysis.report.decision_sections import decision_sections
from analysis.report.html_report import as_html
from analysis.report.json_answer import as_json
from analysis.report.slices_words import advice_words
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import LIGHT
from tracking.slices import log_slices, no_slices
from tracking.study import load_study

TITLE = "Which examples to collect"


def test_a_split_that_matters_is_said_with_its_gain_and_its_probability():
    found = advise_slices(curves_of([0.4, 0.1, 0.1], [0.5, 0.3, 0.3], spread=0.05), 3000)
    said = advice_words(found, "error")
    assert said.startswith("Of 3,000 more examples buy 2,")
    assert "of s0" in said and "instead of" in said and "today's shares" in said
    assert "more than 99% probability of being better" in said


def test_a_split_that_does_not_matter_is_said_so():
    found = advise_slices(curves_of([0.2, 0.2], [0.3, 0.3], own=0.0), 1000)
    assert advice_words(found, "error").startswith(
        "It hardly matters which 1,000 examples are bought"
    )


@pytest.fixture
def told(store):
    """A study whose runs tell two classes apart, of which one is worse and learns faster."""
    record_study("demo", architectures={"cnn": 0.4}, sizes=(50, 100, 200, 400, 800), samples=0)
    client = MlflowClient()
    for run in load_study("demo").runs.itertuples():
        rows = []
        for name, times, exponent in (("shirt", 1.6, 0.6), ("bag", 0.4, 0.1)):
            loss = times * run.test_loss * (run.n_train / 800) ** (0.4 - exponent)
            row = {"slice": name, "n_train": run.n_train / 2, "n_test": 5000}
            rows.append(row | {"loss": loss, "loss_se": loss / 100, "error": loss / 3})
        log_slices(client, run.run_id, rows)
        client.set_tag(run.run_id, "slices", "2")
    return load_study("demo")


def sections(study, question=None):
    return {
        one.title: one
        for one in decision_sections(StudyAnalysis(study, "digits"), question or Question())
    }


def test_the_report_has_a_section_of_a_study_that_tells_classes_apart(told):
    section = sections(told)[TITLE]
    assert "Furthest from" in section.words and "shirt, bag" in section.words
    assert section.lines[0].startswith("Of 800 more examples buy ")
    assert "of shirt" in section.lines[0]
    assert section.table["class or group"].tolist() == ["shirt", "bag"]
    assert section.chart(theme=LIGHT).to_dict()["layer"]
    analysis = StudyAnalysis(told, "digits")
    assert TITLE in [one.title for one in printed(analysis, Question())]
    assert TITLE in as_html(analysis, Question())


def test_the_answer_for_machines_has_it_too(told):
    answer = as_json(StudyAnalysis(told, "digits"), Question(), {})["slices"]
    assert answer["budget"] == 800
    assert [row["slice"] for row in answer["slices"]] == ["shirt", "bag"]
    assert answer["slices"][0]["advised"] > answer["slices"][1]["advised"]
    assert answer["splits"]["advised"]["low"] < answer["splits"]["advised"]["value"]
    json.dumps(answer, allow_nan=False)


def test_a_budget_buys_as_many_as_it_pays(told):
    question = Question(budget=5000.0)
    analysis = StudyAnalysis(told, "digits")
    bought = analysis.for_budget(question).more
    assert analysis.slice_advice(question).budget == round(bought)


def test_the_page_shows_it_in_the_readers_language(told):
    for language, title in (("en", TITLE), ("zh", "该收集哪些样本")):
        shown = page(tab="decision", language=language)
        assert title in headings(shown)
        assert "shirt" in said(shown)


def test_the_command_trains_with_the_advised_shares(told):
    section = sections(told)[TITLE]
    assert section.command == ""  # twice 800 are more than the pool of 1,000 holds
    few = sections(told, Question(times=1.2))[TITLE].command
    assert "--study demo-shares" in few and "--fractions 0.96" in few
    shares = few.partition("--shares ")[2].split()[0]
    weights = dict(part.split(":") for part in shares.split(","))
    assert weights["bag"] == "1" and float(weights["shirt"]) > 1.1


def test_a_measure_that_is_no_mean_over_examples_has_no_advice(told):
    """AUC of the whole says nothing of that of the parts."""
    known = told.slices_of(told.runs["run_id"].tolist()).assign(auc=0.9)
    scores = {"test_auc": 1 - told.runs["test_loss"] / 10}
    study = replace(told, slices=known, runs=told.runs.assign(**scores))
    assert StudyAnalysis(study, "digits", "loss").slice_curves("cnn") is not None
    assert StudyAnalysis(study, "digits", "auc").slice_curves("cnn") is None


def test_a_study_without_classes_has_no_such_section(told):
    without = replace(told, slices=no_slices())
    assert TITLE not in sections(without)
    assert "slices" not in as_json(StudyAnalysis(without, "digits"), Question(), {})
    rows = told.slices_of(told.runs["run_id"].tolist())
    assert TITLE not in sections(replace(told, slices=rows[rows["slice"] == "bag"]))
    # nor where the classes are not told by the measure
    less = replace(told, slices=rows.drop(columns="error"))
    assert StudyAnalysis(less, "digits", "error").slice_advice(Question()) is None
