"""A trainer that yields evaluations is ended by patience, by its budget and by better ones."""

import numpy as np
import own_trainers
import pytest
import torch

from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.training.results import Diverged
from experiments.training.successive_halving import halve
from experiments.training.train import Training, train
from experiments.training.trial import Trial
from tracking.errors import InputError
from tracking.schema import RunSettings

CPU = torch.device("cpu")


def own(name, **more):
    """The task of a trainer, and the settings of its trials."""
    settings = with_trainer(RunSettings(trainer=f"own_trainers:{name}", **more))
    task = load_task(settings)
    return task, vars(on_task(settings, task))


def trained(name, **more):
    task, settings = own(name, **more)
    return train(Trial(**settings).resolved(CPU), task)


def made(monkeypatch, rows, end=None):
    """Let `made` be a trainer that yields these rows, and returns the end."""
    heard = []

    def made(indices, hyperparameters, seed):
        for row in rows:
            heard.append((yield row))
        return end

    made.examples = 100
    monkeypatch.setattr(own_trainers, "made", made, raising=False)
    return heard


def rows_of(losses, **more):
    return [
        {"step": step, "val_loss": loss, **more} for step, loss in enumerate(losses, start=1)
    ]


def test_the_best_evaluation_is_the_result_and_all_are_its_history():
    result = trained("steps", patience=100)
    assert result.best.step == 60
    steps = [row.step for row in result.history]
    assert steps == list(range(10, result.steps + 1, 10))
    assert result.history[0].train == {"loss": 0.1}
    assert result.test.values["loss"] == pytest.approx(result.best.val["loss"])


def test_it_ends_when_its_patience_is_spent():
    few = trained("steps", patience=30)
    many = trained("steps", patience=300)
    assert (few.steps, many.steps) == (90, 120)  # as many steps again as the best took
    assert not (few.budget_bound or few.pruned)


def test_epochs_count_where_a_batch_size_is_searched(monkeypatch):
    monkeypatch.setattr(
        own_trainers.steps, "space", {"speed": (1.0, [1.0]), "batch_size": (4, [4])}
    )
    assert trained("steps", patience=10, patience_epochs=0.0).steps == 70
    assert trained("steps", patience=10, patience_epochs=0.5).steps == 110  # 50 of 100 a epoch


def test_max_steps_end_it_and_say_that_it_was_bound():
    result = trained("steps", max_steps=40, patience=1000)
    assert (result.steps, result.budget_bound) == (40, True)


def test_it_is_told_to_go_on_and_then_to_end(monkeypatch):
    heard = made(monkeypatch, rows_of([3.0, 2.0, 5.0, 5.0, 5.0], test_loss=1.0))
    trained("made", patience=1, patience_epochs=0.0)
    assert heard == [True, True, False]


def test_what_carries_its_test_values_need_not_listen_nor_return_anything():
    result = trained("careless", patience=20)
    assert (result.best.step, result.steps) == (5, 10)
    assert result.test.values == {"loss": 2.0}


def test_the_test_values_are_those_of_the_best(monkeypatch):
    rows = [
        {"step": step, "val_loss": loss, "test_loss": loss + 1}
        for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0))
    ]
    made(monkeypatch, rows)
    assert trained("made").test.values == {"loss": 2.0}


def test_it_may_end_by_itself(monkeypatch):
    made(monkeypatch, rows_of([3.0, 2.0]), end={"test_loss": 2.5, "n_parameters": 7})
    result = trained("made")
    assert (result.steps, result.best.step, result.n_parameters) == (2, 2, 7)
    assert not result.budget_bound


@pytest.mark.parametrize(
    ("rows", "end", "words"),
    [
        ([], None, "yielded nothing"),
        ([None], None, "returned None; allowed: a mapping"),
        ([{"val_loss": 1.0}], None, "yielded step None; allowed: a step beyond the last, 0"),
        (rows_of([1.0]) * 2, None, "yielded step 1; allowed: a step beyond the last, 1"),
        ([{"step": "x", "val_loss": 1.0}], None, "step = 'x'; allowed: a number"),
        (rows_of([1.0]), None, "returned val_loss without test_loss"),
        (rows_of([1.0]), {"test_error": 0.5}, "without"),
        (
            [*rows_of([1.0]), {"step": 2, "val_error": 0.5}],
            None,
            "yielded other measures than before; allowed: loss",
        ),
        (
            rows_of([1.0, 0.5, 2.0]),
            {"val_loss": 2.0, "test_loss": 2.0},
            "returned val_loss 2, its best evaluation gave 0.5; allowed: test values of the",
        ),
    ],
)
def test_what_it_may_not_yield_or_return_is_refused_in_one_line(monkeypatch, rows, end, words):
    made(monkeypatch, rows, end)
    with pytest.raises(InputError) as refusal:
        trained("made")
    assert str(refusal.value).startswith("trainer 'own_trainers:made'")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_one_that_goes_on_when_it_is_told_to_end_is_refused():
    with pytest.raises(InputError, match=r"goes on though .* allowed: if not \(yield"):
        trained("stubborn", patience=5)


def test_a_loss_that_is_no_number_diverges(monkeypatch):
    made(monkeypatch, rows_of([1.0, float("nan")]))
    with pytest.raises(Diverged, match="val_loss is nan"):
        trained("made")


# --- against others --------------------------------------------------------------------------


def cell(samples, **more):
    task, settings = own("steps", patience=60, **more)
    trials = [
        Trial(**settings | {"sample": sample, "bracket": samples}).resolved(CPU)
        for sample in range(samples + 1)
    ]
    return task, trials


def test_hopeless_samples_end_early_and_the_winner_is_as_good():
    task, trials = cell(9)
    full = {trial.sample: train(trial, task) for trial in trials}
    halved = {trial.sample: result for trial, result in halve(trials, task)}
    assert sorted(halved) == list(range(10))
    assert sum(result.pruned for result in halved.values()) >= 5
    assert not halved[0].pruned
    for sample, result in halved.items():
        assert result.history == full[sample].history[: len(result.history)]
    best = min(one.best.cost for one in full.values())
    assert min(one.best.cost for one in halved.values()) <= 1.1 * best


def test_what_was_recorded_before_is_compared_and_not_trained_again():
    task, trials = cell(9)
    halved = {trial.sample: result for trial, result in halve(trials, task)}
    first = list(halved)[:4]
    recorded = {
        trial.key: [(row.step, row.cost) for row in halved[trial.sample].history]
        for trial in trials
        if trial.sample in first
    }
    again = {trial.sample: result for trial, result in halve(trials, task, recorded=recorded)}
    assert list(again) == list(halved)[4:]
    for sample, result in again.items():
        assert (result.history, result.pruned) == (
            halved[sample].history,
            halved[sample].pruned,
        )


def test_it_can_be_paused_without_changing_it():
    task, settings = own("steps")
    trial = Trial(**settings).resolved(CPU)
    paused = Training(trial, task)
    for steps in (10, 35, 80):
        paused.advance(steps)
    paused.advance()
    assert paused.result.history == train(trial, task).history
    assert np.isfinite(paused.best_cost)
