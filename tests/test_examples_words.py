"""Duplicates, leaks and wrong labels in the answer: said where somebody has looked."""

import json
import math
from dataclasses import replace

import pytest
from conftest import ROOT, store_in
from mlflow import MlflowClient
from records import SIZES, record_study
from streamlit.testing.v1 import AppTest

from analysis.curves.power_law import PowerLaw
from analysis.diagnostics.evidence import Past, sureness
from analysis.diagnostics.examples import duplicates, explained, labels, leak
from analysis.reasons import Reason
from analysis.report.examples_section import examples_sections
from analysis.report.examples_words import labels_words, leak_words
from analysis.report.headline import headline
from analysis.report.html_report import as_html, summary_html
from analysis.report.json_answer import as_json
from analysis.report.messages import say
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.data_check import DataCheck, as_tags
from tracking.export import export, read_export
from tracking.restore import restore
from tracking.store import study_run
from tracking.study import load_study

CLEAN = DataCheck(
    pool=1000,
    validation=400,
    test=400,
    repeated=0,
    contradicted=0,
    leaked_validation=0,
    leaked_test=0,
    few_kinds=False,
    searched=400,
    near_pool=0.0,
    near_pool_low=0.0,
    near_pool_high=0.0,
    near_test=0.0,
    near_test_low=0.0,
    near_test_high=0.0,
    surveyed=1000,
    model_error=0.05,
    wrong=0.0,
    wrong_low=0.0,
    wrong_high=0.002,
)
LEAKY = replace(CLEAN, leaked_test=12)
WRONG = replace(CLEAN, wrong=0.02, wrong_low=0.01, wrong_high=0.03)
QUESTION = Question()


def law(c, low, high):
    return PowerLaw(1, 0.5, c, 0.4, 0.6, low, high, 0.9, 10, 1000, 6, 0.01)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, empty_store):
    """A study of a few runs, read once."""
    with store_in(tmp_path_factory.mktemp("recorded"), empty_store):
        record_study("s", {"cnn": 0.5}, SIZES, samples=1)
        return load_study("s")


@pytest.fixture
def analysis(recorded):
    """An analysis of the study, with a check of its examples; by a measure."""
    study = recorded
    runs = study.runs.assign(dataset_fingerprint="ab")

    def with_check(check, measure="error"):
        checks = {} if check is None else {"ab": check}
        return StudyAnalysis(replace(study, runs=runs, checks=checks), "digits", measure)

    return with_check


# --- what follows ----------------------------------------------------------------------------


def test_a_leak_is_named_from_a_hundredth_of_the_test_set():
    assert leak(None) is leak(CLEAN) is leak(replace(CLEAN, leaked_test=3)) is None
    assert leak(LEAKY).finding.reason is Reason.TEST_LEAKED
    assert leak(LEAKY).finding.numbers == {"count": 12, "of": 400}
    assert leak(replace(LEAKY, few_kinds=True)) is None


def test_near_duplicates_are_a_leak_where_they_are_surely_many():
    near = replace(CLEAN, near_test=0.08, near_test_low=0.06, near_test_high=0.1)
    assert leak(near).finding.reason is Reason.TEST_NEARLY_LEAKED
    assert leak(replace(near, near_test_low=0.04)) is None


def test_a_count_of_all_has_no_range():
    counted = replace(CLEAN, near_test=0.08, near_test_low=0.08, near_test_high=0.08)
    found = say(leak(counted).finding)
    assert found == "8.0% of the test examples nearly equal one of the training pool"


def test_labels_are_judged_as_far_as_the_model_can():
    def reasons(check):
        return [one.reason for one in labels(check)]

    assert reasons(WRONG) == [Reason.LABELS_WRONG]
    assert reasons(replace(WRONG, wrong_low=0.001)) == [Reason.LABELS_AT_MOST_WRONG]
    assert reasons(replace(WRONG, wrong=math.nan)) == [Reason.LABELS_NOT_JUDGED]
    assert reasons(replace(WRONG, surveyed=0)) == []
    twice = replace(WRONG, contradicted=3)
    assert reasons(twice) == [Reason.LABELS_WRONG, Reason.LABELS_CONTRADICTED]


