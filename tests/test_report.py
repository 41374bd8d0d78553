"""The answer: one row per architecture, what cannot be fitted is said in it, and all is logged
to the study.
"""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conclusions import conclude
from conftest import ROOT
from mlflow import MlflowClient
from test_runs import add_run

from analysis.report.__main__ import others
from analysis.report.curve_words import warnings_of
from analysis.report.html_report import as_html
from analysis.report.sections import as_table
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.study import Study

SIZES = (100, 200, 400, 800, 1600)
COLUMNS = (
    "architecture",
    "sizes",
    "exponent b",
    "interval",
    "floor c",
    "largest n",
    "test loss",
    "test error",
)


def law(n, b=0.5, c=0.05):
    return 3 * n**-b + c


def curve(architecture="cnn", sizes=SIZES, **of_law):
    n = np.array(sizes, dtype=float)
    loss = law(n, **of_law)
    return pd.DataFrame(
        {
            "architecture": architecture,
            "n": n,
            "value": loss,
            "test_loss": loss,
            "test_error": loss / 2,
        }
    )


def write(table, file, measure="loss"):
    """A CSV of its points."""
    known = table.rename(columns={"value": measure})
    columns = [name for name in ("architecture", "n", measure) if name in known]
    known[columns].to_csv(file, index=False)


@pytest.fixture
def study(store):
    """Two architectures that follow a law, 5 sizes, an untuned and a tuned run each, and a
    failed run.
    """
    client = MlflowClient()
    experiment_id = client.create_experiment("study")
    client.create_run(
        experiment_id,
        run_name="study · study",
        tags={"role": "study", "note": "synthetic & exact"},
    )
    for name, b in (("cnn", 0.5), ("toys:narrow", 0.3)):
        for n in SIZES:
            for sample, factor in ((0, 1.3), (1, 1.0)):
                loss = factor * law(n, b)
                add_run(
                    experiment_id,
                    architecture=name,
                    sample=sample,
                    n_train=n,
                    best_val_loss=loss,
                    test_loss=loss,
                    test_error=loss / 2,
                )
    add_run(experiment_id, status="FAILED", architecture="mlp")
    return experiment_id


def rows_of(out):
    """First word -> the first line that begins with it: the rows of the first table."""
    return {line.split()[0]: line for line in reversed(out.splitlines()) if line.strip()}


# --- the command on a study ------------------------------------------------------------------


def test_the_report_prints_a_row_per_architecture_with_the_exponent_and_the_largest_size(
    command, study
):
    code, out, err = command("analysis.report", "--study", "study", "--full")
    assert (code, err) == (0, "")
    rows = rows_of(out)
    for name, b in (("cnn", 0.5), ("toys:narrow", 0.3)):
        cells = rows[name].split()
        low = float(cells[3])
        high = float(cells[5])
        assert cells[1] == "5"
        assert low <= b <= high
        assert float(cells[2]) == pytest.approx(b, abs=0.05)
        assert "1,600" in cells
        assert f"{law(1600, b):.4f}" in cells
        assert f"{law(1600, b) / 2:.2%}" in cells
    assert "mlp" not in rows
    assert "synthetic & exact" in out
    assert "mlflow ui" in out
    assert "streamlit run app/main.py" in out


def test_the_report_is_logged_to_the_studys_run(command, study, tmp_path):
    assert command("analysis.report", "--study", "study")[0] == 0
    client = MlflowClient()
    (parent,) = client.search_runs([study], "tags.role = 'study'")
    assert parent.data.metrics["exponent.cnn"] == pytest.approx(0.5, abs=0.05)
    metrics = parent.data.metrics
    assert (
        metrics["exponent_low.cnn"] <= metrics["exponent.cnn"] <= metrics["exponent_high.cnn"]
    )
    assert metrics["exponent.toys:narrow"] == pytest.approx(0.3, abs=0.05)
    folder = client.download_artifacts(parent.info.run_id, "report", str(tmp_path))
    table = pd.read_csv(f"{folder}/power_law.csv")
    assert list(table.columns) == list(COLUMNS)
    assert list(table["architecture"]) == ["cnn", "toys:narrow"]
    with open(f"{folder}/learning_curves.png", "rb") as picture:  # noqa: PTH123
        assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    with open(f"{folder}/report.html") as page:  # noqa: PTH123
        text = page.read()
    assert "synthetic &amp; exact" in text
    assert "toys:narrow" in text


