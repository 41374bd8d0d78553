"""Imports go one way, and what reads the results starts without torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, environment

OURS = {"experiments", "analysis", "app"}
MODULES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def named(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imported(path: Path) -> set[str]:
    """Full names of the modules that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)} & OURS


def ids(path):
    return named(path) if isinstance(path, Path) else None


@pytest.mark.parametrize("path", [path for path in MODULES if package(path) == "experiments"], ids=ids)
def test_experiments_import_nothing_but_experiments(path):
    assert ours(path) <= {"experiments"}


@pytest.mark.parametrize("path", [path for path in MODULES if package(path) == "analysis"], ids=ids)
def test_analysis_imports_nothing_but_analysis(path):
    assert ours(path) <= {"analysis"}


@pytest.mark.parametrize("path", [path for path in MODULES if package(path) == "app"], ids=ids)
def test_the_app_imports_nothing_of_ours_but_analysis(path):
    assert ours(path) <= {"analysis", "app"}


def test_what_is_concluded_knows_nothing_of_how_it_is_said():
    told = ("analysis.presentation", "analysis.report")
    knowing = {named(path) for path in MODULES if any(name.startswith(told) for name in imported(path))}
    assert {name for name in knowing if name.startswith("analysis") and not name.startswith(told)} == set()


def test_fits_know_nothing_of_what_is_made_of_them():
    allowed = ("analysis.fits", "analysis.language", "analysis.powerlaw", "analysis.forecast")
    for path in (ROOT / "analysis" / "fits").glob("*.py"):
        assert {
            name for name in imported(path) if name.startswith("analysis") and not name.startswith(allowed)
        } == set()


def test_training_knows_nothing_of_mlflow_or_of_what_calls_it():
    for name in ("trial", "data", "models", "train"):
        modules = imported(ROOT / "experiments" / f"{name}.py")
        assert not {module for module in modules if module.split(".")[0] == "mlflow"}
        assert not {module for module in modules if module.startswith(("experiments.run", "experiments.study"))}


def test_only_runs_reads_mlflow_s_store():
    clients = [named(path) for path in MODULES if "mlflow.MlflowClient" in imported(path)]
    assert [name for name in clients if not name.startswith("experiments")] == ["analysis.runs"]


def test_analysis_and_app_load_no_torch(tmp_path):
    """The page itself runs at its import, here on an empty store, as Streamlit would run it."""
    modules = [named(path) for path in MODULES if package(path) != "experiments" and path.name != "main.py"]
    program = f"""
import sys
import {", ".join(modules)}
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(ROOT / "app" / "main.py")!r}, default_timeout=60).run()
assert not page.exception, page.exception
assert "analysis.report" in sys.modules
print(sorted(name for name in ("torch", "torchvision", "sklearn", "experiments") if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path}/none.db"),
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    loaded = ast.literal_eval(done.stdout.splitlines()[-1])
    assert set(loaded) <= {"sklearn"}  # which MLflow may load for itself


def test_importing_the_experiments_trains_and_writes_nothing(tmp_path):
    modules = [named(path) for path in MODULES if package(path) == "experiments"]
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(modules)}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(MLFLOW_TRACKING_URI=""),
        timeout=100,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
