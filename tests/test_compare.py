"""The whole comparison: from runs or a table to tables and sentences."""

import numpy as np
import pandas as pd
import pytest

from analysis import FitError, predictive
from analysis.comparison.compare import compare
from analysis.comparison.data_multiplier import TIMES, DataMultiplier, data_multiplier
from analysis.comparison.tuning import tuning_curves
from analysis.curves.conclusion import conclude_curve
from analysis.reasons import Reason
from analysis.report.comparison_words import comparison_words, multiplier_words
from analysis.report.messages import say
from analysis.selection import best_runs, points, untuned
from tracking.text import Text

SIZES = 100 * 2.0 ** np.arange(7)
LAST = SIZES[-1]
LAWS = {
    "cnn": (0.8, 0.4),
    "forest": (1.0, 0.4),
    "linear": (1.1, 0.1),
}  # loss = a (n / LAST)^-b


def table(laws=LAWS, noise=0.01, sizes=SIZES):
    random = np.random.default_rng(0)
    rows = []
    for name, (a, b) in laws.items():
        loss = a * (sizes / LAST) ** -b * np.exp(noise * random.standard_normal(len(sizes)))
        rows.append(pd.DataFrame({"architecture": name, "n": sizes, "value": loss}))
    return pd.concat(rows, ignore_index=True)


def study(samples=2, gain=0.8, laws=LAWS, seeds=(0, 1)):
    """Runs in which sample 0, untuned, has 1 / gain times the loss of sample 1, the best;
    further ones are worse.
    """
    random = np.random.default_rng(1)
    rows = []
    for name, (a, b) in laws.items():
        for n in SIZES:
            for seed in seeds:
                luck = np.exp(0.01 * random.standard_normal())
                for k in range(samples):
                    loss = (
                        a
                        * (n / LAST) ** -b
                        * luck
                        * (1 / gain if k == 0 else 1 + 0.1 * (k - 1))
                    )
                    rows.append((name, n, seed, k, loss))
    runs = pd.DataFrame(
        rows, columns=["architecture", "n_train", "data_seed", "sample", "test_loss"]
    )
    return runs.assign(
        dataset="digits",
        status="FINISHED",
        failure=None,
        best_val_loss=runs["test_loss"],
        test_error=runs["test_loss"] / 5,
        run_id=range(len(runs)),
    )


@pytest.fixture(scope="module")
def found():
    return compare(table())


def test_everything_is_compared_at_the_size_that_all_have_reached(found):
    assert found.n == LAST and found.left_out == ()
    assert set(found.data_multipliers) == {(a, b) for a in LAWS for b in LAWS if a != b}
    assert (
        found.best == "cnn"
        and found.winners.loc[found.winners.index < 150, "cnn"].max() < 0.01
    )
    assert not found.exponents.agree
    assert "nears its floor faster than linear" in comparison_words(found)[0]
    shown = found.multiplier_table
    assert (
        list(shown["n"].unique()) == [LAST * times for times in TIMES] and len(shown) == 6 * 3
    )
    row = shown.query("first == 'forest' and second == 'cnn' and times == 1").iloc[0]
    assert (
        row["median"] == pytest.approx(0.8 ** (-1 / 0.4), rel=0.15)
        and row["low"] < row["median"] < row["high"]
    )


def test_the_same_numbers_come_from_the_data_multiplier_itself(found):
    curves = dict(list(table().groupby("architecture")))
    direct = data_multiplier(
        *(predictive(curves[name]["n"], curves[name]["value"]) for name in ("forest", "cnn")),
        LAST,
    )
    assert found.data_multipliers["forest", "cnn"].median[0] == pytest.approx(
        direct.median[0], rel=0.01
    )


def test_one_number_is_given_only_where_the_exponents_agree(found):
    assert not any(found.constant(*pair) for pair in found.data_multipliers)
    alike = compare(table({name: LAWS[name] for name in ("cnn", "forest")}))
    assert alike.exponents.agree and alike.constant("forest", "cnn")
    (said,) = [text for text in comparison_words(alike) if "times the data" in text]
    assert said.startswith("switching from forest to cnn equals 1.") and " at n " not in said
    assert [
        text
        for text in comparison_words(found)
        if "switching from linear" in text and f"at n = {LAST:,.0f}" in text
    ]


