"""Estimators learn from the subset of a table alone, whatever its columns and its size."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from experiments.tasks.arrays import call_loader
from experiments.tasks.builtin import TABLES
from experiments.tasks.table_learning import TableTask
from experiments.tasks.tables import make_table, table_of_frame
from experiments.training.preprocessing import make_preparation
from experiments.training.table import Rows
from experiments.training.table_learners import TABLE_LEARNERS
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.errors import InputError

ESTIMATORS = sorted(name for name, one in TABLE_LEARNERS.items() if not one.by_steps)
RNG = np.random.default_rng(0)
KINDS = ("mixed", "numbers", "sparse", "texts", "real values")


def mixed_frame(n=150):
    """Numbers with gaps, categories with gaps and texts; the target hangs on all of them."""
    good = np.arange(n) % 2 == 1
    size = RNG.normal(size=n) + good
    colour = np.where(RNG.random(n) < 0.8, np.where(good, "red", "blue"), None)
    said = np.where(good, "very good thing", "rather bad thing")
    return pd.DataFrame(
        {
            "size": np.where(RNG.random(n) < 0.2, np.nan, size),
            "empty": np.full(n, np.nan),
            "colour": colour,
            "said": [f"{text} {number % 7}" for number, text in enumerate(said)],
            "y": good,
        }
    )


@pytest.fixture(scope="module")
def tasks():
    loaded = {
        "mixed": table_of_frame(mixed_frame(), "x", "y", text="said"),
        "numbers": make_table(call_loader("toys_tables:rows", None), "x"),
        "sparse": make_table(call_loader("toys_tables:sparse_rows", None), "x"),
        "texts": make_table(call_loader("toys_tables:texts", None), "x"),
        "real values": make_table(call_loader("toys_tables:line", None), "x"),
    }
    return {name: TableTask(table) for name, table in loaded.items()}


def of(architecture, **more):
    return Trial(**{"architecture": architecture, "form": "table", **more})


def cost(result):
    return result.test.values[result.measures[0].name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", sorted(TABLE_LEARNERS))
def test_every_learner_learns_from_every_kind_of_table(tasks, architecture, kind):
    task = tasks[kind]
    result = train(of(architecture, max_steps=200, sample=1), task)
    assert cost(result) < 0.8 * result.guess[result.measures[0].name]
    assert result.measures[0].name == ("loss" if task.classes else "rmse")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", sorted(TABLE_LEARNERS))
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_smallest_subsets_give_finite_scores(tasks, architecture, kind, n):
    task = tasks[kind]
    result = train(of(architecture, max_steps=5, fraction=n / len(task)), task)
    assert result.n_train == n
    assert all(map(np.isfinite, result.test.values.values()))


@pytest.mark.parametrize("architecture", sorted(TABLE_LEARNERS))
def test_the_same_trial_gives_the_same_values_twice(tasks, architecture):
    trial = of(architecture, max_steps=20, fraction=0.5)
    first, second = (train(trial, tasks["mixed"]) for _ in range(2))
    assert first.test == second.test
    assert first.best == second.best


@pytest.mark.parametrize("architecture", sorted(TABLE_LEARNERS))
def test_the_model_that_is_kept_answers_as_it_was_tested(tasks, architecture):
    for kind in ("mixed", "real values"):
        task = tasks[kind]
        result = train(of(architecture, max_steps=20), task)
        test = task.table.test
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # columns without a value, unknown categories
            answers = result.model.predict(test.x)
        if task.classes:
            assert (answers != test.y).mean() == result.test.values["error"]
        else:
            error = float(np.sqrt(((answers - test.y) ** 2).mean()))
            assert error == pytest.approx(result.test.values["rmse"], rel=1e-5)


def test_nothing_is_learned_from_rows_outside_the_subset(tasks):
    table = tasks["mixed"].table
    few = table.pool.take(np.arange(6))
    many = table.pool
    for scaled, dense in [(True, True), (True, False), (False, True)]:
        alone = make_preparation(table.columns, few, scaled, dense)
        widths = set()
        for rows in (few, Rows(pd.concat([few.x, few.x]), np.concatenate([few.y, few.y]))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                widths.add(alone.fit(few.x).transform(rows.x).shape[1])
                wider = make_preparation(table.columns, many, scaled, dense).fit(many.x)
        assert len(widths) == 1
        assert wider.transform(few.x).shape[1] >= widths.pop()


def test_scaling_vocabulary_and_gaps_come_from_the_subset(tasks):
    table = tasks["mixed"].table
    few = table.pool.take(np.arange(8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_preparation(table.columns, few, True, False).fit(few.x)
    numbers, categories, text = (part for _, part, _ in fitted.transformers_)
    assert numbers[0].statistics_[0] == few.x["size"].median()
    assert set(categories.categories_[0][:2]) <= {"red", "blue", np.nan}
    words = set(" ".join(few.x["said"]).split())
    assert {word for word in text[0].vocabulary_ if " " not in word} == words


def test_boosting_grows_no_more_rounds_than_the_validation_set_wants():
    task = TableTask(make_table(TABLES["breast_cancer"](), "breast_cancer"))
    model = train(of("boosting"), task).model.named_steps["model"]
    assert 5 < model.n_iter_ < 200
    assert not model.early_stopping


def test_an_estimator_of_the_users_own_gets_prepared_numbers(tasks):
    for kind in KINDS:
        result = train(of("toys_tables:neighbours"), tasks[kind])
        assert isinstance(result.model, Pipeline)
        assert cost(result) < result.guess[result.measures[0].name] * 2


def test_a_class_of_scikit_learns_is_an_architecture(tasks):
    assert cost(train(of("sklearn.linear_model:Ridge"), tasks["real values"])) < 0.5
    assert cost(train(of("sklearn.naive_bayes:GaussianNB"), tasks["numbers"])) < 0.5


def test_a_pipeline_of_the_users_own_gets_the_texts_as_they_are(tasks):
    assert train(of("toys_tables:words"), tasks["texts"]).test.values["error"] < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_the_users_own_is_trained_by_steps(tasks, kind):
    result = train(of("toys_tables:network", max_steps=200, sample=1), tasks[kind])
    assert cost(result) < result.guess[result.measures[0].name]
    assert result.steps > 1


@pytest.mark.parametrize(
    ("architecture", "kind", "words"),
    [
        ("cnn", "numbers", ["'cnn' is not for tables", "linear, boosting, forest, mlp"]),
        ("nosuch", "numbers", ["'nosuch'", "package.module:function"]),
        ("toys_tables:undecided", "numbers", ["LinearSVC", "predict_proba"]),
        ("toys_tables:unmarked_network", "numbers", ["trained_by_steps = True"]),
        ("toys_tables:pair", "numbers", ["tuple", ".fit"]),
        ("os:getcwd", "numbers", ["os:getcwd", "f(shape, classes)"]),
        ("sklearn.linear_model:Ridge", "numbers", ["Ridge", "predict_proba"]),
    ],
)
def test_what_cannot_learn_from_tables_is_refused_in_one_line(
    tasks, architecture, kind, words
):
    with pytest.raises(InputError) as refusal:
        train(of(architecture), tasks[kind])
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said
