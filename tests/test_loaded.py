"""What each command imports: MLflow, torch and other slow packages only where used."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT, environment
from records import record_study

HEAVY = (
    "altair",
    "mlflow",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.stats",
    "sklearn",
    "skops",
    "sqlalchemy",
    "streamlit",
    "torch",
)
PROGRAM = """
import contextlib, io, runpy, sys
heavy, module, *sys.argv = sys.argv[1:]
sys.argv = [module, *sys.argv]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    runpy.run_module(module, run_name="__main__", alter_sys=True)
print([name for name in heavy.split(",") if name in sys.modules])
"""
EXPORTED = str(ROOT / "app" / "example" / "functions")  # a study of several models and seeds


def loaded(folder, module, *arguments):
    """Which packages of HEAVY `python -m MODULE ARGUMENTS` has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(HEAVY), module, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


def said_by(program):
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def curve(tmp_path):
    rows = "".join(f"{n},{2 * n**-0.36 + 0.01}\n" for n in (100, 200, 400, 800, 1600, 3200))
    (tmp_path / "curve.csv").write_text(f"n,error\n{rows}")
    return tmp_path / "curve.csv"


@pytest.mark.parametrize(
    "module", ["tracking.main", "analysis.report", "analysis.export", "analysis.restore"]
)
def test_the_help_of_a_command_that_reads_loads_nothing_slow(tmp_path, module):
    assert loaded(tmp_path, module, "--help") == set()


@pytest.mark.parametrize(
    "module", ["experiments.run", "experiments.study", "experiments.answer"]
)
def test_the_help_of_a_command_that_trains_loads_nothing_slow(tmp_path, module):
    assert loaded(tmp_path, module, "--help") == set()


def test_an_untuned_network_takes_no_statistics_and_no_other_learners(store):
    known = loaded(store, "experiments.run", "--fraction", "0.05", "--max_steps", "20")
    assert known >= {"mlflow", "torch"}
    assert not known & {"altair", "scipy.stats", "sklearn", "skops", "streamlit"}


def test_a_training_takes_no_compiler():
    """Of torch: making its own optimiser would import that, for a second."""
    program = """
import sys
from experiments.tasks.load import load_task
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.schema import RunSettings
train(Trial(architecture="linear", max_steps=20, precision="fp32"), load_task(RunSettings()))
print("torch._dynamo" in sys.modules)
"""
    assert said_by(program) == "False"


def test_the_garbage_collector_does_not_look_through_what_a_command_imported():
    program = """
import atexit, gc
from tracking.command import run
atexit.register(lambda: print(gc.get_freeze_count() > 1000))  # the last to be called
run(lambda: print(gc.get_threshold()[0] > 10_000))
"""
    assert said_by(program).split() == ["True", "True"]


@pytest.mark.parametrize("wanted", [(), ("--target", "0.1"), ("--json",)], ids=str)
def test_the_answer_of_a_csv_loads_nothing_slow(curve, wanted):
    assert loaded(curve.parent, "analysis.report", curve, *wanted) == set()


def test_the_answer_of_an_exported_study_asks_no_store_and_draws_no_picture(tmp_path):
    assert loaded(tmp_path, "analysis.report", EXPORTED) == {"scipy.optimize"}


def test_every_section_of_a_csv_takes_the_charts_and_no_store(curve):
    known = loaded(curve.parent, "analysis.report", curve, "--full")
    assert "altair" in known
    assert not known & {"mlflow", "torch", "streamlit", "scipy.stats"}


def test_the_answer_of_a_study_in_the_store_loads_no_torch(store):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=1)
    known = loaded(store, "analysis.report", "--study", "demo")
    assert "mlflow" in known
    assert not known & {"torch", "streamlit"}