def test_the_studys_run_carries_the_answer(command, study, tmp_path):
    assert command("analysis.report", "--study", "study", "--target", "0.1")[0] == 0
    client = MlflowClient()
    (parent,) = client.search_runs([study], "tags.role = 'study'")
    metrics = parent.data.metrics
    assert metrics["value_now"] == pytest.approx(law(1600))
    low, high = (metrics[f"value_at_twice_the_data_{end}"] for end in ("low", "high"))
    assert low < law(3200) < high
    assert metrics["target"] == 0.1
    assert 1600 < metrics["examples_at_target"] < 10 * (3 / 0.05) ** 2
    tags = parent.data.tags
    assert tags["grade"] in ("good", "fair", "poor")
    assert tags["answer"].startswith("$")
    assert tags["next"].startswith("Next: ")
    note = tags["mlflow.note.content"]
    assert note.startswith(f"**{tags['answer']}**")
    figure = f"(get-artifact?path=report/description.png&run_uuid={parent.info.run_id})"
    assert figure in note.splitlines()[2]
    folder = client.download_artifacts(parent.info.run_id, "report", str(tmp_path))
    assert {"answer.png", "answer.svg", "description.png", "summary.html", "report.html"} <= {
        file.name for file in Path(folder).iterdir()
    }


def test_what_cannot_be_said_any_more_is_not_left_from_an_earlier_report(command, study):
    assert command("analysis.report", "--study", "study", "--target", "0.1")[0] == 0
    assert command("analysis.report", "--study", "study", "--target", "0.01")[0] == 0
    (parent,) = MlflowClient().search_runs([study], "tags.role = 'study'")
    assert parent.data.metrics["target"] == 0.01
    assert math.isnan(parent.data.metrics["examples_at_target"])


def test_a_second_report_replaces_the_first(command, study):
    for _ in range(2):
        assert command("analysis.report", "--study", "study")[0] == 0


def test_the_error_can_be_fitted_instead_of_the_loss(command, study):
    code, out, _ = command(
        "analysis.report", "--study", "study", "--metric=error", "--confidence=0.5", "--full"
    )
    assert code == 0
    assert "error = a · n^-b + c, intervals at 50%" in out
    assert float(rows_of(out)["cnn"].split()[2]) == pytest.approx(0.5, abs=0.05)


def test_a_report_on_runs_without_a_study_is_printed_all_the_same(command, store):
    for n in SIZES:
        add_run("0", n_train=n, best_val_loss=law(n), test_loss=law(n), test_error=0.1)
    code, out, _ = command("analysis.report", "--study", "Default", "--full")
    assert code == 0
    assert rows_of(out)["cnn"].split()[1] == "5"


def test_too_few_points_are_said_in_the_table_and_stop_nobody(command, study):
    for n in SIZES[:2]:
        add_run(
            study,
            architecture="linear",
            n_train=n,
            best_val_loss=law(n),
            test_loss=law(n),
            test_error=0.1,
        )
    code, out, err = command("analysis.report", "--study", "study", "--full")
    assert (code, err) == (0, "")
    rows = rows_of(out)
    assert "needs at least 3 distinct sizes n, got 2" in rows["linear"]
    assert f"{law(200):.4f}" in rows["linear"]  # what was measured is shown all the same
    assert float(rows["cnn"].split()[2]) == pytest.approx(0.5, abs=0.05)


def test_a_study_of_nothing_but_too_few_points_is_reported_too(command, store):
    experiment_id = MlflowClient().create_experiment("few")
    MlflowClient().create_run(experiment_id, tags={"role": "study"})
    for n in SIZES[:2]:
        add_run(
            experiment_id, n_train=n, best_val_loss=law(n), test_loss=law(n), test_error=0.1
        )
    code, out, err = command("analysis.report", "--study", "few", "--full")
    assert (code, err) == (0, "")
    assert "needs at least 3 distinct sizes n, got 2" in rows_of(out)["cnn"]


