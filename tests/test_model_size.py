"""The size of the winning model, and the law of data and model size together."""

import numpy as np
import pandas as pd
import pytest

from analysis import FitError
from analysis.comparison.joint_law import (
    JointLaw,
    fit_joint_law,
    joint_forecast,
    samples_of,
)
from analysis.comparison.model_size import model_growth
from analysis.reasons import Reason
from analysis.report.model_size_section import model_size_sections
from analysis.report.study_analysis import StudyAnalysis
from tracking.study import Study

SIZES = 250 * 2.0 ** np.arange(8)
MODELS = np.array([4e4, 8e4, 1.6e5, 3.2e5, 6.4e5])
TRUE = JointLaw(
    a=0.15, alpha=0.5, b=0.05, beta=0.4, floor=0.03, guess=2.3, n_middle=2000, m_middle=1.6e5
)


def runs(value, sizes=SIZES, models=MODELS, noise=0.01, seed=0):
    """A run per size of the data and of the model, with value(n, parameters)."""
    random = np.random.default_rng(seed)
    n, m = (grid.ravel() for grid in np.meshgrid(sizes, models, indexing="ij"))
    loss = value(n, m) * np.exp(noise * random.standard_normal(len(n)))
    return pd.DataFrame(
        {
            "run_id": [f"r{i}" for i in range(len(n))],
            "status": "FINISHED",
            "dataset": "d",
            "architecture": "cnn",
            "data_seed": 0,
            "seed": 0,
            "sample": np.searchsorted(models, m) + 1,
            "n_train": n,
            "n_parameters": m,
            "best_val_loss": loss,
            "test_loss": loss,
            "test_error": loss / 4,
        }
    )


def growing(n, m, exponent=0.5):
    """A loss that is smallest at parameters 6e4 (n / 1000)^exponent."""
    best = 6e4 * (n / 1000) ** exponent
    return n**-0.3 * (1 + np.log(m / best) ** 2)


FINE = np.geomspace(5e3, 5e6, 60)


def test_the_winners_growth_is_recovered_with_its_interval():
    (found,) = model_growth(runs(growing, models=FINE, noise=0.05)).values()
    assert found.architecture == "cnn" and not found.capped
    assert found.low <= 0.5 <= found.high and found.high - found.low < 0.3
    assert found.exponent == pytest.approx(0.5, abs=0.1)
    assert (found.largest == FINE[-1]).all()


def test_a_search_whose_largest_model_wins_at_the_largest_sizes_is_flagged():
    wide = runs(growing, models=FINE, noise=0.0)
    narrow = wide[wide["n_parameters"] <= 1e5]
    assert not model_growth(wide)["cnn"].capped
    assert model_growth(narrow)["cnn"].capped
    assert model_growth(narrow)["cnn"].exponent < model_growth(wide)["cnn"].exponent


def test_the_report_shows_the_growth_and_warns_of_a_search_space_that_is_too_small():
    wide = runs(growing, models=FINE, noise=0.0)
    narrow = wide[wide["n_parameters"] <= 1e5]
    (section,) = model_size_sections(StudyAnalysis(Study("wide", wide), "d"))
    exponent = section.table["exponent"].item()
    assert float(exponent) == pytest.approx(0.5, abs=0.1) and not section.lines
    (section,) = model_size_sections(StudyAnalysis(Study("narrow", narrow), "d"))
    assert "cnn: the largest model that was tried wins" in section.lines[0]
    of_one_size = wide.assign(n_parameters=1e4)
    assert not model_size_sections(StudyAnalysis(Study("one", of_one_size), "d"))


def test_models_of_one_size_and_winners_trained_again_do_not_count():
    assert model_growth(runs(growing, models=MODELS[:1])) == {}
    table = runs(growing, models=FINE, noise=0.0)
    luckier = table.assign(best_val_loss=0.0, data_seed=1, replica="true")
    both = pd.concat([table.assign(replica=None), luckier], ignore_index=True)
    (found,) = model_growth(both).values()
    assert found.exponent == model_growth(table)["cnn"].exponent


def test_too_few_sizes_give_no_exponent():
    (found,) = model_growth(runs(growing, sizes=SIZES[:3])).values()
    assert np.isnan([found.exponent, found.low, found.high]).all()


def test_the_joint_law_is_recovered_and_foretells_more_data_and_larger_models():
    table = runs(TRUE)
    law = fit_joint_law(table["n_train"], table["n_parameters"], table["test_loss"], 2.3)
    assert law.alpha == pytest.approx(0.5, abs=0.05)
    assert law.beta == pytest.approx(0.4, abs=0.1)
    assert law.residual < 0.03
    assert law(1e6, 5e6) == pytest.approx(TRUE(1e6, 5e6), rel=0.1)
    assert law(1, 1) == pytest.approx(2.3, rel=0.05)


def test_samples_with_poor_hyperparameters_hardly_move_it():
    table = runs(TRUE)
    poor = table.assign(test_loss=np.minimum(3 * table["test_loss"], 2.3))
    both = pd.concat([table, poor[::2]])
    law = fit_joint_law(both["n_train"], both["n_parameters"], both["test_loss"], 2.3)
    assert law(64_000, 6.4e5) == pytest.approx(TRUE(64_000, 6.4e5), rel=0.15)


def test_a_forecast_holds_what_the_largest_model_reaches():
    table = samples_of(runs(TRUE, noise=0.02), "cnn")
    seen = table[table["n_train"] <= 4000]
    told = joint_forecast(seen, [16_000, 32_000], 2.3)
    truth = TRUE(told["n"], told["parameters"])
    assert (told["parameters"] == MODELS[-1]).all()
    assert np.abs(told["predicted"] / truth - 1).max() < 0.15
    assert (told["low"] < told["predicted"]).all() and (told["predicted"] < told["high"]).all()


def test_samples_that_ended_early_are_not_fitted():
    table = runs(TRUE)
    early = table.assign(pruned=np.where(table["sample"] == 1, "true", "false"))
    assert set(samples_of(early, "cnn")["sample"]) == {2, 3, 4, 5}


def test_too_few_model_sizes_are_refused():
    table = runs(TRUE, models=MODELS[:2])
    with pytest.raises(FitError) as refused:
        fit_joint_law(table["n_train"], table["n_parameters"], table["test_loss"], 2.3)
    few = {"sizes": 8, "models": 2, "samples": 16, "least": 3}
    assert refused.value.finding == Reason.TOO_FEW_MODELS(**few)
    with pytest.raises(FitError, match="confidence must lie between 0 and 1"):
        model_growth(table, confidence=2)
