"""Classes and real values are told apart by the target; what is neither is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.tasks.targets import find_kind, quantile_bins, read_targets
from tracking.errors import InputError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (["yes", "no"] * 10, "classification"),
        ([True, False] * 10, "classification"),
        (np.arange(60) % 3, "classification"),
        ((np.arange(60) % 3).astype(float), "classification"),
        (np.arange(3000) % 100, "classification"),
        (np.arange(1, 3001) % 100, "classification"),
        (RNG.normal(size=60), "regression"),
        ([0.5, 1.0, 1.5] * 10, "regression"),
        (np.arange(25, 85), "regression"),
        (np.arange(60), "regression"),
        (RNG.integers(20, 90, 5000), "regression"),
        ([3, 1, 2], "regression"),
    ],
    ids=[
        "text",
        "true or false",
        "three classes",
        "whole floats",
        "codes from 0",
        "codes",
        "normal numbers",
        "half grades",
        "ages, once each",
        "numbers, once each",
        "ages",
        "three numbers",
    ],
)
def test_the_target_tells_classes_from_real_values(target, kind):
    assert find_kind(np.asarray(target)) == kind


def test_kind_overrules_what_the_target_looks_like():
    counts = np.arange(60) % 15
    assert read_targets({"training": counts}, "x").kind == "classification"
    assert (
        read_targets({"training": counts}, "x", "regression").sets["training"].dtype == float
    )


def test_classes_are_numbered_in_their_order_whatever_they_are():
    for labels in (
        ["b", "a", "b"] * 4,
        [7, 3, 7] * 4,
        [[7], [3], [7]] * 4,
        [1.0, -1.0, 1.0] * 4,
    ):
        targets = read_targets({"training": labels}, "x")
        assert targets.sets["training"].tolist() == [1, 0, 1] * 4


@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=200))
def test_bins_hold_a_tenth_each_and_keep_the_order(values):
    values = np.array(values)
    bins = quantile_bins(values)
    counts = np.bincount(bins, minlength=10)
    assert counts.max() - counts.min() <= 1
    for one in range(9):
        assert values[bins == one].max() <= values[bins == one + 1].min()


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        (np.eye(3)[np.arange(30) % 3], "auto", ["one-hot", "(30, 3)", "y.argmax(axis=1)"]),
        (np.ones((30, 3), int), "auto", ["multi-label", "y[:, 0]"]),
        (RNG.normal(size=(30, 3)), "auto", ["(30, 3)", "one for each"]),
        (RNG.normal(size=60), "classification", ["60 different numbers", "regression"]),
        (np.arange(60), "classification", ["60 different numbers"]),
        ([-1, 0, 1, 2] * 5, "auto", ["label -1", "without a label"]),
        (["a", None] * 5, "auto", ["a label is missing"]),
        ([0.5, np.nan] * 5, "auto", ["a label is missing"]),
        ([0.5, np.inf] * 5, "auto", ["infinity"]),
        ([0.5] * 10, "auto", ["0.5 everywhere"]),
        (["a"] * 10, "auto", ["1 class", "at least 2"]),
        (["1.5", "red"] * 5, "regression", ["'red'", "numbers"]),
        (np.zeros(10, complex), "auto", ["complex128"]),
        ([f"2020-{day:03}" for day in range(60)], "auto", ["60 different texts in 60 rows"]),
        ([f"{n},5" for n in range(60)] + ["0,5"] * 9, "auto", ["'0,5'", "like 1234.5"]),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused_in_one_line(target, kind, words):
    with pytest.raises(InputError) as refusal:
        read_targets({"training": target}, "mine", kind)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in ["mine", *words] if word not in said] == [], said


def test_a_class_that_was_never_trained_is_named_with_its_set():
    with pytest.raises(InputError, match="class 'c' is in the validation set only"):
        read_targets({"training": ["a", "b"] * 5, "validation": ["a", "c"]}, "x")