def test_an_error_of_0_is_said_in_the_table_and_stops_nobody(command, study):
    """Small, easy data: a test set without a single mistake has no place on a logarithmic
    axis.
    """
    for n in SIZES:
        add_run(
            study,
            architecture="perfect",
            n_train=n,
            best_val_loss=law(n),
            test_loss=law(n),
            test_error=0.0,
        )
    code, out, _ = command("analysis.report", "--study=study", "--metric=error", "--full")
    assert code == 0
    rows = rows_of(out)
    assert "is 0.00%; only what is above 0 can be fitted" in rows["perfect"]
    assert "0.00%" in rows["perfect"]
    assert float(rows["cnn"].split()[2]) == pytest.approx(0.5, abs=0.05)


# --- the command on a CSV --------------------------------------------------------------------


def test_a_csv_is_reported_without_mlflow(command, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    write(pd.concat([curve(), curve("mlp", b=0.3)]), tmp_path / "a.csv")
    code, out, err = command("analysis.report", tmp_path / "a.csv", "--full")
    assert (code, err) == (0, "")
    rows = rows_of(out)
    assert float(rows["cnn"].split()[2]) == pytest.approx(0.5, abs=0.05)
    assert float(rows["mlp"].split()[2]) == pytest.approx(0.3, abs=0.05)
    assert "loss = a · n^-b + c" in out


def test_a_csv_of_errors_shows_the_error_of_the_largest_size(command, tmp_path):
    write(curve()[["n", "value"]], tmp_path / "a.csv", "error")
    code, out, _ = command("analysis.report", tmp_path / "a.csv", "--full")
    assert code == 0
    assert f"{law(1600):.2%}" in rows_of(out)["model"]
    assert "error = a · n^-b + c" in out


# --- conclusions, table, page ----------------------------------------------------------------


def test_the_measured_loss_is_that_of_the_largest_size_averaged_over_data_seeds():
    table = pd.concat([curve(), curve().assign(test_loss=1.0, test_error=0.5)])
    (found,) = conclude(table)
    assert found.largest_n == 1600
    assert found.measured["loss"] == pytest.approx((law(1600) + 1) / 2)
    assert found.measured["error"] == pytest.approx((law(1600) / 2 + 0.5) / 2)
    assert found.sizes == 5


def test_a_wider_confidence_gives_a_wider_interval():
    noisy = curve()
    noisy["value"] *= 1 + 0.03 * np.array([1, -1, 1, -1, 1])
    narrow, wide = (
        conclude(noisy, confidence=confidence)[0].law for confidence in (0.5, 0.95)
    )
    assert wide.b_low < narrow.b_low <= narrow.b_high < wide.b_high


def test_standard_errors_are_used_where_there_are_any():
    noisy = curve()
    noisy["value"] *= 1 + 0.03 * np.array([1, -1, 1, -1, 1])
    plain = conclude(noisy)[0].law
    assert conclude(noisy.assign(se=math.nan))[0].law == plain
    assert conclude(noisy.assign(se=[1.0, 1e-4, 1e-4, 1e-4, 1e-4]))[0].law != plain


def test_a_table_has_a_dash_for_what_is_not_known():
    table = as_table(
        conclude(curve(sizes=SIZES[:2]).drop(columns=["test_loss", "test_error"]))
    )
    # nobody measured the error
    assert list(table.columns) == list(COLUMNS[:-1])
    (row,) = table.to_dict("records")
    assert (row["exponent b"], row["floor c"]) == ("–", "–")
    assert row["interval"] == "needs at least 3 distinct sizes n, got 2"
    assert row["test loss"] == f"{law(200):.4f}"


def test_a_small_measurement_is_not_shown_as_nothing():
    (row,) = as_table(
        conclude(curve().assign(value=1e-6, test_loss=5.84e-7, test_error=7.3e-6))
    ).to_dict("records")
    assert (row["test loss"], row["test error"]) == ("5.84e-07", "0.00073%")


def test_no_error_is_foretold_above_all():
    errors = pd.DataFrame(
        {
            "architecture": "a",
            "n": [1000, 2000, 4000, 8000, 16000],
            "value": [0.995, 0.985, 0.99, 0.98, 0.97],
        }
    )
    (found,) = conclude(errors, "error")
    assert found.forecast.high.max() == 1 and found.forecast.median.max() < 1


def test_the_report_draws_more_points_than_altair_draws_by_default(tmp_path):
    n = np.arange(100, 5300)
    table = pd.DataFrame({"architecture": "a", "n": n, "value": n**-0.3, "se": math.nan})
    found = StudyAnalysis(Study("many", measured=table), None)
    assert "data-spec" in as_html(found, Question())


def test_remarks_name_their_architecture():
    remarks = warnings_of(
        conclude(pd.concat([curve("three", SIZES[:3]), curve("two", SIZES[:2])]))
    )
    assert [remark for remark in remarks if remark.startswith("three: 3 points fit")]
    assert "two: needs at least 3 distinct sizes n, got 2" in remarks


def test_the_html_escapes_what_people_wrote_and_needs_no_network():
    table = pd.concat(
        [curve("<b>mine</b>"), curve("</script><script>alert(1)</script>", b=0.3)]
    )
    study = Study("<script>", measured=table, measures=("loss",), note="a & b")
    page = as_html(StudyAnalysis(study), Question(architecture="<b>mine</b>"))
    assert "a &amp; b" in page
    assert "<title>How much data is enough? &lt;script&gt;</title>" in page
    assert "&lt;b&gt;mine&lt;/b&gt;" in page
    assert "<b>mine" not in page
    assert "<script>alert" not in page
    assert 'src="http' not in page
    assert "<link" not in page


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--study", "nosuch"], ["'nosuch'", "this store holds", "study"]),
        (["--confidence", "2"], ["confidence 2 ", "(0, 1)"]),
        (["--confidence", "0"], ["confidence 0 ", "(0, 1)"]),
        (["--confidence", "nan"], ["confidence nan ", "(0, 1)"]),
        (["--confidence", "abc"], ["confidence", "'abc'"]),
        (["--study", "study", "--metric", "accuracy"], ["'accuracy'", "loss, error"]),
        (["missing.csv"], ["'missing.csv'", "does not exist"]),
        (["bad.csv"], ["row 3", "column loss", "'x'", "above 0"]),
        (["other.csv"], ["columns n and loss", "size, accuracy"]),
        (["other.csv", "--study", "study"], ["file 'other.csv' and study 'study'", "one"]),
        (["--experiment", "x", "--study", "study"], ["experiment 'x' and study", "one"]),
        (["other.csv", "--forecast_held_out", "9"], ["is of a study, not of file"]),
    ],
)
def test_bad_input_is_refused_in_one_line(refuses, study, store, arguments, words):
    (store / "bad.csv").write_text("n,loss\n100,1\n200,x\n")
    (store / "other.csv").write_text("size,accuracy\n1,2\n")
    refuses("analysis.report", *arguments, words=words)


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path):
    write(curve()[["n", "value"]], tmp_path / "a.csv")
    command = [sys.executable, "-m", "analysis.report", str(tmp_path / "a.csv")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as report:
        report.stdout.close()
        assert (report.stderr.read(), report.wait()) == ("", 1)


def test_of_several_datasets_the_one_that_is_answered_is_named():
    def said(*names):
        runs = pd.DataFrame({"dataset": names, "status": "FINISHED", "best_val_loss": 1.0})
        runs = runs.assign(architecture="cnn", n_train=100, data_seed=0)
        return others(StudyAnalysis(Study("two", runs), "mnist"))

    assert said("digits", "mnist") == ", dataset mnist; the page shows the others: digits"
    assert said("mnist") == ""


def test_an_unknown_parameter_is_refused_with_what_is_allowed(refuses):
    refuses("analysis.report", "--nosuch", "1", words=["--nosuch", "--study", "--metric"])


def test_a_study_without_a_finished_run_says_what_to_do(refuses, store):
    MlflowClient().create_experiment("young")
    refuses(
        "analysis.report",
        "--study",
        "young",
        words=["'young'", "no finished run", "make study"],
    )


@pytest.mark.parametrize(
    "uri", ["sqlite:///HERE/missing.db", "http://127.0.0.1:9", "sqlite:///HERE/broken.db"]
)
def test_an_empty_broken_or_unreachable_store_is_refused_in_one_line(
    refuses, store, monkeypatch, uri
):
    (store / "broken.db").write_bytes(b"this is not SQLite" * 100)
    uri = uri.replace("HERE", str(store))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    refuses("analysis.report", words=[f"'{uri}'"])
    assert not (store / "missing.db").exists()
