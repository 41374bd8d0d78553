"""Noise by its source, and replicates as the fits see them."""

import numpy as np
import pandas as pd
import pytest

from analysis import fit_power_law
from analysis.diagnostics.noise import SOURCES, noise
from analysis.selection import best_runs, points

SIZES = (100, 200, 400, 800, 1600, 3200)


def study(data_seeds=1, seeds=1, samples=1, data=0.0, init=0.0, spread=0.0):
    """Runs whose ln test losses scatter by `data` between data seeds, `init` between seeds,
    `spread` over samples.
    """
    random = np.random.default_rng(0)
    rows = []
    for n in SIZES:
        quality = spread * np.sort(random.exponential(size=samples))
        for data_seed in range(data_seeds):
            drawn = data * random.standard_normal()
            for seed in range(seeds):
                started = init * random.standard_normal()
                for sample in range(samples):
                    loss = n**-0.5 * np.exp(drawn + started + quality[sample])
                    rows.append((n, data_seed, seed, sample, loss))
    table = pd.DataFrame(rows, columns=["n_train", "data_seed", "seed", "sample", "test_loss"])
    return table.assign(
        architecture="cnn",
        dataset="digits",
        status="FINISHED",
        failure="",
        run_id=range(len(table)),
        best_val_loss=table["test_loss"],
        test_error=table["test_loss"] / 10,
    )


def spreads(runs):
    return noise(runs).set_index("source")["spread"]


def test_what_has_one_value_only_is_unknown():
    table = noise(study())
    assert list(table["source"]) == list(SOURCES)
    assert table["spread"].isna().all()
    assert (table["groups"] == 0).all()


def test_the_scatter_between_data_seeds_is_recovered():
    found = spreads(study(data_seeds=30, data=0.05))
    assert found["data draw"] == pytest.approx(0.05, rel=0.15)
    assert np.isnan(found["initialisation"])


def test_the_scatter_between_initialisations_is_recovered():
    found = spreads(study(seeds=30, init=0.03))
    assert found["initialisation"] == pytest.approx(0.03, rel=0.15)
    assert np.isnan(found["data draw"])


def test_the_scatter_of_the_search_shrinks_with_more_draws():
    few, many = (spreads(study(samples=k, spread=0.5))["search"] for k in (3, 30))
    assert 0 < many < few


def test_every_source_says_how_many_sizes_told_it():
    groups = noise(
        study(data_seeds=2, seeds=2, samples=3, data=0.1, init=0.1, spread=0.1)
    ).set_index("source")["groups"]
    assert list(groups) == [len(SIZES)] * 3


# --- replicates ------------------------------------------------------------------------------


def test_the_trial_that_is_best_on_average_is_chosen_with_all_its_repetitions():
    runs = study(seeds=2, samples=2).query("n_train == 100").reset_index(drop=True)
    runs["best_val_loss"] = [
        0.1,
        0.3,
        0.9,
        0.3,
    ]  # seed 0: samples 0, 1; seed 1: samples 0, 1; sample 0 is lucky once
    best = best_runs(runs)
    assert list(best["sample"]) == [1, 1]
    assert list(best["seed"]) == [0, 1]
    assert list(best["samples"]) == [2, 2]


def test_replicates_carry_their_standard_error_and_single_runs_none():
    curve = points(best_runs(study(data_seeds=40, data=0.05)))
    assert len(curve) == 40 * len(SIZES)
    assert (curve["se"] / curve["value"]).to_numpy() == pytest.approx(0.05, rel=0.2)
    assert points(best_runs(study()))["se"].isna().all()


def test_the_se_of_replicates_is_what_the_fit_finds_by_itself():
    curve = points(best_runs(study(data_seeds=3, data=0.05)))
    with_se = fit_power_law(curve["n"], curve["value"], se=curve["se"])
    assert with_se.b == pytest.approx(fit_power_law(curve["n"], curve["value"]).b, rel=1e-3)
