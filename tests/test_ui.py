"""`make ui` opens MLflow where the training runs of a study are."""

import signal
import subprocess
import sys
import time
import webbrowser

import pytest
from conftest import environment
from mlflow import MlflowClient
from records import record_study

from tracking import ui


@pytest.fixture
def studies(store):
    for name in ("first", "second"):
        record_study(name, architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=1)
    return store


def test_it_is_the_training_view_of_the_study_asked_for(studies):
    number = MlflowClient().get_experiment_by_name("first").experiment_id
    place = f"#/experiments/{number}/runs?workflowType=machine_learning"
    assert ui.runs_page("first") == place
    assert ui.runs_page() != place  # that of the newest


def test_a_server_elsewhere_is_opened_and_none_is_started(studies, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(ui, "default_store", lambda: "http://me:s3cret@example.org:5000")
    monkeypatch.setattr(ui, "shown", lambda: "http://example.org:5000")
    ui.main(["--study", "first"])
    assert opened == [f"http://example.org:5000/{ui.runs_page('first')}"]
    assert "s3cret" not in capsys.readouterr().out


def test_it_serves_until_it_is_ended(studies):
    command = [sys.executable, "-m", "tracking.ui", "--study", "first", "--port", "5123"]
    variables = environment(BROWSER="true")
    with subprocess.Popen(
        command, cwd=studies, env=variables, stdout=subprocess.PIPE, text=True
    ) as server:
        lines = iter(server.stdout.readline, "")
        said = next(line for line in lines if line.startswith("the study's runs: "))
        assert (
            said.strip() == f"the study's runs: http://127.0.0.1:5123/{ui.runs_page('first')}"
        )
        server.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 30
        while server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.poll() is not None
        server.stdout.read()  # ends with the last process that could still write


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--study", "nosuch"], ["'nosuch'", "first"]),
        (["--port", "0"], ["port 0 ", "1 to 65535"]),
    ],
)
def test_bad_input_is_refused_in_one_line(refuses, studies, arguments, words):
    refuses("tracking.ui", *arguments, words=words)


def test_a_store_without_a_study_says_what_to_do(refuses, store):
    refuses("tracking.ui", words=["no study yet", "make study"])
