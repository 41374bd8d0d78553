"""A trainer of one's own is a function: called, checked, and compared like an architecture."""

import inspect
import math

import numpy as np
import own_cnn
import own_trainers
import pytest
import torch
from mlflow import MlflowClient
from own_trainers import N
from scipy.stats import loguniform

from experiments import study
from experiments.orchestration import engine
from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.training.results import Diverged, TrainerFailed
from experiments.training.subsets import subset_indices
from experiments.training.train import train
from experiments.training.trainers import find_trainer, trainer_texts
from experiments.training.trial import Trial
from tracking.errors import InputError
from tracking.schema import ENDED, RunSettings

CPU = torch.device("cpu")


def leaving(data_dir):
    raise SystemExit(3)


def own(trainer, examples="", space="", **more):
    """The task of a trainer, and one of its trials."""
    if ":" not in trainer:
        trainer = f"own_trainers:{trainer}"
    asked = RunSettings(trainer=trainer, examples=examples, space=space, **more)
    settings = with_trainer(asked)
    task = load_task(settings)
    return task, Trial(**vars(on_task(settings, task))).resolved(CPU)


def trained(trainer, **more):
    task, trial = own(trainer, **more)
    return train(trial, task)


# --- what it is given, and what becomes of its answer ----------------------------------------


def test_it_gets_the_studys_nested_indices_its_hyperparameters_and_a_seed(monkeypatch):
    given = []

    def noting(indices, hyperparameters, seed):
        given.append((indices, hyperparameters, seed))
        return own_trainers.GOOD

    noting.examples = own_trainers.LABELS
    noting.space = {"width": (64, [32, 64])}
    monkeypatch.setattr(own_trainers, "noting", noting, raising=False)
    for settings in ({"fraction": 0.1}, {"fraction": 0.2}, {"fraction": 0.2, "data_seed": 1}):
        trained("noting", **settings)
    (few, hyperparameters, seed), (more, _, same), (others, _, other) = given
    assert np.array_equal(few, more[: len(few)])
    assert np.array_equal(more, subset_indices(own_trainers.LABELS, 0.2, 0))
    assert set(more) != set(others)
    assert np.bincount(own_trainers.LABELS[few]).tolist() == [10] * 4
    assert hyperparameters == {"width": 64}
    assert seed == same != other


def test_what_it_returns_is_the_result():
    result = trained("fit", fraction=0.5)
    assert (
        result.best.val["loss"]
        == own_trainers.fit(
            range(200), {"lr": 0.01}, own("fit", fraction=0.5)[1].seed_for("trainer")
        )["val_loss"]
    )
    assert (result.n_train, result.precision, result.n_parameters) == (200, "none", None)
    assert result.test.errors == {"loss": 0.01}


def test_the_measure_it_declares_chooses_and_a_score_is_turned_over_for_that_alone():
    result = trained("fit_more")
    assert [one.name for one in result.measures] == ["accuracy", "loss"]
    assert result.best.cost == pytest.approx(1 - result.best.val["accuracy"])
    assert result.test.values["accuracy"] > 0.9


def test_examples_are_a_number_labels_or_a_function_of_data_dir(monkeypatch):
    def loaded(data_dir):
        return np.linspace(0, 1, 50) if data_dir == "data" else 7

    for examples, n, classes, strata in (
        (30, 30, 0, 1),
        (["a", "b", "b"], 3, 2, 2),
        (np.array([0.0, 1.0, 1.0]), 3, 2, 2),
        (loaded, 50, 0, 10),
    ):
        monkeypatch.setattr(own_trainers.fit, "examples", examples)
        task, _ = own("fit")
        assert (len(task), task.classes) == (n, classes)
        assert len(np.unique(task.strata)) == strata
        assert task.describe() == f"{n} examples in the pool"


def test_the_dataset_of_its_runs_is_called_as_it_says(monkeypatch):
    assert own("fit")[1].dataset == "own"
    monkeypatch.setattr(own_trainers.fit, "dataset", "flowers", raising=False)
    task, trial = own("fit")
    assert task.name == trial.dataset == "flowers"
    assert (trial.form, trial.architecture) == ("own", "own_trainers:fit")


def test_its_fingerprint_tells_other_examples_apart(monkeypatch):
    before = own("fit")[0].fingerprint
    assert own("fit")[0].fingerprint == before
    monkeypatch.setattr(own_trainers.fit, "fingerprint", "v2", raising=False)
    assert own("fit")[0].fingerprint != before