def test_the_crossover_of_the_fast_and_the_slow_is_found(found):
    one = found.crossovers["linear", "cnn"]
    truth = LAST * (0.8 / 1.1) ** (1 / 0.3)
    assert one.low <= truth <= one.high and one.median == pytest.approx(truth, rel=0.1)
    words = comparison_words(found)
    assert [text for text in words if text.startswith("cnn beats linear above")]
    assert [
        text
        for text in words
        if text.startswith("most likely the best by number of examples: linear 100–")
    ]


def test_every_sentence_can_be_translated(found):
    tuned = compare(None, runs=study())
    left_out = [say(finding) for finding in tuned.left_out]
    said = [*comparison_words(found), *comparison_words(tuned), *left_out]
    assert all(isinstance(text, Text) for text in said)


def conclude(points_of):
    curves = points_of.groupby("architecture")
    return [conclude_curve(name, curve) for name, curve in curves]


def test_forecasts_made_before_are_used_again():
    points_of = table()
    conclusions = conclude(points_of)
    again = compare(points_of, conclusions=conclusions)
    assert again.multiplier_table.equals(compare(points_of).multiplier_table)
    wrong = conclude(points_of.assign(value=points_of["value"] * 2))
    assert compare(points_of, conclusions=wrong).multiplier_table.equals(
        again.multiplier_table
    )


def test_tuning_is_worth_what_it_was_made_to_be():
    result = compare(None, runs=study(), conclusions=None)
    assert set(result.tuning) == set(LAWS)
    shown = result.tuning_table.query("times == 1").set_index("architecture")
    assert shown.loc["cnn", "low"] < 0.8 ** (-1 / 0.4) < shown.loc["cnn", "high"]
    assert shown.loc["cnn", "median"] == pytest.approx(0.8 ** (-1 / 0.4), rel=0.1)
    assert [
        text
        for text in comparison_words(result)
        if text.startswith("tuning cnn equals this many times the data: 1.")
    ]


def test_tuning_is_valued_where_each_architectures_own_data_end():
    runs = study()
    behind = compare(
        None, runs=runs[(runs["architecture"] != "cnn") | (runs["n_train"] <= LAST / 4)]
    )
    valued = {name: found.n[0] for name, found in behind.tuning.items()}
    assert valued == dict.fromkeys(LAWS, LAST) | {"cnn": LAST / 4}


def test_untuned_and_tuned_are_of_the_same_cells():
    runs = study(seeds=(0,))
    lost = (runs["sample"] == 0) & (runs["n_train"] == 400) & (runs["architecture"] == "cnn")
    for name, default, tuned in tuning_curves(runs[~lost]):
        assert list(default["n"]) == list(tuned["n"]) and (400 in set(tuned["n"])) == (
            name != "cnn"
        )
        assert (default["value"].to_numpy() > tuned["value"].to_numpy()).all()


def test_an_untuned_study_has_no_tuning_to_value():
    assert compare(None, runs=untuned(study())).tuning == {}


def test_unfair_cells_are_named_and_not_averaged():
    runs = study(samples=3)
    unfair = (
        (runs["architecture"] == "cnn") & (runs["n_train"] == LAST) & (runs["sample"] == 2)
    )
    result = compare(points(best_runs(runs)), runs=runs[~unfair])
    few = Reason.FEWER_SAMPLES(name="cnn", sizes=(LAST,), count=2, usual=3)
    assert few in result.left_out
    assert say(few) == f"cnn at n = {LAST:,.0f}: 2 samples instead of 3; left out"
    assert result.n == LAST  # which the two others have reached


