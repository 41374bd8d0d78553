"""MLproject, conda.yaml and requirements.txt say the same as the code, to MLflow's own readers."""

import re
import sys
import tomllib
from dataclasses import fields
from fnmatch import fnmatch

import pytest
from conftest import ROOT
from mlflow.projects._project_spec import load_project
from mlflow.utils.environment import _PythonEnv

from analysis import report
from experiments import study
from experiments.run import TRIAL_FIELDS, Parser, add_trial_arguments
from experiments.trial import Trial

LISTS = ("requirements.txt", "requirements-ray.txt")


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


def test_mlproject_has_three_entry_points_and_its_environment(project):
    assert set(project._entry_points) == {"main", "study", "report"}
    assert project.env_config_path.endswith("conda.yaml")


def test_mains_parameters_are_those_of_a_trial_with_the_same_defaults(project):
    parser = Parser("main")
    add_trial_arguments(parser)
    expected = vars(parser.parse_args([]))
    assert set(TRIAL_FIELDS) < set(expected)
    assert defaults(project, "main") == {name: str(value) for name, value in expected.items()}


def test_mains_parameters_are_typed_as_a_trials_fields(project):
    parameters = project.get_entry_point("main").parameters
    types = {str: "string", float: "float", int: "int"}
    typed = {field.name: types[field.type] for field in fields(Trial) if field.name in TRIAL_FIELDS}
    assert {name: parameters[name].type for name in typed} == typed


def test_the_studys_parameters_and_defaults_are_those_of_its_command(project):
    given = defaults(project, "study")
    asked = [part for name, value in given.items() for part in (f"--{name}", value)]
    assert vars(study.parse(asked)) == vars(study.parse([]))
    without_default = {name: value for name, value in vars(study.parse([])).items() if name not in given}
    assert without_default == {}


def test_the_reports_parameters_and_defaults_are_those_of_its_command(project):
    given = defaults(project, "report")
    asked = [part for name, value in given.items() for part in (f"--{name}", value)]
    assert vars(report.parse(asked)) == vars(report.parse([]))


@pytest.mark.parametrize("entry_point", ["main", "study", "report"])
def test_every_parameter_reaches_the_command_under_its_own_name(project, entry_point):
    given = {name: f"value-{name}" for name in defaults(project, entry_point)}
    line = command(project, entry_point, **given)
    assert dict(arguments(line)) == given
    assert line.startswith("python -m ")


def test_a_parameter_that_mlproject_lacks_reaches_the_command_and_is_refused_there(project):
    assert ("nosuch", "1") in arguments(command(project, "main", nosuch="1"))


def test_a_note_with_spaces_stays_one_argument(project):
    assert "--note 'half of the images; ours'" in command(project, "study", note="half of the images; ours")


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


def test_every_requirement_is_pinned_exactly():
    lines = [line for name in LISTS for line in (ROOT / name).read_text().splitlines()]
    requirements = [line.partition("#")[0].strip() for line in lines]
    requirements = [line for line in requirements if line]
    loose = [line for line in requirements if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[\w.+]+", line)]
    assert loose == []
    assert len(requirements) == len({line.partition("==")[0].lower() for line in requirements}) > 5


def test_pyproject_takes_its_dependencies_from_requirements():
    read = pyproject()
    assert "dependencies" in read["project"]["dynamic"]
    dynamic = read["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": ["requirements.txt"]}
    assert dynamic["optional-dependencies"] == {"ray": {"file": ["requirements-ray.txt"]}}


def test_pyproject_installs_every_package():
    include = pyproject()["tool"]["setuptools"]["packages"]["find"]["include"]
    folders = {path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py")}
    ours = {".".join(folder.parts) for folder in folders if folder.parts[0] in ("experiments", "analysis", "app")}
    assert len(ours) > 3
    assert all(any(fnmatch(name, pattern) for pattern in include) for name in ours)
    assert not any(fnmatch("tests", pattern) or fnmatch("benchmarks", pattern) for pattern in include)


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