def test_a_torch_trainer_equals_the_built_in_cnn_to_the_last_digit(monkeypatch, digits):
    """Where the chances are the same; the command is in test_command_trainer.py."""
    monkeypatch.setattr(Trial, "seed_for", lambda trial, purpose: 7)
    shared = {"fraction": 0.2, "max_steps": own_cnn.STEPS, "data_seed": 3}
    built_in = train(Trial(architecture="cnn", precision="fp32", **shared), digits)
    function = trained("own_cnn:fit", **shared)
    assert [row.val for row in function.history] == [row.val for row in built_in.history]
    assert function.test.values == built_in.test.values
    assert function.subset_fingerprint == built_in.subset_fingerprint


def test_numbers_of_numpy_and_torch_are_numbers():
    result = trained("as_numbers_of_numpy_and_torch")
    assert (result.best.cost, result.test.values["loss"]) == (0.5, 0.5)


# --- wrong ones ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trainer", "kind", "words"),
    [
        ("nothing", InputError, "returned None; allowed: a mapping such as"),
        ("a_number", InputError, "returned float; allowed: a mapping"),
        ("not_a_number", Diverged, "val_loss is nan; allowed: 0 or more"),
        ("endless", Diverged, "test_loss is inf; allowed: 0 or more"),
        ("negative", InputError, "loss is -0.5; allowed: 0 or more"),
        ("half", InputError, "returned val_loss without test_loss; allowed: both"),
        ("misnamed", InputError, "returned 'loss'; allowed: val_…, test_…"),
        ("in_words", InputError, "returned val_loss = 'low'; allowed: a number"),
        ("in_per_cent", InputError, "accuracy is 93; allowed: 0 to 1"),
        ("raising", TrainerFailed, "raised ValueError: no such width"),
        ("leaving", TrainerFailed, "raised SystemExit: 3"),
        ("a_number_as_text", InputError, "returned val_loss = '0.5'; allowed: a number"),
        ("true", InputError, "returned val_loss = True; allowed: a number"),
        ("several", InputError, "returned val_loss = array([0.5, 0.6]); allowed: a number"),
        ("endless_integer", InputError, "returned val_loss = 1000"),
        ("gigantic", InputError, "returned val_loss = 1e+200; allowed: up to 1e+150"),
        ("negative_se", InputError, "test_loss_se = -0.1; allowed: 0 or more"),
        ("no_se", InputError, "test_loss_se = nan; allowed: 0 or more"),
        ("half_a_step", InputError, "steps = 1.5; allowed: 0, 1, 2"),
        ("with_a_comma", InputError, "'val_a,b'; allowed in the name of a measure"),
        ("long_winded", InputError, "allowed in the name of a measure: up to 100 letters"),
        ("speechless", TrainerFailed, "raised Speechless"),
        ("unclosable", TrainerFailed, "raised ValueError: not now"),
        ("other_arguments", InputError, "takes (x, y); allowed: fit(indices, hyperparam"),
    ],
)
def test_a_wrong_trainer_gets_one_line_that_names_it_and_what_is_allowed(trainer, kind, words):
    with pytest.raises(kind) as refusal:
        trained(trainer)
    said = str(refusal.value)
    assert said.startswith(f"trainer 'own_trainers:{trainer}'")
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        (None, "examples is missing"),
        (0, "0 examples"),
        (-3, "-3 examples"),
        (2.5, "examples is 2.5"),
        (True, "examples is True"),
        ([], "examples is list"),
        ([[1, 2]], "examples is list"),
        ([0.5, math.nan], "a label of its examples is missing"),
        (["a", None], "a label of its examples is missing"),
        ([object(), object()], "a label of its examples is object"),
        (10**13, "10,000,000,000,000 examples of trainer"),
        (leaving, "cannot be had: 3"),
        (lambda data_dir: 1 / 0, "cannot be had: division by zero"),
    ],
)
def test_examples_that_are_none_are_refused_in_one_line(monkeypatch, examples, words):
    monkeypatch.setattr(own_trainers.fit, "examples", examples)
    with pytest.raises(InputError) as refusal:
        own("fit")
    assert "'own_trainers:fit'" in str(refusal.value)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "space",
    [
        3,
        {"lr": 0.1},
        {"lr": (0.1, 0.2)},
        {"lr": (0.1, [])},
        {"lr": (0.1, loguniform)},  # without its range
        {"seed": (1, [1])},
        {"n_train": (1, [1])},
        {ENDED: (1, [1])},
        {1: (1, [1])},
        {"": (1, [1])},
        {"../lr": (1, [1])},
    ],
)
def test_a_space_that_is_none_is_refused_in_one_line(monkeypatch, space):
    monkeypatch.setattr(own_trainers.fit, "space", space)
    with pytest.raises(InputError, match="trainer 'own_trainers:fit': "):
        own("fit")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trainer", "nosuch"], ["'nosuch'", "package.module:function", "command:"]),
        (["--trainer", "nosuch:fit"], ["'nosuch:fit'", "cannot be imported"]),
        (["--trainer", "own_trainers:nosuch"], ["nosuch"]),
        (["--trainer", "own_trainers:N"], ["own_trainers:N", "int", "a function"]),
        (
            ["--trainer", "own_trainers:fit", "--dataset", "mnist"],
            ["'mnist'", "brings its own examples"],
        ),
        (
            ["--trainer", "own_trainers:fit", "--search_space", "augmented"],
            ["'augmented'", "own_trainers:fit"],
        ),
        (
            ["--trainer", "own_trainers:fit", "--examples", "100"],
            ["examples '100'", "fit.examples"],
        ),
        (
            ["--trainer", "own_trainers:fit", "--space", '{"x": [1, [1, 2]]}'],
            ["space", "no trainer takes x"],
        ),
        (["--space", '{"x": [1, [1, 2]]}'], ["space", "none is given"]),
        (["--examples", "100"], ["examples '100'", "none is given"]),
        (["--trainer", "own_trainers:fit", "--precision", "fp8"], ["'fp8'"]),
    ],
)
@pytest.mark.parametrize("module", ["experiments.run", "experiments.study"])
def test_what_cannot_be_meant_is_refused_in_one_line(refuses, store, module, arguments, words):
    refuses(module, *arguments, words=words)
    assert [found.name for found in MlflowClient().search_experiments()] == ["Default"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--trainers", "own_trainers:fit", "--architectures", "cnn"],
            ["architectures cnn", "trainers"],
        ),
        (
            ["--trainers", "own_trainers:fit", "--trainer", "own_trainers:fit_more"],
            ["trainer", "trainers"],
        ),
        (
            ["--trainers", "own_trainers:fit,own_trainers:careless"],
            ["'own_trainers:fit'", "'own_trainers:careless'", "400 and 400", "labels"],
        ),
    ],
)
def test_what_a_study_cannot_compare_is_refused_in_one_line(refuses, store, arguments, words):
    refuses("experiments.study", *arguments, words=words)