def test_one_that_lags_behind_does_not_hold_up_the_others():
    whole = table()
    behind = whole[(whole["architecture"] != "forest") | (whole["n"] <= LAST / 4)]
    some = compare(whole)
    result = compare(behind)
    assert result.n == LAST
    pair = "linear", "cnn"
    assert result.data_multipliers[pair].median == pytest.approx(
        some.data_multipliers[pair].median, rel=1e-6
    )
    late = result.data_multipliers["forest", "cnn"]
    known = some.data_multipliers["forest", "cnn"]
    assert late.high[0] / late.low[0] > known.high[0] / known.low[0]  # it has to be foretold
    assert late.n[0] == LAST and result.crossovers["forest", "cnn"].n[-1] == pytest.approx(
        10 * LAST / 4
    )
    assert result.winners.index[-1] == pytest.approx(
        10 * LAST / 4
    )  # as far as all can be foretold
    far = compare(whole[(whole["architecture"] != "forest") | (whole["n"] <= LAST / 16)])
    (why, *_) = far.data_multipliers["forest", "cnn"].reason
    assert "times beyond the data of forest" in say(why)
    assert list(far.winners.columns) == ["cnn", "linear"] and far.winners.index[
        -1
    ] == pytest.approx(10 * LAST)
    assert Reason.TOO_LITTLE_DATA(name="forest", n=LAST) in far.left_out
    two = behind[behind["architecture"] != "linear"]
    assert compare(two).n == LAST / 4  # of two, none is the majority


def test_the_error_can_be_compared_as_well_as_the_loss():
    by_loss, by_error = (
        compare(None, runs=study(), measure=measure) for measure in ("loss", "error")
    )
    assert by_error.multiplier_table["median"].to_numpy() == pytest.approx(
        by_loss.multiplier_table["median"], rel=1e-6
    )


def test_one_architecture_alone_gets_a_sane_answer():
    alone = compare(table({"cnn": LAWS["cnn"]}))
    assert alone.data_multipliers == {} and alone.crossovers == {} and alone.best == "cnn"
    (said,) = comparison_words(alone)
    assert "not enough data to test" in said
    assert alone.multiplier_table.empty and alone.tuning_table.empty


def test_two_sizes_are_too_few_and_named():
    few = table()
    few = few[(few["architecture"] != "linear") | (few["n"] >= SIZES[-2])]
    result = compare(few)
    said = [say(finding) for finding in result.left_out]
    assert "linear is not compared: needs at least 3 distinct sizes n, got 2" in said
    assert list(result.winners.columns) == ["cnn", "forest"]
    nothing = compare(table(sizes=SIZES[-2:]))
    assert (
        np.isnan(nothing.n)
        and nothing.winners.empty
        and nothing.best is None
        and len(comparison_words(nothing)) == 1
    )


def test_standard_errors_may_be_missing_for_some():
    known = table()
    known["se"] = np.where(known["architecture"] == "cnn", 0.01 * known["value"], np.nan)
    assert compare(known).best == "cnn"


def test_wrong_confidence_is_refused():
    with pytest.raises(FitError, match="confidence must lie between 0 and 1"):
        compare(table(), confidence=0)


def test_what_no_amount_of_data_can_match_is_said_in_words():
    floor = table()
    floor.loc[floor["architecture"] == "forest", "value"] = 2 + 0.3 * floor["value"]
    result = compare(floor[floor["architecture"] != "linear"])
    words = comparison_words(result)
    assert "no amount of data tried lets forest match cnn" in words
    assert not [text for text in words if "∞" in text or "inf" in text]


@pytest.mark.parametrize(
    ("low", "k", "high", "bound", "said"),
    [
        (1.23, 4.56, 78.9, "", "4.6 [1.2 to 79]"),
        (1.23, 4.56, np.inf, "", "4.6 [at least 1.2]"),
        (1.23, 456, 4567, "least", "at least 1.2"),
        (1.23, np.inf, np.inf, "least", "at least 1.2"),
        (0, 0.00123, 0.0456, "most", "at most 0.046"),
        (np.inf, np.inf, np.inf, "", "without limit"),
        (0, 4.56, np.inf, "", "cannot say"),
    ],
)
def test_a_multiplier_is_said_as_far_as_the_data_bound_it(low, k, high, bound, said):
    values = {"median": k, "low": low, "high": high}
    found = DataMultiplier(
        np.ones(1),
        None,
        **{name: np.array([x]) for name, x in values.items()},
        p_better=np.ones(1),
        confidence=0.9,
        grade=("poor",),
        reason=(None,),
        bound=(bound or None,),
    )
    assert multiplier_words(found, 0) == said
