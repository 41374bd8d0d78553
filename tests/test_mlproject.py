"""MLproject, conda.yaml, pyproject.toml and the lists of packages say the same as the code."""

import re
import sys
import tomllib
from fnmatch import fnmatch
from importlib import import_module

import pytest
from conftest import ROOT
from mlflow.projects._project_spec import load_project
from mlflow.utils.environment import _PythonEnv

from analysis.report import __main__ as report
from experiments import run
from experiments.orchestration import options as study
from tracking import schema
from tracking.command import Parser
from tracking.mlproject import mlproject

RUNTIME = "requirements.txt"
TEST = "requirements-test.txt"
RAY = "requirements-ray.txt"
PACKAGES = ("tracking", "experiments", "analysis", "app")


@pytest.fixture(scope="module")
def project():
    return load_project(str(ROOT))


def defaults(project, entry_point):
    """Parameters of an entry point as MLflow fills them in: name -> text."""
    parameters = project.get_entry_point(entry_point).parameters
    return {name: str(parameter.default) for name, parameter in parameters.items()}


def command(project, entry_point, **given):
    return project.get_entry_point(entry_point).compute_command(given, None)


def arguments(command_line):
    return re.findall(r"--(\w+) (\S+)", command_line)


def test_mlproject_has_four_entry_points_and_its_environment(project):
    assert set(project._entry_points) == {"main", "study", "answer", "report"}
    assert project.env_config_path.endswith("conda.yaml")


def test_mlproject_is_what_the_options_of_the_commands_make_of_it():
    made = "python -m tracking.mlproject > MLproject"
    assert (ROOT / "MLproject").read_text() == mlproject(), f"write it anew: {made}"


def test_mains_parameters_are_those_of_a_trial_with_the_same_defaults(project):
    expected = vars(Parser("experiments.run", "", run.OPTIONS).parse_args([]))
    asked = [one.name for one in schema.SETTINGS if one.asked]
    assert set(asked) < set(expected)
    assert defaults(project, "main") == {name: str(value) for name, value in expected.items()}


def test_mains_parameters_are_typed_as_a_trials_fields(project):
    parameters = project.get_entry_point("main").parameters
    types = {str: "string", float: "float", int: "int"}
    typed = {one.name: types[one.type] for one in schema.SETTINGS if one.asked}
    assert len(typed) > 5
    assert {name: parameters[name].type for name in typed} == typed


def test_the_studys_parameters_and_defaults_are_those_of_its_command(project):
    given = defaults(project, "study")
    asked = [part for name, value in given.items() for part in (f"--{name}", value)]
    assert study.parse(asked) == study.parse([])
    assert set(given) == {one.name for one in study.OPTIONS}


def test_the_reports_parameters_and_defaults_are_those_of_its_command(project):
    given = defaults(project, "report")
    asked = [part for name, value in given.items() for part in (f"--{name}", value)]
    assert vars(report.parse(asked)) == vars(report.parse([]))


@pytest.mark.parametrize("entry_point", ["main", "study", "answer", "report"])
def test_every_parameter_reaches_the_command_under_its_own_name(project, entry_point):
    given = {name: f"value-{name}" for name in defaults(project, entry_point)}
    line = command(project, entry_point, **given)
    assert dict(arguments(line)) == given
    assert line.startswith("python -m ")


def test_a_parameter_that_mlproject_lacks_reaches_the_command_and_is_refused_there(project):
    assert ("nosuch", "1") in arguments(command(project, "main", nosuch="1"))


def test_a_note_with_spaces_stays_one_argument(project):
    assert "--note 'half of the images; ours'" in command(
        project, "study", note="half of the images; ours"
    )


def test_mlflow_reads_conda_yaml():
    environment = _PythonEnv.from_conda_yaml(str(ROOT / "conda.yaml"))
    assert environment.dependencies == ["-r requirements.txt"]
    assert re.fullmatch(r"3\.\d+(\.\d+)?", environment.python)
    assert "pip" in environment.build_dependencies


def test_the_python_of_conda_yaml_is_allowed_by_pyproject():
    oldest = pyproject()["project"]["requires-python"].removeprefix(">=")
    conda = _PythonEnv.from_conda_yaml(str(ROOT / "conda.yaml")).python
    assert version(conda) >= version(oldest)
    assert sys.version_info[:2] >= version(oldest)


def version(text):
    return tuple(map(int, text.split(".")))[:2]


def requirements(name):
    """Lines of a list of packages, without comments."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [line for line in lines if line]


def distribution(requirement):
    """ray[client]==2.60.0 -> ray"""
    return re.match(r"[\w.-]+", requirement)[0].lower()


def test_every_requirement_is_pinned_exactly_and_stands_in_one_list():
    lines = [line for name in (RUNTIME, TEST, RAY) for line in requirements(name)]
    pinned = r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[\w.+]+"
    assert [line for line in lines if not re.fullmatch(pinned, line)] == []
    assert len(lines) == len({distribution(line) for line in lines}) > 5


def test_what_runs_needs_no_tool_of_the_tests():
    runtime = {distribution(line) for line in requirements(RUNTIME)}
    test = {distribution(line) for line in requirements(TEST)}
    tools = {"pytest", "hypothesis", "playwright", "psycopg2-binary", "ruff", "mypy"}
    assert tools <= test
    assert not tools & runtime


def test_pyproject_takes_its_dependencies_from_requirements():
    read = pyproject()
    assert {"dependencies", "optional-dependencies"} <= set(read["project"]["dynamic"])
    dynamic = read["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": [RUNTIME]}
    assert dynamic["optional-dependencies"] == {
        "ray": {"file": [RAY]},
        "test": {"file": [TEST]},
    }


def test_pyproject_installs_every_package():
    include = pyproject()["tool"]["setuptools"]["packages"]["find"]["include"]
    folders = {path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py")}
    ours = {".".join(folder.parts) for folder in folders if folder.parts[0] in PACKAGES}
    assert len(ours) > 3
    assert all(any(fnmatch(name, pattern) for pattern in include) for name in ours)
    assert not any(
        fnmatch("tests", pattern) or fnmatch("benchmarks", pattern) for pattern in include
    )


def test_every_folder_with_a_source_is_a_package():
    folders = {path.parent for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_pyproject_installs_the_files_that_are_no_sources():
    data = pyproject()["tool"]["setuptools"]["package-data"]
    files = {path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    files = {path for path in files if path.suffix not in (".py", ".pyc", ".pot")}
    packed = {
        path
        for name, patterns in data.items()
        for pattern in patterns
        for path in (ROOT / name).glob(pattern)
    }
    assert len(files) > 20
    assert files - packed == set()


def test_the_console_command_is_there():
    scripts = pyproject()["project"]["scripts"]
    module, _, function = scripts["scaling-study"].partition(":")
    assert callable(getattr(import_module(module), function))


def test_the_licence_is_there():
    project = pyproject()["project"]
    assert project["license"] == "Apache-2.0"
    text = (ROOT / project["license-files"][0]).read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_the_changelog_begins_with_the_version():
    heading = re.search(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading[1] == pyproject()["project"]["version"]


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
