"""One exponent for the dataset, or one for each architecture."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import FitError
from analysis.comparison.exponents import LEAST_SIZES, compare_exponents
from analysis.comparison.nested import LEAST_P
from analysis.reasons import Reason
from analysis.report.comparison_words import exponents_words, p_words
from analysis.report.messages import say_error

SIZES = 200 * 2.0 ** np.arange(7)
LAST = SIZES[-1]


def study(laws, noise=0.02, replicates=2, seed=0, n=SIZES):
    """Points of architectures -> (a, b, c), the law a (n / LAST)^-b + c, with noise."""
    random = np.random.default_rng(seed)
    parts = []
    for name, (a, b, c) in laws.items():
        sizes = np.repeat(n, replicates)
        loss = (a * (sizes / LAST) ** -b + c) * np.exp(
            noise * random.standard_normal(len(sizes))
        )
        parts.append(pd.DataFrame({"architecture": name, "n": sizes, "value": loss}))
    return pd.concat(parts, ignore_index=True)


ALIKE = {"cnn": (1, 0.3, 0), "mlp": (1.4, 0.3, 0)}
APART = {"cnn": (1, 0.5, 0), "mlp": (1.4, 0.2, 0)}


def test_one_exponent_is_recovered_with_its_interval():
    found = compare_exponents(study(ALIKE))
    assert found.agree and found.shared == pytest.approx(0.3, abs=0.03)
    assert found.shared_low <= 0.3 <= found.shared_high
    assert list(found.table["architecture"]) == ["cnn", "mlp", "shared"]
    assert exponents_words(found).startswith("no evidence against one exponent, b = 0.3")


def test_different_exponents_are_found_and_the_faster_is_named():
    found = compare_exponents(study(APART))
    assert not found.agree and found.p < 0.01
    (pair,) = found.pairs.itertuples()
    assert (
        pair.difference == pytest.approx(0.3, abs=0.05)
        and pair.low <= 0.3 <= pair.high
        and pair.differ
    )
    assert exponents_words(found).startswith(
        "cnn nears its floor faster than mlp: b is larger by 0."
    )
    turned = compare_exponents(study({"a": APART["mlp"], "b": APART["cnn"]}))
    assert exponents_words(turned).startswith(
        "b nears its floor faster than a: b is larger by 0."
    )


def test_of_several_differences_the_largest_is_named_with_their_count():
    found = compare_exponents(study(APART | {"linear": (2, 0.35, 0)}, noise=0.005))
    said = exponents_words(found)
    assert "cnn nears its floor faster than mlp" in said
    assert "largest of 3 clear differences among 3 pairs" in said
    assert (found.pairs["p_holm"] >= found.pairs["p"]).all() and found.pairs["differ"].all()


@pytest.mark.parametrize("floors", [(0, 0), (0, 0.6), (0.3, 0.8)])
def test_equal_exponents_are_seldom_called_different(floors):
    """With a floor under one of them its curve flattens, which a test without floors takes for
    a smaller exponent.
    """
    laws = {"cnn": (1, 0.4, floors[0]), "mlp": (1, 0.4, floors[1])}
    p = np.array(
        [compare_exponents(study(laws, 0.03, 1 + seed % 3, seed)).p for seed in range(30)]
    )
    assert (p < 0.05).sum() <= 4


NINE = 200 * 2.0 ** np.arange(9)


def bent(noise=0.02, guess=2.3):
    """A curve without a head, and one of another exponent that leaves the best guess."""
    table = study({"mlp": (0.1, 0.6, 0), "resnet": (0.1, 0.8, 0)}, noise, n=NINE)
    resnet = table["architecture"] == "resnet"
    saturated = guess * table["value"] / np.hypot(table["value"], 1)
    return table.assign(value=table["value"].where(~resnet, saturated), best_guess=guess)


def test_a_difference_that_only_one_choice_of_the_head_shows_is_none():
    found = compare_exponents(bent())
    assert found.p_cut < 0.05 < found.p_whole
    assert found.p == max(found.p_cut, found.p_whole)
    assert found.hangs_on_head and found.agree
    (pair,) = found.pairs.itertuples()
    assert not pair.differ and pair.p == max(pair.p_cut, pair.p_whole)
    said = exponents_words(found)
    assert said.startswith("whether one exponent serves all hangs on the points near the best")


def test_without_a_head_there_is_only_one_test():
    found = compare_exponents(study(APART))
    assert found.p_cut == found.p_whole == found.p and not found.hangs_on_head


def test_p_is_never_said_finer_than_the_resampling():
    found = compare_exponents(study(APART))
    assert LEAST_P == 0.001 <= found.p < 0.005
    assert p_words(LEAST_P) == "p ≤ 0.001"
    assert p_words(0.0123) == "p = 0.012"


def test_scatter_about_the_law_counts_even_where_replicates_agree():
    """Points off the law by 5 %, replicates by 0.1 %: replicates alone would make every
    difference significant.
    """
    p = []
    for seed in range(20):
        table = study(ALIKE, noise=0.05, replicates=1, seed=seed)
        again = table.assign(value=table["value"] * 1.001)
        p.append(compare_exponents(pd.concat([table, again])).p)
    assert (np.array(p) < 0.05).sum() <= 3


def test_intervals_of_differences_and_of_the_shared_exponent_hold_the_truth():
    apart = []
    shared = []
    for seed in range(30):
        (pair,) = compare_exponents(
            study({"a": (1, 0.4, 0), "b": (1, 0.3, 0.1)}, 0.02, 2, seed)
        ).pairs.itertuples()
        apart.append(pair.low <= 0.1 <= pair.high)
        found = compare_exponents(study(ALIKE, 0.02, 2, seed))
        shared.append(found.shared_low <= 0.3 <= found.shared_high)
    assert np.mean(apart) >= 0.8 and np.mean(shared) >= 0.8


def test_an_architecture_with_too_few_sizes_is_named_and_the_others_are_tested():
    table = study(ALIKE | {"forest": (1, 0.3, 0)})
    few = table[(table["architecture"] != "forest") | (table["n"] > SIZES[3])]
    found = compare_exponents(few)
    assert found.architectures == ("cnn", "mlp") and found.agree
    few_sizes = {"name": "forest", "count": 3, "least": LEAST_SIZES}
    assert found.left_out == (Reason.TOO_FEW_SIZES_FOR_EXPONENTS(**few_sizes),)


def test_without_two_architectures_nothing_is_tested():
    for table in (study({"cnn": ALIKE["cnn"]}), study(ALIKE, n=SIZES[:2])):
        found = compare_exponents(table)
        assert np.isnan(found.p) and not found.agree and found.pairs.empty
        said = exponents_words(found)
        assert "not enough data to test" in said and str(LEAST_SIZES) in said


@settings(max_examples=8)
@given(st.floats(1e-3, 1e3), st.floats(1e-2, 1e4), st.permutations(range(28)))
def test_neither_units_nor_the_order_of_the_points_matter(unit, scale, order):
    table = study(ALIKE)
    found = compare_exponents(table)
    other = compare_exponents(
        table.assign(value=table["value"] * unit, n=table["n"] * scale).iloc[list(order)]
    )
    assert other.p == pytest.approx(found.p, abs=0.01) and other.shared == pytest.approx(
        found.shared, rel=1e-3
    )


def test_wrong_values_are_refused():
    with pytest.raises(FitError, match="confidence must lie between 0 and 1, got 1"):
        compare_exponents(study(ALIKE), confidence=1)
    with pytest.raises(FitError) as refused:
        compare_exponents(study(ALIKE).assign(value=0.0))
    assert "is 0; only what is above 0" in say_error(refused.value)


def test_intervals_of_differences_hold_all_at_once():
    """The largest is told, so each of several is wider than it would be alone."""
    curves = {
        name: (b, 0.02, seed)
        for seed, (name, b) in enumerate((("a", 0.3), ("b", 0.4), ("c", 0.5)))
    }
    loss = {
        k: SIZES**-b * np.exp(s * np.random.default_rng(seed).standard_normal(len(SIZES)))
        for k, (b, s, seed) in curves.items()
    }
    table = pd.concat(
        [pd.DataFrame({"architecture": k, "n": SIZES, "value": y}) for k, y in loss.items()]
    )
    among = compare_exponents(table).pairs.set_index(["first", "second"]).loc[("a", "b")]
    (alone,) = compare_exponents(table[table["architecture"] != "c"]).pairs.itertuples()
    assert among["low"] < alone.low and alone.high < among["high"]