@pytest.mark.parametrize("name", ["fingerprint", "dataset"])
def test_trainers_that_say_they_have_other_examples_are_refused(
    refuses, store, monkeypatch, name
):
    for trainer, said in ((own_trainers.fit, "one"), (own_trainers.fit_more, "two")):
        monkeypatch.setattr(trainer, name, said, raising=False)
    trainers = "own_trainers:fit,own_trainers:fit_more"
    refuses("experiments.study", "--trainers", trainers, words=[name, "one and two"])


def test_an_architecture_and_a_trainer_are_refused_together(refuses, store):
    given = ["--trainer", "own_trainers:fit", "--architecture", "mlp"]
    refuses("experiments.run", *given, words=["'mlp'", "trainer", "one of them"])


# --- names -----------------------------------------------------------------------------------


def test_several_trainers_are_told_apart_where_commands_hold_commas():
    command = "command:python a.py --sizes 3,4 --map x:1,y {subset} {result}"
    given = f"own_trainers:fit, {command},mlproject:some/where,pack.age:steps"
    assert trainer_texts(given) == (
        "own_trainers:fit",
        command,
        "mlproject:some/where",
        "pack.age:steps",
    )
    assert trainer_texts("") == ()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (
            "python train.py --model a --subset {subset} --lr {lr} --out {result}",
            "python train.py --model a",
        ),
        ("python train.py --subset={subset} {result}", "python train.py"),
        ("./fit 'a b' {subset} --seed {seed} -o {result} -v", "./fit a b -v"),
    ],
)
def test_a_command_is_called_by_what_is_fixed_of_it(command, name):
    assert find_trainer(f"command:{command}", '{"lr": [0.1, [0.1]]}').name == name


