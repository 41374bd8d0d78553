"""A Trial decides one run; its key is stable; draws are seeded, independent of K and within the published ranges."""

import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from experiments import InputError
from experiments.models import ARCHITECTURES
from experiments.trial import SEARCH_SPACES, TRAINING, Trial, draw, named_seed, search_space

architectures = st.sampled_from(sorted(ARCHITECTURES))
DIFFERENT = {
    "dataset": "mnist",
    "architecture": "mlp",
    "fraction": 0.5,
    "sample": 1,
    "data_seed": 1,
    "search_seed": 1,
    "seed": 1,
    "search_space": "notebook",
    "max_steps": 1,
    "patience": 1,
    "precision": "fp32",
    "bracket": 1,
}

# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fraction": 0.0}, ["fraction 0 ", "(0, 1]"]),
        ({"fraction": 2.0}, ["fraction 2 ", "(0, 1]"]),
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
        ({"search_space": "wide"}, ["'wide'", *SEARCH_SPACES]),
        ({"search_space": "notebook", "architecture": "mlp"}, ["'notebook'", "'mlp'", "'default'"]),
        ({"architecture": "nosuch"}, ["'nosuch'", "linear, mlp, cnn, resnet, forest", "package.module:function"]),
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


# --- the key -----------------------------------------------------------------------------------------


def test_the_key_changes_with_every_field():
    assert set(DIFFERENT) == {field.name for field in fields(Trial) if field.init}
    keys = {Trial(**{name: value}).key for name, value in DIFFERENT.items()}
    assert len(keys | {Trial().key}) == len(DIFFERENT) + 1


def test_the_key_changes_with_a_hyperparameter(monkeypatch):
    before = Trial().key
    monkeypatch.setitem(TRAINING, "lr", (0.03, TRAINING["lr"][1]))
    assert Trial().key != before


def test_the_key_is_the_same_in_another_process(elsewhere):
    trial = Trial(architecture="mlp", fraction=0.1, sample=3, data_seed=2, max_steps=20)
    assert elsewhere["key"] == trial.key


def test_a_trial_survives_being_sent_to_another_process():
    trial = Trial(architecture="resnet", fraction=0.25, sample=7)
    copy = pickle.loads(pickle.dumps(trial))
    assert copy == trial
    assert copy.key == trial.key
    assert copy.hyperparameters == trial.hyperparameters


def test_a_trial_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Trial().fraction = 0.5


# --- draws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_sample_0_is_the_untuned_default(architecture):
    defaults = {name: default for name, (default, _) in search_space(architecture).items()}
    assert draw(architecture, 0) == defaults == draw(architecture, 0, search_seed=9)


def test_the_defaults_of_the_cnn_are_the_notebooks():
    sizes = {"conv1_size": 6, "conv2_size": 16, "fc1_size": 120, "fc2_size": 84}
    assert sizes.items() <= draw("cnn", 0).items()
    assert sizes.items() <= draw("cnn", 0, space="notebook").items()


@given(architectures, st.integers(1, 10_000), st.integers(0, 2**31))
def test_a_draw_depends_on_its_own_number_only(architecture, sample, seed):
    first = draw(architecture, sample, seed)
    draw(architecture, sample + 1, seed)
    np.random.rand()
    assert (
        draw(architecture, sample, seed)
        == first
        == Trial(architecture=architecture, sample=sample, search_seed=seed).hyperparameters
    )


def test_a_draw_is_the_same_in_another_process(elsewhere):
    assert draw("cnn", 5, 1) == elsewhere["draw"]


def test_samples_and_search_seeds_draw_different_values():
    assert len({draw("mlp", sample, seed)["lr"] for sample in range(1, 21) for seed in range(3)}) == 60


@given(architectures, st.integers(1, 10_000), st.integers(0, 100))
def test_every_draw_lies_in_its_range(architecture, sample, seed):
    drawn = draw(architecture, sample, seed)
    space = search_space(architecture)
    assert list(drawn) == sorted(space) or set(drawn) == set(space)
    for name, value in drawn.items():
        choices = space[name][1]
        assert type(value) in (int, float, str)  # numpy's own would not go into JSON
        if isinstance(choices, list):
            assert value in choices
        else:
            low, high = choices.support()
            assert low <= value <= high


@pytest.fixture(scope="module")
def notebook():
    """Many draws from the notebook's space: name -> array."""
    drawn = [draw("cnn", sample, space="notebook") for sample in range(1, 1501)]
    return {name: np.array([values[name] for values in drawn]) for name in drawn[0]}


@pytest.mark.parametrize(("name", "low", "high"), [("lr", -6, -1), ("weight_decay", -6, -3), ("momentum", -1, 0)])
def test_the_notebooks_scales_are_log_uniform_over_its_ranges(notebook, name, low, high):
    exponents = np.log10(notebook[name])
    assert low <= exponents.min() < low + 0.02 * (high - low)
    assert high >= exponents.max() > high - 0.02 * (high - low)
    assert kstest(exponents, "uniform", (low, high - low)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("conv1_size", 10, 100), ("conv2_size", 10, 100), ("fc1_size", 30, 200), ("fc2_size", 30, 200)],
)
def test_the_notebooks_widths_are_uniform_over_its_ranges_ends_included(notebook, name, low, high):
    widths = notebook[name]
    assert (widths.min(), widths.max()) == (low, high)
    assert widths.dtype.kind == "i"
    assert kstest(widths, "uniform", (low - 0.5, high - low + 1)).pvalue > 1e-3


def test_the_notebooks_space_holds_nothing_else(notebook):
    varied = {name for name, values in notebook.items() if len(set(values)) > 1}
    assert varied == {"lr", "weight_decay", "momentum", "conv1_size", "conv2_size", "fc1_size", "fc2_size"}


def test_learning_rates_of_the_default_space_are_log_uniform():
    exponents = np.log10([draw("mlp", sample)["lr"] for sample in range(1, 501)])
    low, high = np.log10(TRAINING["lr"][1].support())
    assert kstest(exponents, "uniform", (low, high - low)).pvalue > 1e-3


def test_the_users_own_architecture_brings_its_own_space():
    assert draw("toys:narrow", 0)["width"] == 4
    assert {draw("toys:narrow", sample)["width"] for sample in range(1, 30)} == {8, 16}


def test_a_classical_model_has_no_learning_rate():
    assert set(draw("forest", 1)) == set(ARCHITECTURES["forest"].space)


def test_the_same_names_give_the_same_seed_and_others_another():
    assert named_seed("init", 0, 1) == named_seed("init", 0, 1)
    assert len({named_seed("init", 0, 1), named_seed("init", 1, 0), named_seed("batches", 0, 1)}) == 3
    assert 0 <= named_seed("init") < 2**32
