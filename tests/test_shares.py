"""Subsets with given shares of the classes: nested, seeded, and refused in one line."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient
from toys import short

from analysis.selection import best_runs
from experiments import study
from experiments.training.shares import weights_of
from experiments.training.subsets import stratified_order, subset_indices
from experiments.training.train import train
from tracking.errors import InputError
from tracking.runs import load_runs

NAMES = ("t-shirt", "shirt", "7")
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 80, 70]))
QUICK = ["--architectures", "linear", "--fractions", "0.1", "--samples", "0"]
QUICK += ["--max_steps", "2", "--workers", "1", "--keep_models", "none", "--report", "false"]


@given(st.lists(st.floats(0.1, 9), min_size=3, max_size=3), st.integers(0, 99))
def test_every_prefix_holds_each_class_within_one_of_its_weighted_share(weights, seed):
    order = stratified_order(LABELS, seed, np.array(weights))
    wanted = np.bincount(LABELS) * weights
    share = np.arange(1, len(order) + 1)[:, None] * wanted / wanted.sum()
    held = (LABELS[order][:, None] == np.arange(3)).cumsum(0)
    assert np.abs(held - share).max() < 1
    assert len(set(order)) == len(order)
    # it ends only where a class has no more
    full = (len(order) + 1) * wanted / wanted.sum() > np.bincount(LABELS) - 1e-6
    assert full.any()


def test_they_are_nested_and_begin_with_the_examples_that_come_without_shares():
    weights = np.array([1.0, 3.0, 1.0])
    small, large = (subset_indices(LABELS, fraction, 5, weights) for fraction in (0.1, 0.4))
    assert np.array_equal(small, large[: len(small)])
    usual = stratified_order(LABELS, 5)
    for number in range(3):
        mine = large[LABELS[large] == number]
        assert np.array_equal(mine, usual[LABELS[usual] == number][: len(mine)])


def test_weights_of_1_draw_what_no_shares_draw():
    assert np.array_equal(stratified_order(LABELS, 3, np.ones(3)), stratified_order(LABELS, 3))


def test_classes_are_known_by_name_in_any_case_and_by_number_and_others_keep_1():
    assert weights_of("Shirt:3, 0:0.5", NAMES).tolist() == [0.5, 3.0, 1.0]
    assert weights_of("7:2", NAMES).tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ("skirt:3", ["'skirt' is unknown", "t-shirt, shirt, 7", "up to 2"]),
        ("3:2", ["'3' is unknown", "t-shirt"]),
        ("shirt", ["class ''", "t-shirt, shirt"]),
        ("shirt:0", ["weight 0 is not allowed", "above 0"]),
        ("shirt:-1", ["weight -1 is not allowed"]),
        ("shirt:inf", ["weight inf is not allowed"]),
        ("shirt:many", ["'many' is no number", "class:weight"]),
        ("shirt:2,1:3", ["'shirt' is named twice"]),
        ("shirt:2,", ["class ''"]),
    ],
)
def test_what_is_no_share_is_refused_in_one_line(shares, words):
    with pytest.raises(InputError) as refused:
        weights_of(shares, NAMES)
    said = str(refused.value)
    assert "\n" not in said and f"shares '{shares}'" in said
    assert [word for word in words if word not in said] == [], said


def test_a_pool_with_too_few_of_a_class_says_what_is_allowed(tiny):
    assert len(tiny) == 90  # 30 of each class
    trial = short("linear", fraction=0.8, shares="1:4")
    with pytest.raises(InputError) as refused:
        train(trial, tiny)
    said = "72 examples take 48 of '1', of which the pool holds 30; allowed: up to 45 examples"
    assert said in str(refused.value)
    assert train(short("linear", fraction=0.5, shares="1:4"), tiny).n_train == 45


def test_a_trial_learns_from_the_shares_that_it_asks_for(tiny):
    result = train(short("linear", fraction=0.4, shares="2:4"), tiny)
    assert [one.n_train for one in result.slices] == [6, 6, 24]
    assert result.n_train == 36


def test_a_target_of_real_values_has_no_classes(refuses):
    options = ["--dataset", "diabetes", "--architectures", "linear", "--shares", "a:2"]
    refuses("experiments.study", *options, words=["shares 'a:2'", "here are none"])


def test_a_study_and_a_run_refuse_them_before_anything_is_trained(store, refuses):
    words = ["class 'ten' is unknown", "0, 1, 2"]
    refuses("experiments.study", *QUICK, "--shares", "ten:2", words=words)
    refuses("experiments.run", "--shares", "ten:2", "--architecture", "linear", words=words)
    refuses(
        "experiments.run",
        "--shares",
        "3:20",
        "--architecture",
        "linear",
        words=["allowed: up"],
    )
    assert not MlflowClient().search_runs(["0"])


def test_a_study_keeps_to_its_shares_and_its_keys(store, refuses):
    study.main([*QUICK, "--study", "mixed", "--shares", "3:2"])
    runs = load_runs("mixed")
    assert runs["shares"].tolist() == ["3:2"]
    refuses(
        "experiments.study",
        *QUICK,
        "--study",
        "mixed",
        words=["trained with shares '3:2', now ''", "a study of their own"],
    )


def test_runs_of_other_shares_are_no_points_of_the_same_curve():
    rows = [(n, shares) for n in (100, 200) for shares in ("", "", "a:2")]
    table = pd.DataFrame(rows, columns=["n_train", "shares"]).assign(
        dataset="d",
        architecture="cnn",
        data_seed=0,
        sample=range(6),
        status="FINISHED",
        best_val_loss=[3.0, 2.0, 1.0] * 2,
    )
    assert best_runs(table)["best_val_loss"].tolist() == [2.0, 2.0]
