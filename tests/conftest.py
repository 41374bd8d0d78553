"""Shared by all tests: tiny data, a fresh MLflow store, the commands run as users run them,
and a time limit.
"""

import json
import os
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from records import record_classified, record_regressed
from toys import mislabelled, stripes

from experiments.tasks.images import load_data, split
from tracking.study import load_study

ROOT = Path(__file__).parent.parent
TESTS = Path(__file__).parent
SECONDS = 400  # a test that takes longer hangs, beside another on two busy cores
MAIN = sys.modules["__main__"]
MLFLOW_VARIABLES = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID")

settings.register_profile("house", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("house")


def pytest_configure(config):
    for line in (
        # MLflow 3.17 maps its tables with a strategy that SQLAlchemy 2.1 will drop; said at
        # the first connection.
        "ignore:The ``noload`` loader strategy is deprecated",
        # MLflow 3.17 describes its own chat messages with Any, and warns of it when
        # mlflow.pyfunc is imported.
        "ignore:.*Any type hint is inferred as AnyType:UserWarning",
    ):
        config.addinivalue_line("filterwarnings", line)
    torch.set_num_threads(1)  # as in a study
    # Children of `sh -c 'make test &'` ignore SIGINT, and so would theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Ends a test that hangs, its fixtures included; and gives back the main module that
    Streamlit's AppTest has replaced by the page, because spawned workers import it.
    """

    def stop(*_):
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    sys.modules["__main__"] = MAIN
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# --- data ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def digits():
    return load_data("digits")


@pytest.fixture(scope="session")
def tiny():
    """90 images to train on, 30 for validation, 30 for testing, learnt in a few steps.

    They are of 8x8 pixels and 3 classes.
    """
    return split("stripes", *stripes())


@pytest.fixture(scope="session")
def noisy():
    """The same with a quarter of the labels wrong: who trains too long overfits."""
    return split("mislabelled", *mislabelled())


# --- MLflow ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """An initialised SQLite store to copy, since creating its tables takes seconds."""
    import mlflow

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@contextmanager
def store_in(folder: Path, template: Path):
    """Make a copy of the empty store the tracking store, here and in child processes."""
    import mlflow

    shutil.copy(template, folder / "mlflow.db")
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(
            "update experiments set artifact_location = ?", (str(folder / "mlruns" / "0"),)
        )
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # where MLflow puts the artifacts of new experiments
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        for name in MLFLOW_VARIABLES:
            patch.setenv(name, "")  # so that it is unset again afterwards
            patch.delenv(name)
        patch.setattr("mlflow.tracking.fluent._active_experiment_id", None)
        patch.setenv("OMP_NUM_THREADS", "1")
        try:
            yield folder
        finally:
            while mlflow.active_run():
                mlflow.end_run()


@pytest.fixture
def store(tmp_path, empty_store):
    """A fresh tracking store; the folder it lies in, which is the working directory, too."""
    with store_in(tmp_path, empty_store):
        yield tmp_path


# --- commands --------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `python -m MODULE ARGUMENTS` within this process, which spares the imports: (exit
    code, out, err).
    """

    def run(module, *arguments):
        path = ROOT / module.replace(".", "/")
        path = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        capsys.readouterr()
        try:
            runpy.run_path(str(path), run_name="__main__")
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refuses(command):
    """Run a command on bad input: exit code 2 and one clear line, in which all of `words`
    occur.
    """

    def check(module, *arguments, words):
        code, out, err = command(module, *arguments)
        assert_one_line(code, out, err, words)

    return check


def assert_one_line(code, out, err, words):
    assert code == 2, out + err
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert [word for word in words if word not in err] == [], err
    assert "Traceback" not in out + err


def environment(**more):
    """For other processes: this Python first on the path, and the project and the toys
    importable.
    """
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}",
        **more,
    }


ELSEWHERE = """
import json, torch
from experiments.tasks.images import load_data
from experiments.training.search_spaces import draw
from experiments.training.subsets import fingerprint, subset_indices
from experiments.training.train import train
from experiments.training.trial import Trial
torch.set_num_threads(1)
trial = Trial(architecture="mlp", fraction=0.1, sample=3, data_seed=2, max_steps=20)
trial = trial.resolved(torch.device("cpu"))
data = load_data("digits")
subsets = [(fraction, seed) for fraction in (0.01, 0.3, 1.0) for seed in (0, 1)]
result = train(trial, data)
print(json.dumps({
    "key": trial.key,
    "draw": draw("cnn", 5, 1),
    "data": data.fingerprint,
    "subsets": {
        f"{fraction} {seed}": fingerprint(subset_indices(data.strata, fraction, seed))
        for fraction, seed in subsets
    },
    "losses": [
        result.best.val["loss"],
        result.test.values["loss"],
        result.history[0].train["loss"],
    ],
}))
"""


@pytest.fixture(scope="session")
def elsewhere():
    """What another process, with another hash seed, says about the same trial."""
    said = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        capture_output=True,
        text=True,
        env=environment(PYTHONHASHSEED="7"),
        timeout=120,
        check=True,
    )
    return json.loads(said.stdout)


# --- studies by other measures than loss and error -------------------------------------------


@pytest.fixture
def classified(store):
    return load_study(record_classified())


@pytest.fixture
def regressed(store):
    return load_study(record_regressed())
