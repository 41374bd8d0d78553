"""Who is ahead at which size, and where one overtakes the other."""

from functools import cache

import numpy as np
import pytest

from analysis import FitError, predictive
from analysis.comparison.crossover import crossover, leads, ranges, winners
from analysis.report.crossover_words import crossover_words, listed, where_ahead

SIZES = 100 * 2.0 ** np.arange(8)
LAST = SIZES[-1]


@cache
def curve(a=1.0, b=0.3, c=0.0, noise=0.0, seed=0):
    return predictive(
        SIZES,
        (a * (SIZES / LAST) ** -b + c)
        * np.exp(noise * np.random.default_rng(seed).standard_normal(len(SIZES))),
    )


def test_a_crossover_within_the_data_is_found():
    found = crossover(
        curve(b=0.2), curve(1.1 * 0.5**0.3, b=0.5), LAST, names=("forest", "cnn")
    )
    truth = LAST * (1.1 * 0.5**0.3) ** (1 / 0.3)
    assert found.median == pytest.approx(truth, rel=0.05) and found.low <= truth <= found.high
    assert found.p > 0.95 and "cnn beats forest above" in crossover_words(found)
    assert [name for *_, name in found.ranges] == ["forest", "cnn"]
    above = where_ahead(found, "cnn")
    assert above.startswith("above ") and above in crossover_words(found)
    assert where_ahead(found, "forest") == above.replace("above", "below")


def test_a_crossover_beyond_the_data_is_found_with_a_wider_interval():
    found = crossover(curve(b=0.2), curve(1.2, b=0.4), LAST)
    truth = LAST * 1.2 ** (1 / 0.2)
    assert found.median == pytest.approx(truth, rel=0.3) and found.low <= truth <= found.high
    assert found.high > 2 * found.low


def test_where_one_is_ahead_all_along_no_crossover_is_within_reach():
    ahead = crossover(curve(), curve(0.5), LAST, names=("mlp", "cnn"))
    assert ahead.median == ahead.n[0] and ahead.p < 0.2 and len(ahead.ranges) == 1
    assert "cnn beats mlp at every size, and no crossover is within reach" in crossover_words(
        ahead
    )
    assert (where_ahead(ahead, "cnn"), where_ahead(ahead, "mlp")) == ("everywhere", "nowhere")
    behind = crossover(curve(0.5), curve(), LAST, names=("cnn", "mlp"))
    assert behind.median == np.inf and "cnn beats mlp at every size" in crossover_words(behind)


def test_one_that_is_clearly_ahead_at_some_sizes_only_is_said_to_be_ahead_there():
    found = crossover(
        curve(noise=0.03, seed=1),
        curve(0.9, b=0.32, noise=0.03, seed=2),
        LAST,
        names=("mlp", "cnn"),
    )
    assert len(found.ranges) == 1 and found.p_better.min() < 0.7 < 0.9 < found.p_better.max()
    assert (
        crossover_words(found)
        == "cnn beats mlp from 100 to 43,000 examples; elsewhere neither is clearly ahead"
    )


def test_the_one_that_falls_behind_is_said_so_too():
    found = crossover(curve(1.1, b=0.5), curve(b=0.2), LAST / 2, names=("cnn", "forest"))
    assert "cnn beats forest above" in crossover_words(found)


def test_two_crossovers_give_three_ranges():
    found = crossover(curve(b=0.2), curve(0.02, b=1.0, c=1.05), LAST, names=("cnn", "mlp"))
    (start, first, _), (_, second, middle), (_, end, last) = found.ranges
    assert (start, middle, last, end) == (SIZES[0], "mlp", "cnn", pytest.approx(10 * LAST))
    x = np.geomspace(1e-3, 1, 10**5)
    turns = x[1:][np.diff(x**-0.2 < 1.05 + 0.02 / x)] * LAST
    assert [first, second] == pytest.approx(turns, rel=0.1)
    assert crossover_words(found).startswith(
        "cnn and mlp cross more than once; in the lead by number of examples: cnn 100–"
    )


def test_curves_that_are_the_same_cannot_be_told_apart():
    found = crossover(curve(noise=0.02), curve(noise=0.02), LAST, names=("cnn", "mlp"))
    assert found.ranges == () and "cannot be told apart" in crossover_words(found)


def test_ranges_name_who_is_ahead_and_let_the_undecided_be():
    n = np.array([1.0, 10, 100, 1000, 10_000])
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9], [0.95, 0.05]])
    (first, second, third) = ranges(n, chances, ("a", "b"), 0.75)
    assert (
        first == (1, 10, "a")
        and second == (10, pytest.approx(3162, rel=0.01), "b")
        and third[2] == "a"
    )
    assert ranges(n, np.full((5, 2), 0.5), ("a", "b"), 0.75) == ()


def test_where_nobody_is_likely_the_best_nobody_is_called_so():
    n = np.array([100.0, 200, 400, 800, 1600])
    chances = np.array(
        [[0.7, 0.2, 0.1], [0.65, 0.2, 0.15], [0.55, 0.45, 0], [0.1, 0.2, 0.7], [0.0, 0.1, 0.9]]
    )
    assert leads(n, chances, ["a", "b", "c"]) == ((100, 200, "a"), (800, 1600, "c"))
    assert leads(n, np.full((5, 3), 1 / 3), ["a", "b", "c"]) == ()
    assert leads(n, np.array([[0.49, 0.51]] * 5), ["a", "b"]) == ()
    assert listed(((43.0, 43.0, "a"), (57.0, 2632.0, "c"))) == "a 43, c 57–2,600"


def test_the_intervals_of_the_crossover_hold_the_truth():
    inside = []
    for seed in range(12):
        a = curve(b=0.2, noise=0.01, seed=2 * seed)
        b = curve(1.1, b=0.4, noise=0.01, seed=2 * seed + 1)
        found = crossover(a, b, LAST)
        inside.append(found.low <= LAST * 1.1 ** (1 / 0.2) <= found.high)
    assert np.mean(inside) >= 0.75


def test_the_winner_is_the_one_with_the_lowest_loss_at_each_size():
    table = winners(
        {"linear": curve(0.9, 0.05), "cnn": curve(0.5, 0.4), "mlp": curve(0.7, 0.35)},
        SIZES[[0, -1]],
    )
    assert list(table.columns) == ["linear", "cnn", "mlp"] and list(table.index) == [
        SIZES[0],
        LAST,
    ]
    assert table.sum(axis=1).to_numpy() == pytest.approx(1)
    assert table.idxmax(axis=1).tolist() == ["linear", "cnn"] and table["cnn"].iloc[1] > 0.95


def test_two_that_are_the_same_win_as_often():
    table = winners({"a": curve(noise=0.02), "b": curve(noise=0.02)}, [LAST])
    assert table.to_numpy() == pytest.approx(0.5, abs=0.03)


def test_a_range_without_sizes_is_refused():
    with pytest.raises(FitError, match="n_max 5 is too small"):
        crossover(curve(), curve(0.5), 5)
