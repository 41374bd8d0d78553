"""Draws are seeded, independent of K and within the published ranges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from experiments.training.distributions import uniform
from experiments.training.networks import ARCHITECTURES
from experiments.training.search_spaces import TRAINING, draw, named_seed, search_space
from experiments.training.trial import Trial

architectures = st.sampled_from(sorted(ARCHITECTURES))


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
    assert (
        len({draw("mlp", sample, seed)["lr"] for sample in range(1, 21) for seed in range(3)})
        == 60
    )


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


@pytest.mark.parametrize(
    ("name", "low", "high"), [("lr", -6, -1), ("weight_decay", -6, -3), ("momentum", -1, 0)]
)
def test_the_notebooks_scales_are_log_uniform_over_its_ranges(notebook, name, low, high):
    exponents = np.log10(notebook[name])
    assert low <= exponents.min() < low + 0.02 * (high - low)
    assert high >= exponents.max() > high - 0.02 * (high - low)
    assert kstest(exponents, "uniform", (low, high - low)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("conv1_size", 10, 100),
        ("conv2_size", 10, 100),
        ("fc1_size", 30, 200),
        ("fc2_size", 30, 200),
    ],
)
def test_the_notebooks_widths_are_uniform_over_its_ranges_ends_included(
    notebook, name, low, high
):
    widths = notebook[name]
    assert (widths.min(), widths.max()) == (low, high)
    assert widths.dtype.kind == "i"
    assert kstest(widths, "uniform", (low - 0.5, high - low + 1)).pvalue > 1e-3


def test_the_notebooks_space_holds_nothing_else(notebook):
    varied = {name for name, values in notebook.items() if len(set(values)) > 1}
    assert varied == {
        "lr",
        "weight_decay",
        "momentum",
        "conv1_size",
        "conv2_size",
        "fc1_size",
        "fc2_size",
    }


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
    assert (
        len({named_seed("init", 0, 1), named_seed("init", 1, 0), named_seed("batches", 0, 1)})
        == 3
    )
    assert 0 <= named_seed("init") < 2**32


class Unhashable:
    """Draws of somebody's own."""

    __hash__ = None

    def __init__(self, value):
        self.value = value

    def rvs(self, random_state):
        return self.value


def test_spaces_of_one_name_are_never_taken_for_each_other():
    spaces = [
        {"x": (0, [0, 1])},
        {"x": (0, [False, True])},
        {"x": (0, [0.0, 1.0])},
        {"x": (0, Unhashable(5))},
        {"x": (0, Unhashable(6))},
        {"x": (0, uniform(2, 3))},
        {"x": (0, uniform(2, 4))},
    ]
    drawn = [draw("mine:fit", 1, ranges=space)["x"] for space in spaces]
    assert len({repr(one) for one in drawn}) == len(spaces)
    assert drawn == [draw("mine:fit", 1, ranges=space)["x"] for space in spaces]


def test_what_is_done_to_a_draw_changes_no_other():
    first = draw("cnn", 3)
    first["lr"] = "changed"
    assert draw("cnn", 3)["lr"] != "changed"