# --- in a study ------------------------------------------------------------------------------


@pytest.fixture
def played(store, monkeypatch):
    """Studies whose workers are this process."""
    import jobs

    monkeypatch.setattr(engine, "run_here", jobs.here())

    def run(trainers, *more):
        given = ["--study", "own", "--trainers", trainers, "--fractions", "0.1,0.2,0.5,1"]
        study.main([*given, "--workers", "1", "--samples", "1", *more])

    return run


def runs_of(name="own"):
    client = MlflowClient()
    found = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    return [run for run in found if "trial" in run.data.tags]


def test_trainers_are_compared_like_architectures(played, capsys):
    played("own_trainers:fit,own_trainers:steps", "--samples", "2")
    said = capsys.readouterr().out
    assert "own: 400 examples in the pool" in said
    runs = runs_of()
    assert len(runs) == 2 * 4 * 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        trainer = run.data.params["trainer"]
        assert run.data.params["architecture"] == trainer
        assert (run.data.params["dataset"], run.data.params["form"]) == ("own", "own")
        assert run.data.tags["measures"] == "loss"
        assert run.data.metrics["test_loss"] > 0
        assert "n_parameters" not in run.data.metrics
    assert "own_trainers:steps" in said.split("next:")[-1] or "own_trainers:fit" in said


def test_launched_again_it_trains_nothing_and_other_examples_are_refused(
    played, capsys, monkeypatch
):
    played("own_trainers:fit", "--report", "false")
    played("own_trainers:fit", "--report", "false")
    assert "8 trials, 8 done, 0 to do" in capsys.readouterr().out
    monkeypatch.setattr(own_trainers.fit, "examples", N + 1)
    with pytest.raises(InputError, match="other examples of 'own'"):
        played("own_trainers:fit", "--report", "false")


def test_a_wrong_trainer_fails_its_trials_and_the_others_go_on(played, capsys):
    wrong = "raising,nothing,not_a_number,negative,other_arguments"
    trainers = ",".join(f"own_trainers:{name}" for name in f"careless,{wrong}".split(","))
    played(trainers, "--report", "false", "--retries", "0")
    said = capsys.readouterr().out
    for name in wrong.split(","):
        assert f"failed, 8 trials: {'diverged: ' * (name == 'not_a_number')}" in said
        assert f"trainer 'own_trainers:{name}'" in said
    status = {}
    for run in runs_of():
        status.setdefault(run.data.params["architecture"], set()).add(run.info.status)
    assert status.pop("own_trainers:careless") == {"FINISHED"}
    assert list(status.values()) == [{"FAILED"}] * 5
    failures = {run.data.tags.get("failure", "") for run in runs_of()}
    assert "trainer 'own_trainers:raising' raised ValueError: no such width" in failures


def test_other_keys_for_other_trials_fail_those_and_no_model_of_them_is_kept(played, capsys):
    played("own_trainers:fickle", "--report", "false", "--workers", "1")
    said = capsys.readouterr().out
    # the largest come first
    assert (
        "trainer 'own_trainers:fickle' returned loss; allowed: error, as in its other" in said
    )
    status = [run.info.status for run in runs_of()]
    assert sorted(status) == ["FAILED"] * 4 + ["FINISHED"] * 4
    assert all("failure" in run.data.tags for run in runs_of() if run.info.status == "FAILED")


def test_a_dry_run_says_that_the_time_is_not_known_and_knows_it_after_a_trial(played, capsys):
    played("own_trainers:fit", "--dry_run")
    said = capsys.readouterr().out
    assert "unknown" in said
    assert "not known before a first trial has ended" in said
    assert "it is not known how long it takes on 1 workers" in said
    played("own_trainers:fit", "--report", "false")
    played("own_trainers:fit", "--dry_run", "--samples", "2")
    said = capsys.readouterr().out.splitlines()[-2:]
    assert "from 8 finished runs" in said[0]
    assert said[1].startswith("about 0:00 on 1 workers")


def test_the_example_of_the_readme_is_a_study(played, capsys):
    played("example_trainer:fit", "--keep_models", "best")
    runs = runs_of()
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["measures"] for run in runs} == {"loss,accuracy"}
    client = MlflowClient()
    models = client.search_logged_models([runs[0].info.experiment_id])
    assert len(models) == 4
    assert len(inspect.getsource(__import__("example_trainer")).splitlines()) <= 25
