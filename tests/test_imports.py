"""The house has floors, as ARCHITECTURE.md draws them.

Imports go one way and never in a circle, analysis speaks in report/ alone, and what reads the
results starts without torch.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from conftest import ROOT, environment

MAY_IMPORT = {
    "tracking": {"tracking"},
    "experiments": {"experiments", "tracking"},
    "analysis": {"analysis", "tracking"},
    "app": {"app", "analysis", "tracking"},
}
# Room: its floor. A room imports lower floors and itself; rooms of one floor are strangers.
FLOORS = {
    "analysis.reasons": 0,
    "analysis.curves": 1,
    "analysis.selection": 2,
    "analysis.diagnostics": 3,
    "analysis.comparison": 4,
    "analysis.decision": 4,
    "analysis.planning": 4,
    "analysis.report": 5,
    "analysis.advise": 6,
    "analysis.export": 6,
    "analysis.restore": 6,
    "analysis": 6,  # the names for users of Python
    "experiments.training": 0,
    "experiments.tasks": 1,
    "experiments.orchestration": 2,
    "experiments.teachers": 3,
    "experiments.run": 3,
    "experiments.answer": 3,
    "experiments.study": 3,
    "experiments": 3,
}
MODULES = {}  # full name: path
for folder in MAY_IMPORT:
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        MODULES[name.removesuffix(".__init__")] = path
SILENT = [
    name
    for name in MODULES
    if name.startswith("analysis.") and FLOORS[".".join(name.split(".")[:2])] < 5
]


def package(module: str) -> str:
    return module.partition(".")[0]


def room(module: str) -> str:
    """analysis.curves.forms -> analysis.curves"""
    return ".".join(module.split(".")[:2])


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@cache
def imported(module: str) -> set[str]:
    """Full names of what a source imports, wherever in it: modules, and names in modules."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(module: str) -> set[str]:
    """The modules of ours that a source imports."""
    found = set()
    for name in imported(module):
        if package(name) in MAY_IMPORT:
            found.add(name if name in MODULES else name.rpartition(".")[0])
    assert found <= set(MODULES), f"{module} imports {found - set(MODULES)}"
    return found


# --- one way


@pytest.mark.parametrize("module", MODULES)
def test_a_package_imports_those_below_it_alone(module):
    assert {package(name) for name in ours(module)} <= MAY_IMPORT[package(module)]


def test_every_room_has_a_floor():
    rooms = {room(name) for name in MODULES if package(name) in ("analysis", "experiments")}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize(
    "module", [name for name in MODULES if package(name) in ("analysis", "experiments")]
)
def test_no_import_goes_up_a_floor(module):
    mine = room(module)
    others = {room(name) for name in ours(module)} & set(FLOORS) - {mine}
    assert [name for name in others if FLOORS[name] >= FLOORS[mine]] == []


def test_no_circle_of_imports():
    try:
        TopologicalSorter({module: ours(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail("imports in a circle: " + " <- ".join(error.args[1]))


def test_the_map_names_every_file():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set()
    for heading, body in re.findall(
        r"^### (\S+)$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL
    ):
        rows = [line.split("|")[1] for line in body.splitlines() if line.startswith("|")]
        named |= {
            f"{heading}/{file}" for row in rows for file in re.findall(r"`(\w+\.py)`", row)
        }
    files = {str(path.relative_to(ROOT)) for path in MODULES.values()}
    assert named == {file for file in files if not file.endswith("__init__.py")}


# --- who may know what


@pytest.mark.parametrize(
    "module",
    [name for name in MODULES if room(name) in ("experiments.training", "experiments.tasks")],
)
def test_training_knows_nothing_of_mlflow(module):
    assert "mlflow" not in {package(name) for name in imported(module)}


@pytest.mark.parametrize(
    "module", [name for name in MODULES if package(name) in ("analysis", "app")]
)
def test_what_reads_the_results_opens_no_store_but_through_tracking(module):
    """MLflow's entities and exceptions are plain objects; a client may be handed on."""
    asked = {name for name in imported(module) if package(name) == "mlflow"}
    plain = ("mlflow.entities.", "mlflow.exceptions.", "mlflow.MlflowClient")
    assert [name for name in asked if not name.startswith(plain)] == []
    calls = [node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    assert "MlflowClient" not in [call.id for call in calls if isinstance(call, ast.Name)]


# --- who may speak


@pytest.mark.parametrize("module", SILENT)
def test_what_is_concluded_knows_nothing_of_how_it_is_said(module):
    assert [name for name in imported(module) if name.startswith("tracking.text")] == []


@pytest.mark.parametrize("module", SILENT)
def test_what_is_concluded_holds_no_sentence(module):
    assert [text for text in literals(tree(module)) if words(text) >= 4] == []


def literals(node: ast.AST) -> Iterator[str]:
    """Every string of a source but those for who calls it: docstrings, errors and help."""
    if isinstance(node, ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.keyword) and node.arg in ("help", "allowed"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        yield " … ".join(parts)
        nested = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    else:
        nested = list(ast.iter_child_nodes(node))
    for child in nested:
        yield from literals(child)


def words(text: str) -> int:
    """How many words stand in a text, {placeholders} aside."""
    return sum(bool(re.fullmatch(r"\W*[A-Za-z][a-z'’-]*\W*", part)) for part in text.split())


def test_a_sentence_is_told_from_what_is_none():
    source = '''
"""A docstring of a module, say."""
def f(x):
    """A docstring of a function, say."""
    raise ValueError(f"x must be above 0, got {x}")
    parser.add("x", help="a few words of help")
    columns = ["n", "value"], "median low high", "app/a b.py", f"{x} of {x}"
    return f"not enough {x} to say", "no data makes up for it"
'''
    found = [text for text in literals(ast.parse(source)) if words(text) >= 4]
    assert found == ["not enough  …  to say", "no data makes up for it"]


# --- what starts


def run(program: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(**variables),
        timeout=100,
    )


def test_tracking_analysis_and_app_load_no_torch(tmp_path):
    """The page runs as Streamlit would run it, here on a store that is not there."""
    modules = [
        name for name in MODULES if package(name) != "experiments" and name != "app.main"
    ]
    program = f"""
import sys
import {", ".join(modules)}
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(ROOT / "app" / "main.py")!r}, default_timeout=60).run()
assert not page.exception, page.exception
assert "analysis.report" in sys.modules
heavy = ("torch", "torchvision", "sklearn", "experiments")
print([name for name in heavy if name in sys.modules])
"""
    done = run(program, tmp_path, MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 0, done.stderr
    loaded = ast.literal_eval(done.stdout.splitlines()[-1])
    assert set(loaded) <= {"sklearn"}  # which MLflow may load for itself


def test_importing_the_experiments_trains_and_writes_nothing(tmp_path):
    modules = [name for name in MODULES if package(name) == "experiments"]
    done = run(f"import {', '.join(modules)}", tmp_path, MLFLOW_TRACKING_URI="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
