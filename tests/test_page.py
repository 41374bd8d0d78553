"""The page in every state, as Streamlit's own test runner sees it."""

import pytest
from conftest import ROOT
from records import record_study
from streamlit.testing.v1 import AppTest


def page(**inputs) -> AppTest:
    """The page after its first run, and again after each input: label of the widget -> value."""
    shown = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120).run()
    for label, value in inputs.items():
        (widget,) = [w for w in [*shown.selectbox, *shown.radio, *shown.text_input] if w.label == label]
        widget.set_value(value).run()
    assert not shown.exception
    return shown


def frames(shown: AppTest) -> list:
    return [frame.value for frame in shown.dataframe]


def test_an_empty_store_says_in_plain_words_what_to_run(store):
    shown = page()
    assert "no finished run" in shown.info[0].value
    assert any("make study" in text.value for text in shown.markdown)
    assert not shown.dataframe


def test_a_store_that_does_not_exist_gets_a_box_that_names_it(store):
    shown = page(**{"MLflow tracking store": "sqlite:////nowhere/mlflow.db"})
    assert "/nowhere/mlflow.db" in shown.info[0].value


def test_an_unreachable_server_gets_a_box_that_names_it(store):
    shown = page(**{"MLflow tracking store": "http://127.0.0.1:9"})
    assert "http://127.0.0.1:9" in shown.info[0].value


def test_somebody_elses_experiment_gets_a_box(store):
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_run(client.create_experiment("not ours"), run_name="foreign")
    shown = page(**{"Study (MLflow experiment)": "not ours"})
    assert "no finished run" in shown.info[0].value


@pytest.fixture
def study(store):
    record_study("demo", architectures={"cnn": 0.5, "linear": 0.3}, sizes=(50, 100, 200, 400, 800), samples=2)


def test_a_study_shows_its_exponents_close_to_the_true_ones(study):
    exponents = frames(page(**{"Study (MLflow experiment)": "demo"}))[0].set_index("architecture")
    assert float(exponents.loc["cnn", "exponent b"]) == pytest.approx(0.5, abs=0.05)
    assert float(exponents.loc["linear", "exponent b"]) == pytest.approx(0.3, abs=0.05)


def test_error_instead_of_loss_is_fitted_on_request(study):
    shown = page(**{"Study (MLflow experiment)": "demo"})
    loss = frames(shown)[0]
    shown.radio[0].set_value("error").run()
    assert not shown.exception
    assert not frames(shown)[0].equals(loss)


def test_untuned_and_tuned_stand_side_by_side(study):
    tables = frames(page(**{"Study (MLflow experiment)": "demo"}))
    (tuning,) = [table for table in tables if "untuned" in table]
    assert len(tuning) == 10
    assert (tuning["tuned"] <= tuning["untuned"] + 1e-12).all()


def test_the_runs_behind_a_point_can_be_chosen(study):
    shown = page(**{"Study (MLflow experiment)": "demo", "Architecture": "cnn", "Training images": 200})
    runs = frames(shown)[-1]
    assert len(runs) == 3
    assert set(runs["n_train"]) == {200}


def test_two_sizes_only_are_shown_without_a_law(store):
    record_study("short", architectures={"cnn": 0.5}, sizes=(50, 100), samples=1)
    shown = page(**{"Study (MLflow experiment)": "short"})
    assert "3" in str(frames(shown)[0].iloc[0].to_dict())  # needs at least 3 sizes


def test_what_the_images_are_is_said_where_results_are_shown(store):
    record_study(
        "noted", architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=0, note="batch 5 is the <b>test set</b>"
    )
    shown = page(**{"Study (MLflow experiment)": "noted"})
    assert any("batch 5 is the" in caption.value for caption in shown.caption)


def test_forecasts_and_a_target_are_answered(study):
    shown = page(**{"Study (MLflow experiment)": "demo"})
    said = [heading.value for heading in shown.subheader]
    for title in ("Forecasts", "Its own past forecasts", "Noise of a single point", "Was the search long enough?"):
        assert title in said
    shown.number_input[0].set_value(0.2).run()
    assert not shown.exception
    assert "Data needed for loss 0.2" in [heading.value for heading in shown.subheader]
