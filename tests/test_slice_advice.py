"""Which examples to collect: the laws of slices, and the best split."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.decision.slice_curves import SliceCurves, fit_slices
from analysis.decision.slices import advise_slices
from analysis.reasons import FitError, Reason
from analysis.report.messages import say

SIZES = (250, 500, 1000, 2000, 4000)


# --- slices whose laws are known -------------------------------------------------------------


class World:
    """Slices whose error is level (n / now)^-exponent, with binomial test errors."""

    def __init__(self, seed, count=8, tests=(200, 1500)):
        self.rng = np.random.default_rng(seed)
        self.level = np.exp(self.rng.normal(np.log(0.15), 0.4, count)).clip(max=0.6)
        self.exponent = self.rng.normal(0.3, 0.08, count).clip(0.05)
        self.tests = self.rng.integers(*tests, count)
        self.now = SIZES[-1] / count

    def measured(self, seeds=3, scatter=0.03):
        """What runs log of them."""
        rows = []
        for seed in range(seeds):
            for n in SIZES:
                own = round(n / len(self.level))
                value = self.level * (own / self.now) ** -self.exponent
                value *= np.exp(self.rng.normal(0, scatter, len(value)))
                wrong = self.rng.binomial(self.tests, value.clip(max=0.95))
                rows += [
                    (f"{n}-{seed}", f"s{i}", own, self.tests[i], wrong[i] / self.tests[i])
                    for i in range(len(value))
                ]
        columns = ["run_id", "slice", "n_train", "n_test", "error"]
        return pd.DataFrame(rows, columns=columns)

    def mean(self, more):
        """The true mean error after a purchase."""
        values = self.level * (1 + more / self.now) ** -self.exponent
        return float(values @ self.tests / self.tests.sum())


def alone(curves):
    """Each slice depends on its own examples only, as in the world above."""
    return replace(curves, own=np.ones_like(curves.own))


@pytest.fixture(scope="module")
def worlds():
    """(world, its fitted curves), 16 of them."""
    found = [World(seed) for seed in range(16)]
    return [(world, alone(fit_slices(world.measured(), "error"))) for world in found]


def test_the_intervals_hold_the_true_laws(worlds):
    inside = []
    for world, curves in worlds:
        for drawn, true in (
            (curves.level, np.log(world.level)),
            (curves.exponent, world.exponent),
        ):
            low, high = np.quantile(drawn, (0.05, 0.95), axis=0)
            inside += ((low <= true) & (true <= high)).tolist()
    assert np.mean(inside) > 0.8  # of intervals of 90 %


def test_the_advised_split_is_nearly_the_best_there_is_and_its_gain_is_covered(worlds):
    covered = []
    for world, curves in worlds:
        found = advise_slices(curves, 4000)
        truth = SliceCurves(
            names=curves.names,
            now=curves.now,
            tests=curves.tests,
            level=np.log(world.level)[None],
            exponent=world.exponent[None],
            own=np.ones(1),
            confusion=curves.confusion,
        )
        best = advise_slices(truth, 4000).advised
        assert world.mean(found.advised.more) < 1.005 * world.mean(best.more)
        gain = world.mean(found.other.more) - world.mean(found.advised.more)
        covered.append(found.gain_low <= gain <= found.gain_high)
    assert np.mean(covered) >= 0.8


def test_a_slice_with_few_test_examples_is_pulled_to_the_others():
    world = World(1)
    world.exponent[:] = 0.3
    world.tests[0] = 12
    curves = fit_slices(world.measured(), "error")
    middle = np.median(curves.exponent, axis=0)
    own = np.polyfit(
        *np.log(
            world.measured()
            .query("slice == 's0'")
            .assign(error=lambda rows: rows["error"].clip(lower=0.04))[["n_train", "error"]]
        ).T.to_numpy(),
        1,
    )[0]
    assert abs(middle[0] - 0.3) < abs(-own - 0.3) + 0.05
    assert np.ptp(middle) < 0.25


def test_few_mistakes_in_the_end_are_not_taken_for_noise_about_a_flat_curve():
    sizes = (100, 200, 400, 800, 1600)
    mistakes = {"a": (12, 9, 5, 3, 1), "b": (16, 11, 9, 6, 5), "c": (30, 25, 22, 16, 14)}
    rows = [
        {"run_id": str(n), "slice": name, "n_train": n / 3, "n_test": 36, "error": wrong / 36}
        for name, counted in mistakes.items()
        for n, wrong in zip(sizes, counted)
    ]
    found = fit_slices(pd.DataFrame(rows), "error")
    today = np.exp(found.level).mean(0)
    assert list(today) == sorted(today)
    assert (today < np.array([3, 7, 17]) / 36).all()


def test_mistakes_too_few_to_tell_slices_apart_are_refused():
    few = World(0).measured().assign(n_test=20)
    few["error"] = 0.05
    with pytest.raises(FitError) as refused:
        fit_slices(few, "error")
    assert refused.value.finding == Reason.TOO_FEW_MISTAKES(count=1.0, least=5)
    assert "1.0 mistakes of each class" in say(refused.value.finding)


def test_two_sizes_are_too_few():
    few = World(0).measured().query("run_id.str.startswith('4000') or n_train == 250")
    with pytest.raises(FitError) as refused:
        fit_slices(few, "error")
    assert refused.value.finding == Reason.TOO_FEW_SIZES(least=3, count=2)


# --- the split -------------------------------------------------------------------------------


def curves_of(level, exponent, own=1.0, confusion=0.0, tests=None, now=None, spread=0.0):
    count = len(level)
    rng = np.random.default_rng(0)
    return SliceCurves(
        names=tuple(f"s{i}" for i in range(count)),
        now=np.full(count, 500.0) if now is None else np.array(now, dtype=float),
        tests=np.full(count, 1000.0) if tests is None else np.array(tests, dtype=float),
        level=np.log(level) + spread * rng.standard_normal((400, count)),
        exponent=np.tile(np.array(exponent, dtype=float), (400, 1)),
        own=np.full(400, own),
        confusion=confusion * (1 - np.eye(count)),
    )


def test_the_split_is_the_best_of_all_splits_of_two():
    curves = curves_of([0.4, 0.1], [0.4, 0.2], tests=[300, 700])
    found = advise_slices(curves, 1000).advised
    tried = {
        first: float(curves.means(np.array([first, 1000.0 - first])).mean())
        for first in np.linspace(0, 1000, 501)
    }
    assert found.more[0] == pytest.approx(min(tried, key=tried.get), abs=4)
    assert found.more.sum() == pytest.approx(1000)


def test_the_value_of_the_whole_is_the_root_of_the_mean_square_where_that_is_the_measure():
    curves = replace(curves_of([3.0, 4.0], [0.4, 0.2], tests=[500, 500]), power=2.0)
    assert curves.means(np.zeros(2))[0] == pytest.approx((9 / 2 + 16 / 2) ** 0.5)


def test_the_curve_of_the_whole_says_what_todays_shares_bring():
    curves = curves_of([0.4, 0.1], [0.4, 0.2], spread=0.1)
    plain = advise_slices(curves, 1000)
    told = advise_slices(curves, 1000, forecast=np.full(50, 0.2))
    assert told.present.value == pytest.approx(0.2)
    assert told.present.low == pytest.approx(told.present.high)
    assert told.advised.more.tolist() == plain.advised.more.tolist()
    assert told.probability == plain.probability
    ratio = plain.advised.value / plain.present.value
    assert told.advised.value / 0.2 == pytest.approx(ratio, rel=0.02)


def test_a_slice_that_its_own_examples_do_not_help_gets_none():
    found = advise_slices(curves_of([0.3, 0.3], [0.5, 0.0]), 1000)
    assert found.advised.more.tolist() == [1000.0, 0.0]


def test_where_all_depends_on_all_examples_no_split_matters():
    found = advise_slices(curves_of([0.4, 0.1], [0.4, 0.2], own=0.0), 1000)
    assert not found.matters
    assert found.advised.value == pytest.approx(found.present.value)


def test_classes_that_are_confused_are_kept_at_the_shares_that_are_met():
    wide = {"level": [0.4, 0.1], "exponent": [0.4, 0.2]}
    free = advise_slices(curves_of(**wide), 1000).advised.more
    held = advise_slices(curves_of(**wide, confusion=0.5), 1000).advised.more
    assert abs(held[0] - 500) < 0.5 * abs(free[0] - 500)
    # and brought there where they are not
    rare = curves_of([0.2, 0.2], [0.3, 0.3], own=0.5, confusion=0.3, now=[100, 900])
    assert advise_slices(rare, 1000).advised.more[0] > 700


def test_what_other_shares_cost_is_what_turned_predictions_cost():
    """Two normal classes, at -1 and 1, met equally and trained at 62 to 38 %."""
    x = np.linspace(-8, 8, 4001)
    density = np.stack([norm.pdf(x, -1), norm.pdf(x, 1)])
    met = density / density.sum(0)
    tilt = np.log([0.62 / 0.5, 0.38 / 0.5])
    turned = met * np.exp(tilt)[:, None]
    turned /= turned.sum(0)
    weigh = density * (x[1] - x[0]) / 2
    loss, after = (-(weigh * np.log(part)).sum() for part in (met, turned))
    confused = float((weigh[0] * met[1]).sum())
    curves = curves_of([loss, loss], [0.0, 0.0], confusion=confused / loss, now=[500, 500])
    said = curves.means(np.array([0.62 / 0.38 * 500 - 500, 0.0])).mean()
    assert said - loss == pytest.approx(after - loss, rel=0.1)


def test_a_wrong_budget_and_a_wrong_confidence_are_refused():
    curves = curves_of([0.4, 0.1], [0.4, 0.2])
    with pytest.raises(ValueError, match="budget must be 1 example or more, got 0"):
        advise_slices(curves, 0)
    with pytest.raises(FitError, match="confidence"):
        advise_slices(curves, 10, 2.0)
