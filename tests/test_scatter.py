"""Replicates tell how far a point scatters, also where there are none of it."""

import numpy as np
import pytest

from analysis.curves.scatter import relative_spread

SIZES = 100 * 2.0 ** np.arange(8)


def replicates(slope, count, curves=1, seed=0):
    """Curve, n, loss of `count` rows per size that scatter by 0.04 (n / SIZES[0])^-slope."""
    random = np.random.default_rng(seed)
    curve, n = (
        axis.ravel()
        for axis in np.meshgrid(np.arange(curves), np.repeat(SIZES, count), indexing="ij")
    )
    spread = 0.04 * (n / SIZES[0]) ** -slope
    return curve, n, n**-0.3 * (1 + spread * random.standard_normal(len(n)))


@pytest.mark.parametrize("slope", [0.0, 0.2, 0.4])
def test_how_fast_the_scatter_falls_is_found_from_many_replicates(slope):
    found = relative_spread(*replicates(slope, count=100))
    assert found[0] == pytest.approx(0.04, rel=0.1)
    assert found[-1] == pytest.approx(0.04 * 2 ** (-7 * slope), rel=0.1)


def test_three_replicates_of_five_curves_tell_it_roughly():
    falls = [
        (found := relative_spread(*replicates(slope, count=3, curves=5, seed=seed)))[0]
        / found[-1]
        for slope in (0.0, 0.2)
        for seed in range(10)
    ]
    assert np.median(falls[:10]) < 1.3 and 1.8 < np.median(falls[10:]) < 3  # 1 and 2.64


def test_one_pair_of_replicates_says_nothing_about_other_sizes():
    found = relative_spread(["cnn"] * 4, [100, 100, 200, 400], [1.0, 1.1, 0.9, 0.8])
    assert found[0] == pytest.approx(0.0673, abs=2e-3)
    assert found[0] / found[-1] < 1.05


def test_each_curve_has_its_own_scatter_and_one_without_replicates_none():
    curve = ["steady"] * 4 + ["wild"] * 4 + ["single"] * 2 + ["same"] * 4
    n = [100, 100, 200, 200] * 2 + [100, 200] + [100, 100, 200, 200]
    loss = [1.0, 1.01, 0.9, 0.91] + [1.0, 1.5, 0.9, 1.3] + [1.0, 0.9] + [1.0, 1.0, 0.9, 0.9]
    found = dict(zip(curve, relative_spread(curve, n, loss)))
    assert found["steady"] < 0.02 < 0.2 < found["wild"]
    assert np.isnan(found["single"]) and found["same"] == 0


def test_an_error_of_0_has_no_scatter_and_a_missing_one_takes_nothing_from_the_others():
    n = [100, 100, 200, 200, 400, 400]
    loss = [0.2, 0.22, 0.0, 0.0, np.nan, 0.1]
    assert relative_spread(["cnn"] * 4, n[:4], loss[:4])[0] > 0
    assert relative_spread(["cnn"] * 6, n, loss)[:4] == pytest.approx(
        relative_spread(["cnn"] * 4, n[:4], loss[:4]), rel=0.02
    )
    assert relative_spread(["cnn"] * 2, [100, 100], [0.0, 0.0]).tolist() == [0, 0]


def test_the_unit_of_the_loss_and_the_order_of_the_rows_do_not_matter():
    curve, n, loss = replicates(0.3, count=3, curves=2)
    found = relative_spread(curve, n, loss)
    shuffled = np.random.default_rng(1).permutation(len(n))
    assert relative_spread(curve, n, 100 * loss) == pytest.approx(found)
    again = relative_spread(curve[shuffled], n[shuffled], loss[shuffled])
    assert again == pytest.approx(found[shuffled], rel=1e-4)
