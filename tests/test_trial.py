"""A Trial decides one run: what is out of range is refused, and its key is stable."""

import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import torch
import toys

from experiments.training.search_spaces import SEARCH_SPACES, TRAINING
from experiments.training.trial import Trial
from tracking.errors import InputError

DIFFERENT = {
    "dataset": "mnist",
    "architecture": "cnn",
    "fraction": 0.5,
    "sample": 1,
    "data_seed": 1,
    "search_seed": 1,
    "seed": 1,
    "search_space": "augmented",
    "max_steps": 1,
    "patience": 1,
    "precision": "bf16",
    "bracket": 1,
    "patience_epochs": 1.0,
    "halving": "another rule",
    "trainer": "own_trainers:fit_more",
    "examples": "100",
    "space": "{}",
    "target": "price",
    "text": "review",
    "group": "region",
    "kind": "regression",
    "form": "table",
    "shares": "3:2",
}
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fraction": 0.0}, ["fraction 0 ", "(0, 1]"]),
        ({"fraction": 2.0}, ["fraction 2 ", "(0, 1]"]),
        ({"fraction": 1.0000001}, ["fraction 1.0000001 ", "(0, 1]"]),
        ({"fraction": -0.1}, ["fraction -0.1 ", "(0, 1]"]),
        ({"fraction": float("nan")}, ["fraction nan ", "(0, 1]"]),
        ({"fraction": float("inf")}, ["fraction inf ", "(0, 1]"]),
        ({"sample": -1}, ["sample -1 ", "0, 1, 2"]),
        ({"data_seed": -2}, ["data_seed -2 ", "0, 1, 2"]),
        ({"search_seed": -3}, ["search_seed -3 ", "0, 1, 2"]),
        ({"seed": -4}, ["seed -4 ", "0, 1, 2"]),
        ({"max_steps": 0}, ["max_steps 0 ", "1 step or more"]),
        ({"patience": -1}, ["patience -1 ", "1 step or more"]),
        ({"precision": "fp8"}, ["'fp8'", "auto, fp32, bf16"]),
        ({"precision": "none"}, ["'none'", "'cnn'", "auto, fp32, bf16"]),
        ({"search_space": "wide"}, ["'wide'", *SEARCH_SPACES]),
        (
            {"search_space": "notebook", "architecture": "mlp"},
            ["'notebook'", "'mlp'", "'default'"],
        ),
        (
            {"architecture": "nosuch"},
            ["'nosuch'", "linear, mlp, cnn, resnet, forest", "package.module:function"],
        ),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_line(wrong, words):
    with pytest.raises(InputError) as refusal:
        Trial(**wrong)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


def test_hyperparameters_are_plain_values_or_refused(monkeypatch):
    monkeypatch.setattr(toys.narrow, "space", {"width": (np.int64(4), [8])})
    assert type(Trial(architecture="toys:narrow").hyperparameters["width"]) is int
    monkeypatch.setattr(toys.narrow, "space", {"width": (4, [dict])})
    with pytest.raises(InputError, match="width is <class 'dict'>; allowed: numbers, text"):
        Trial(architecture="toys:narrow", sample=1)
    monkeypatch.setattr(toys.narrow, "space", {"patience": (4, [8])})
    with pytest.raises(InputError, match="cannot have an option's name, 'patience'"):
        Trial(architecture="toys:narrow")


@pytest.mark.parametrize("fraction", [1e-9, 0.05, 1.0])
def test_every_fraction_above_0_and_up_to_1_is_allowed(fraction):
    assert Trial(fraction=fraction).fraction == fraction


def test_the_key_changes_with_every_field():
    assert set(DIFFERENT) == {field.name for field in fields(Trial) if field.init}
    usual = {"precision": "fp32", "architecture": "mlp"}
    keys = {
        Trial(**usual | {name: value}).resolved(CPU).key for name, value in DIFFERENT.items()
    }
    assert len(keys | {Trial(**usual).key}) == len(DIFFERENT) + 1


def test_the_key_changes_with_a_hyperparameter(monkeypatch):
    before = Trial(precision="fp32").key
    monkeypatch.setitem(TRAINING, "lr", (0.03, TRAINING["lr"][1]))
    assert Trial(precision="fp32").key != before


def test_the_key_is_the_same_in_another_process(elsewhere):
    trial = Trial(architecture="mlp", fraction=0.1, sample=3, data_seed=2, max_steps=20)
    assert elsewhere["key"] == trial.resolved(CPU).key


def test_a_trial_survives_being_sent_to_another_process():
    trial = Trial(architecture="resnet", fraction=0.25, sample=7, precision="fp32")
    copy = pickle.loads(pickle.dumps(trial))
    assert copy == trial
    assert copy.key == trial.key
    assert copy.hyperparameters == trial.hyperparameters


def test_a_trial_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Trial().fraction = 0.5


# --- precision -------------------------------------------------------------------------------


def test_the_automatic_precision_is_resolved_before_it_enters_the_key():
    trial = Trial(max_steps=5)
    with pytest.raises(ValueError, match="precision 'auto' is not resolved"):
        _ = trial.key
    resolved = trial.resolved(CPU)
    assert resolved.precision in ("fp32", "bf16")
    assert resolved.key == Trial(max_steps=5, precision=resolved.precision).key
    assert resolved.resolved(CPU) is resolved


@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16", "none"])
def test_what_is_not_trained_by_steps_has_no_precision(precision):
    trial = Trial(architecture="forest", precision=precision)
    assert trial.resolved(CPU).precision == "none"
    assert trial.resolved(CPU).key == Trial(architecture="forest", precision="none").key
    assert trial.is_resolved == (precision == "none")


def test_a_precision_that_is_asked_for_stays_in_the_key_as_in_the_first_stores():
    """Computed before the precision was resolved."""
    budget = {"max_steps": 10_000, "patience_epochs": 0.0}
    assert Trial(precision="fp32", **budget).key == "0518f259ec043350"
    other = Trial(architecture="mlp", sample=3, fraction=0.5, precision="bf16", **budget)
    assert other.key == "f5f4e6540a8fa8d0"
