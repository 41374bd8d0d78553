"""The study that plans itself: what it trains next, and when it stops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.advise import left
from analysis.diagnostics.examples import Leak
from analysis.planning import answering
from analysis.planning.answering import ENOUGH, FIRST, advise
from analysis.planning.goal import Goal, Kind, Means
from analysis.reasons import Reason
from analysis.report.advice_words import advice_lines
from tracking.runs import load_runs
from tracking.study import load_so_far, load_study

POOL = 12_800
FRACTIONS = tuple(2.0**-k for k in range(7, -1, -1))
GOAL = Goal("loss", 2.0 * POOL)
MEANS = Means(("good", "bad"), FRACTIONS)
EXPONENTS = {"good": 0.25, "bad": 0.1}
LAST = {"good": 0.3, "bad": 2.0}  # loss with the whole pool


def runs_of(fractions=FRACTIONS, learners=EXPONENTS, noise=0.0, samples=2, seed=0, **more):
    """Runs of loss = LAST (n / POOL)^-b, in which the last sample is the best by a little."""
    random = np.random.default_rng(seed)
    rows = [
        (
            learner,
            fraction,
            sample,
            last * fraction ** -EXPONENTS[learner] * (1 - sample / 100),
        )
        for learner in learners
        for last in [LAST[learner]]
        for fraction in fractions
        for sample in range(samples + 1)
    ]
    columns = ["architecture", "fraction", "sample", "test_loss"]
    table = pd.DataFrame(rows, columns=columns)
    table["test_loss"] *= np.exp(noise * random.standard_normal(len(table)))
    known = {
        "n_train": table["fraction"] * POOL,
        "best_val_loss": table["test_loss"],
        "test_error": table["test_loss"] / 10,
        "seconds": table["fraction"] * 100,
        "run_id": table.index.map(str),
        "dataset": "digits",
        "status": "FINISHED",
        "failure": "",
        "pool": POOL,
        "data_seed": 0,
        "seed": 0,
        "search_seed": 0,
        "search_space": "default",
    }
    return table.assign(**(known | more))


def test_every_learner_is_first_trained_on_the_smallest_sizes():
    advice = advise(runs_of()[:0], "demo", GOAL, MEANS)
    assert advice.answer is None and advice.move.kind is Kind.FIRST_SIZES
    assert advice.move.learners == MEANS.learners
    assert advice.move.fractions == FRACTIONS[:FIRST]
    assert advice.move.trials == 2 * FIRST * 3


def test_a_learner_that_cannot_win_is_dropped_with_its_chance():
    advice = advise(runs_of(FRACTIONS[:FIRST]), "demo", GOAL, MEANS)
    assert advice.move.kind is Kind.LARGER_SIZE
    assert advice.move.learners == ("good",)
    assert set(advice.dropped) == {"bad"} and advice.dropped["bad"] < 0.02
    said = "\n".join(advice_lines(advice, GOAL, MEANS, POOL))
    assert "dropped: bad (less than 1%)" in said
    assert "next: 3,200 examples for good (3 trials" in said


def test_learners_that_cannot_be_told_apart_both_go_on():
    runs = runs_of(FRACTIONS[:FIRST])
    twin = runs[runs["architecture"] == "good"].assign(architecture="twin")
    twin = twin.assign(run_id=twin["run_id"] + "t", test_loss=1.01 * twin["test_loss"])
    advice = advise(
        pd.concat([runs, twin]), "demo", GOAL, replace(MEANS, learners=("good", "bad", "twin"))
    )
    assert advice.move.learners == ("good", "twin")


def test_a_learner_whose_trials_all_failed_is_no_reason_to_wait():
    runs = runs_of(FRACTIONS[:FIRST])
    lost = {"status": "FAILED", "test_loss": np.nan, "best_val_loss": np.nan}
    bad = runs["architecture"] == "bad"
    advice = advise(pd.concat([runs[~bad], runs[bad].assign(**lost)]), "demo", GOAL, MEANS)
    assert advice.move.learners == ("good",) and not advice.dropped


def test_no_answer_is_given_from_few_sizes_however_narrow_it_looks():
    for count in range(FIRST, ENOUGH):
        advice = advise(runs_of(FRACTIONS[:count]), "demo", GOAL, MEANS)
        assert advice.move.kind is Kind.LARGER_SIZE


def test_where_no_trial_narrows_the_range_learners_that_tie_get_a_longer_search(monkeypatch):
    nothing = Reason.NO_TRIAL_HELPS(least=0.02)
    monkeypatch.setattr(answering, "_next", lambda known, *_: replace(known, reason=nothing))
    runs = runs_of(learners=["good"])
    lucky = 1 - 0.1 * runs["sample"]  # each draw is a tenth better than the default
    runs = runs.assign(
        test_loss=lucky * runs["test_loss"], best_val_loss=lucky * runs["test_loss"]
    )
    twin = runs.assign(architecture="twin", run_id=runs["run_id"] + "t")
    means = replace(MEANS, learners=("good", "twin"))
    advice = advise(pd.concat([runs, twin]), "demo", replace(GOAL, grade="good"), means)
    assert advice.move.kind is Kind.LONGER_SEARCH and advice.move.samples == 4
    assert advice.move.learners == ("good", "twin")
    alone = advise(
        runs, "demo", replace(GOAL, grade="good"), replace(means, learners=("good",))
    )
    assert alone.move is None and alone.reason in (nothing, Reason.GRADE_REACHED(grade="good"))


def test_an_answer_as_sure_as_was_asked_for_ends_it_before_the_pool_is_used():
    runs = runs_of()[:0]
    for count in range(FIRST, len(FRACTIONS) + 1):
        runs = runs_of(FRACTIONS[:count])
        advice = advise(runs, "demo", GOAL, MEANS)
        if advice.move is None:
            break
    assert advice.reason == Reason.GRADE_REACHED(grade="fair")
    assert ENOUGH <= count < len(FRACTIONS)
    assert advice.answer.low <= 0.294 * 2**-0.25 <= advice.answer.high
    assert "done: the answer is as sure as was asked for" in "\n".join(
        advice_lines(advice, GOAL, MEANS, POOL)
    )


def test_a_study_whose_test_set_leaked_trains_no_more_than_that_leaves():
    leak = Leak(Reason.TEST_LEAKED(count=3, of=100), 0.03)
    goal = replace(GOAL, grade="good", leak=leak)
    advice = advise(runs_of(), "demo", goal, MEANS)
    assert advice.move is None and advice.answer.sure.grade == "fair"
    assert advice.reason == Reason.LEAK_LIMITS_GRADE(grade="fair")
    heavy = replace(goal, leak=replace(leak, share=0.5))
    assert advise(runs_of(), "demo", heavy, MEANS).answer.sure.grade == "poor"


def test_what_the_budget_cannot_pay_ends_it_and_says_so():
    runs = runs_of(FRACTIONS[:FIRST])
    for short in ({"hours": 1e-4}, {"trials": 2}, {"hours": 0.0}):
        advice = advise(runs, "demo", GOAL, replace(MEANS, **short))
        assert advice.move is None and advice.reason.reason is Reason.BUDGET_SPENT
        assert advice.answer is not None


def test_trials_that_ended_are_paid_from_the_budget():
    runs = runs_of(FRACTIONS[:FIRST])
    means = left(runs, replace(MEANS, hours=1.0, trials=50))
    assert means.trials == 50 - len(runs)
    assert means.hours == pytest.approx(1 - runs["seconds"].sum() / 3600)
    assert left(runs, replace(MEANS, hours=1e-9)).hours == 0


def test_a_noisy_curve_on_the_whole_pool_is_given_replicas_or_nothing():
    runs = runs_of(noise=0.2, learners=["good"])
    means = replace(MEANS, learners=("good",))
    advice = advise(runs, "demo", replace(GOAL, grade="good"), means)
    assert advice.move.kind in (Kind.REPLICAS, Kind.LONGER_SEARCH)
    assert advice.move.narrowing > 0.02


def test_a_target_is_answered_in_examples():
    goal = replace(GOAL, target=0.25)
    advice = advise(runs_of(), "demo", goal, MEANS)
    assert advice.answer.needed.low <= POOL * (0.294 / 0.25) ** 4 <= advice.answer.needed.high
    assert "loss 0.25 takes the good about" in advice_lines(advice, goal, MEANS, POOL)[0]


@settings(max_examples=6)
@given(st.integers(0, 1000), st.floats(0.0, 0.1), st.sampled_from(["fair", "good"]))
def test_every_step_adds_trials_that_are_allowed_until_it_stops(seed, noise, grade):
    means = Means(("good", "bad"), FRACTIONS[2:], hours=1.0, trials=100)
    everything = runs_of(noise=noise, samples=8, seed=seed)
    runs = everything[:0]
    for _ in range(6):
        advice = advise(runs, "demo", replace(GOAL, grade=grade), left(runs, means))
        move = advice.move
        if move is None or move.kind is Kind.REPLICAS:
            break
        assert set(move.learners) <= set(means.learners)
        assert set(move.fractions) <= set(means.fractions)
        asked = everything[
            everything["architecture"].isin(move.learners)
            & everything["fraction"].isin(move.fractions)
            & (everything["sample"] <= move.samples)
        ]
        more = pd.concat([runs, asked]).drop_duplicates("run_id")
        assert len(more) - len(runs) == move.trials
        runs = more
    assert len(runs) <= 100


# --- the command -----------------------------------------------------------------------------

SMALL = (
    *("--study", "asked", "--dataset", "digits", "--architectures", "linear,forest"),
    *("--max_steps", "60", "--samples", "1", "--workers", "1"),
)


def test_a_question_is_answered_within_its_budget_and_nothing_is_trained_twice(store, command):
    code, out, err = command("experiments.answer", *SMALL, "--trials", "20")
    assert code == 0, err
    assert "so far: nobody can say yet" in out
    assert "next: 34, 67, 135, 270 and 540 examples, 1 sample, for linear and forest" in out
    assert "so far: with 2,158 examples, 2 times those at hand" in out
    assert "done: the next step" in out and "takes more than what is left" in out
    assert "Twice the data" in out
    assert "done: the next step" in load_study("asked").plan
    before = load_runs("asked")
    assert len(before) == 20 and before["trial"].is_unique
    code, out, err = command("experiments.answer", *SMALL, "--trials", "20")
    assert code == 0 and "done: the next step" in out
    assert set(load_runs("asked")["run_id"]) == set(before["run_id"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--question", "half"), ["question 'half'", "double, target"]),
        (("--question", "target"), ["target_value or target_error"]),
        (("--question", "double", "--target_error", "0.1"), ["'double' and a target", "one"]),
        (("--target_error", "0.1", "--metric", "loss"), ["target_error", "one"]),
        (("--target_error", "2"), ["target 2 is no error"]),
        (("--grade", "superb"), ["grade 'superb'", "good, fair"]),
        (("--hours", "0"), ["hours 0"]),
        (("--trials", "-1"), ["trials -1"]),
        (("--architectures", "sklearn.linear_model:Ridge"), ["Ridge", "predict_proba"]),
        (("--architectures", "linear,nonsense"), ["nonsense", "allowed: linear"]),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_in_one_line(store, refuses, wrong, words):
    refuses("experiments.answer", *SMALL, *wrong, words=words)


def test_a_budget_that_pays_for_no_step_says_so_and_trains_nothing(store, command):
    code, out, err = command("experiments.answer", *SMALL, "--trials", "3")
    assert (code, err) == (0, "")
    assert "takes more than what is left" in out.splitlines()[-1]
    assert load_so_far("asked").runs.empty
