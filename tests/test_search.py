"""Expected best of k draws, whether it still falls, and the exponent that fewer draws would
have given.
"""

import numpy as np
import pandas as pd
import pytest

from analysis.diagnostics.search import (
    BAND,
    adequacy,
    chances,
    chances_drawn_anew,
    draws,
    expected_best,
    exponents,
)

SIZES = (100, 200, 400, 800, 1600)


def runs_of(losses, n=100, architecture="cnn", **more):
    """A cell: sample 0 (untuned), then a run for each loss; nan is a diverged run."""
    rows = [{"sample": k, "best_val_loss": loss} for k, loss in enumerate([9.0, *losses])]
    table = pd.DataFrame(rows).assign(
        architecture=architecture, n_train=n, fraction=n / 1600, **more
    )
    table["test_loss"], table["test_error"] = (
        table["best_val_loss"] * 1.1,
        table["best_val_loss"] / 10,
    )
    lost = table["best_val_loss"].isna()
    return table.assign(
        status=np.where(lost, "FAILED", "FINISHED"),
        failure=np.where(lost, "diverged: NaN", ""),
        n_train=table["n_train"].astype(float).where(~lost),
    )


def test_the_chances_of_the_best_of_k_sum_to_one_and_move_to_the_best():
    assert chances(4, 1) == pytest.approx([0.25] * 4)
    for k in range(1, 6):
        assert chances(5, k).sum() == pytest.approx(1)
    assert chances(4, 4) == pytest.approx([1, 0, 0, 0])


def test_draws_made_anew_miss_the_best_one_by_chance():
    drawn = np.random.default_rng(0).integers(0, 4, (200_000, 4)).min(1)
    share = np.bincount(drawn, minlength=4) / len(drawn)
    assert chances_drawn_anew(4) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("count", [4, 8, 20])
def test_the_gain_of_the_last_doubling_is_told_without_bias(count):
    """Searches of log-normal losses: the mean told is what twice the draws bring in truth."""
    losses = np.exp(np.random.default_rng(count).normal(0, 0.2, (4000, count)))
    truth = losses.min(1).mean() / losses[:, : count // 2].min(1).mean()
    half = np.sort(losses, axis=1) @ chances(count, count // 2)
    full = np.sort(losses, axis=1) @ chances(count, count)
    assert full.mean() / half.mean() == pytest.approx(truth, abs=0.004)


def test_the_expected_best_is_what_drawing_without_replacement_gives():
    values = np.array([0.5, 0.2, 0.9, 0.4])
    best = expected_best(runs_of(values)).set_index("k")
    random = np.random.default_rng(0).permuted(np.tile(values, (200_000, 1)), axis=1)
    for k in (1, 2, 3, 4):
        drawn = random[:, :k].min(1)
        assert best["expected"][k] == pytest.approx(drawn.mean(), abs=0.003)
        assert [best["low"][k], best["high"][k]] == list(
            np.quantile(drawn, BAND, method="inverted_cdf")
        )
        assert best["test_loss"][k] == pytest.approx(1.1 * best["expected"][k])


def test_the_untuned_run_is_no_draw_and_a_diverged_one_is_the_worst():
    ((cell, found),) = draws(runs_of([0.3, np.nan, 0.6]))
    assert cell == ("cnn", 100)
    assert list(found["validation"]) == [0.3, 0.6, 0.6]


def test_runs_of_a_draw_that_differ_in_a_seed_become_their_mean():
    ((_, found),) = draws(pd.concat([runs_of([0.2, 0.6]), runs_of([0.4, 0.6])]))
    assert list(found["validation"]) == pytest.approx([0.3, 0.6])


def test_a_search_that_still_falls_is_told_from_one_that_does_not():
    short = runs_of([0.9, 0.8, 0.7, 0.1], n=100)
    enough = runs_of([0.5, 0.5, 0.5, 0.501], n=200)
    table = adequacy(expected_best(pd.concat([short, enough]))).set_index("n")
    assert list(table["falling"]) == [True, False]
    assert list(table["draws"]) == [4, 4]
    assert table["gain"][100] > 0.2
    assert 0 <= table["gain"][200] < 0.01


def test_one_draw_says_nothing_about_the_search():
    assert adequacy(expected_best(runs_of([0.5]))).empty
    assert adequacy(expected_best(runs_of([]))).empty


def test_the_exponent_is_that_of_the_law_for_every_number_of_draws():
    cells = [runs_of(n**-0.4 * np.array([1.0, 1.2, 1.5, 3.0]), n=n) for n in SIZES]
    table = exponents(expected_best(pd.concat(cells)))
    assert list(table["k"]) == [1, 2, 3, 4]
    assert table["exponent"].to_numpy() == pytest.approx(0.4, abs=0.02)
    assert (table["low"] <= 0.4).all()
    assert (table["high"] >= 0.4).all()


def test_a_lucky_search_bends_the_law_that_few_draws_give():
    random = np.random.default_rng(1)
    cells = [runs_of(n**-0.4 * np.exp(random.exponential(1.0, 12)), n=n) for n in SIZES]
    table = exponents(expected_best(pd.concat(cells))).set_index("k")
    assert table["residual"][12] < table["residual"][1]


def test_too_few_sizes_have_no_exponent():
    assert exponents(expected_best(runs_of([0.5, 0.4]))).empty


def test_a_study_with_pruned_draws_has_no_say():
    runs = pd.DataFrame(
        {
            **{
                "architecture": "cnn",
                "n_train": 100,
                "status": "FINISHED",
                "sample": [1, 2, 3],
                "failure": None,
            },
            **{"best_val_loss": [0.5, 0.6, 0.9], "test_loss": 0.5, "test_error": 0.1},
        }
    )
    assert len(expected_best(runs.assign(pruned="false"))) == 3
    assert expected_best(runs.assign(pruned=["false", "false", "true"])).empty