def test_wrong_labels_explain_a_part_of_the_floor_of_an_error():
    found = explained(WRONG, law(0.04, 0.03, 0.05), "error")
    assert (found.share, found.low, found.high) == pytest.approx((0.5, 0.2, 1.0))
    assert explained(WRONG, law(0.04, 0.03, 0.05), "accuracy") == found
    assert explained(WRONG, law(0.04, 0.03, 0.05), "loss") is None
    assert explained(WRONG, law(0.0, 0.0, 0.05), "error") is None
    assert explained(replace(WRONG, wrong=math.nan), law(0.04, 0.03, 0.05), "error") is None


def test_a_bound_explains_at_most_a_part_and_contradictions_at_least():
    bound = replace(WRONG, wrong_low=0.0)
    found = explained(bound, law(0.1, 0.08, 0.2), "error")
    assert (found.low, found.high) == pytest.approx((0.0, 0.375))
    disagree = replace(bound, contradicted=36)  # of 1,800
    found = explained(disagree, law(0.1, 0.08, 0.2), "error")
    assert (found.low, found.high) == pytest.approx((0.1, 0.375))


# --- in words --------------------------------------------------------------------------------


def test_nothing_is_said_where_nobody_has_looked(analysis):
    there = analysis(None)
    assert leak_words(there) is None
    assert labels_words(there, QUESTION) == examples_sections(there, QUESTION) == []
    assert headline(there, QUESTION).doubt is None
    assert "examples" not in as_json(there, QUESTION, {})
    assert "Duplicates and labels" not in as_html(there, QUESTION)


def test_clean_examples_get_a_section_and_no_warning(analysis):
    there = analysis(CLEAN)
    assert headline(there, QUESTION).doubt is None
    assert labels_words(there, QUESTION) == []
    (section,) = examples_sections(there, QUESTION)
    assert section.lines[0] == "0 of 400 test examples are in the training pool, too."
    assert section.lines[2] == "At most 0.2% of the labels seem wrong or ambiguous."


def test_a_leak_stands_beside_the_answer(analysis):
    there = analysis(LEAKY)
    said = headline(there, QUESTION).doubt
    assert said == (
        "Leak: 12 of 400 test examples are in the training pool, too; "
        "the error looks better than it is."
    )
    for page in (summary_html(there, QUESTION), as_html(there, QUESTION)):
        assert said in page
    assert "泄漏" in summary_html(there, QUESTION, "zh")
    assert as_json(there, QUESTION, {})["examples"]["leaked_test"] == 12


@pytest.mark.parametrize(("leaked", "grade"), [(3, "good"), (12, "fair"), (80, "poor")])
def test_a_leak_lowers_the_grade(leaked, grade):
    found = leak(replace(CLEAN, leaked_test=leaked))
    sure = sureness("good", Past(16, 16, 0.9, found))
    assert sure.grade == grade
    assert (Reason.TEST_NOT_INDEPENDENT() in sure.evidence) == (found is not None)


def test_a_leak_stands_in_the_grade_of_every_answer(analysis):
    there = analysis(replace(CLEAN, leaked_test=80))
    for answer in (there.answer(QUESTION), *there.doublings(QUESTION)):
        assert answer.sure.grade == "poor"
        assert Reason.TEST_NOT_INDEPENDENT() in answer.sure.evidence


def test_the_part_of_the_floor_is_said_with_its_uncertainty(analysis):
    (said,) = labels_words(analysis(WRONG), QUESTION)
    assert said.startswith("About 2.0% (1.0% to 3.0%) of the labels seem wrong or ambiguous.")
    (loss,) = labels_words(analysis(WRONG, "loss"), QUESTION)
    assert "no amount of this data" not in loss


def test_the_part_is_said_of_what_is_left_of_an_accuracy(classified, monkeypatch):
    study = replace(
        classified,
        runs=classified.runs.assign(dataset_fingerprint="ab"),
        checks={"ab": WRONG},
    )
    dataset = study.runs["dataset"].iloc[0]
    found = explained(WRONG, law(0.04, 0.03, 0.05), "accuracy")
    monkeypatch.setattr(StudyAnalysis, "explained", lambda *_: found)
    (said,) = labels_words(StudyAnalysis(study, dataset, "accuracy"), QUESTION)
    part = "That is about 50% (20% to 100%) of what any amount of this data leaves to 100% "
    assert part + "(accuracy " in said


def test_near_duplicates_are_said_with_their_interval(analysis):
    near = replace(CLEAN, near_pool=0.01, near_pool_low=0.005, near_pool_high=0.02)
    found = duplicates(near)
    assert found[-1].reason is Reason.POOL_NEARLY_REPEATED
    (section,) = examples_sections(analysis(near), QUESTION)
    assert "1.0% (0.5% to 2.0%) of the pool nearly equal another example." in section.lines


# --- in the store and in an export -----------------------------------------------------------


@pytest.fixture
def checked(store):
    """A study in the store whose examples were looked at."""
    record_study("s", {"cnn": 0.5}, SIZES, samples=0)
    client = MlflowClient()
    for run in client.search_runs([client.get_experiment_by_name("s").experiment_id]):
        if "trial" in run.data.tags:
            client.set_tag(run.info.run_id, "dataset_fingerprint", "ab")
    run_id = study_run(client, "s").info.run_id
    for name, text in as_tags({"ab": LEAKY}).items():
        client.set_tag(run_id, name, text)
    return load_study("s")


def test_the_report_prints_what_the_study_found(checked, command):
    _, out, _ = command("analysis.report", "--study", "s", "--metric", "error")
    answer = out.split("\n\n")[1].splitlines()
    assert answer[1].startswith("Leak: 12 of 400 test examples")
    _, full, _ = command("analysis.report", "--study", "s", "--full")
    assert "Duplicates and labels: " in full


def test_the_page_names_the_leak_below_its_answer(checked):
    shown = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    shown.query_params["study"] = "s"
    shown.query_params["part"] = "trust"
    shown.run()
    assert not shown.exception
    said = [text.value.replace("\\", "") for text in shown.markdown]
    (leak,) = [text for text in said if text.startswith("Leak: 12 of 400 test examples")]
    sure = next(text for text in said if text.startswith("How sure: "))
    assert said.index(leak) < said.index(sure)
    assert "Duplicates and labels" in [heading.value for heading in shown.subheader]


def test_a_check_of_other_examples_says_nothing(checked):
    assert checked.check_of("digits") == LEAKY
    other = checked.runs.assign(dataset_fingerprint="cd")
    assert replace(checked, runs=other).check_of("digits") is None


def test_an_export_keeps_it_and_a_restore_brings_it_back(checked, tmp_path):
    place = export(checked, tmp_path, [])
    exported = read_export(place)
    assert exported.check_of("digits") == LEAKY
    MlflowClient().delete_experiment(MlflowClient().get_experiment_by_name("s").experiment_id)
    restore(replace(exported, name="again"))
    assert load_study("again").check_of("digits") == LEAKY


def test_a_check_that_was_changed_by_hand_is_refused(checked, tmp_path):
    place = export(checked, tmp_path, [])
    file = place / "study.json"
    about = json.loads(file.read_text())
    about["check.ab"] = about["check.ab"].replace("1000", '"many"')
    file.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="is no check of a dataset"):
        read_export(place)


def test_unknown_shares_stay_unknown(checked):
    assert math.isnan(checked.check_of("digits").seconds)
