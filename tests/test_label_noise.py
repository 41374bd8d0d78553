"""Labels that were flipped are found, and their share lies in the interval that is said."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from experiments.tasks.examine import examine
from experiments.tasks.images import images_of
from experiments.tasks.label_noise import at_random, confident, estimate_wrong_labels
from experiments.tasks.table_learning import TableTask
from experiments.tasks.tables import make_table

PARTNERS = np.array([8, 7, 3, 5, 9, 3, 8, 1, 1, 4])  # the digit that looks most alike


@pytest.fixture(scope="module")
def pixels():
    images, labels = load_digits(return_X_y=True)
    return (images.reshape(-1, 8, 8) * 15).astype(np.uint8), labels


def flipped(labels, share, partners=None):
    """Some labels, wrong: any other class, or its partner."""
    rng = np.random.default_rng(0)
    wrong = rng.choice(len(labels), round(share * len(labels)), replace=False)
    other = (labels[wrong] + rng.integers(1, 10, len(wrong))) % 10
    changed = labels.copy()
    changed[wrong] = other if partners is None else partners[labels[wrong]]
    return changed


def estimated(images, labels):
    return estimate_wrong_labels(images_of({"training": (images, labels)}, "x").labelled())


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_the_share_of_labels_flipped_at_random_is_told(pixels, share):
    images, labels = pixels
    found = estimated(images, flipped(labels, share))
    assert found.low <= share <= found.high
    assert abs(found.share - share) < 0.015
    assert found.high - found.low < 0.06


def test_flips_between_similar_classes_lie_below_the_upper_end(pixels):
    images, labels = pixels
    found = estimated(images, flipped(labels, 0.05, PARTNERS))
    assert found.low <= 0.05 <= found.high
    assert abs(found.share - 0.05) < 0.015


def test_clean_labels_are_not_suspected(pixels):
    found = estimated(*pixels)
    assert found.share < 0.002
    assert 0 < found.high < 0.005  # none seen among so many is no proof of none


def test_a_model_that_errs_often_judges_no_labels(pixels):
    images, labels = pixels
    found = estimated(images, flipped(labels, 0.4))
    assert found.model_error > 0.3
    assert np.isnan([found.share, found.low, found.high]).all()


def test_the_suspects_are_those_that_were_flipped(pixels):
    images, labels = pixels
    changed = flipped(labels, 0.05)
    suspects = estimated(images, changed).suspects.head(20)
    place = suspects["place"]
    assert (changed[place] == suspects["label"]).all()
    assert (changed[place] != labels[place]).mean() >= 0.9
    assert (suspects["predicted"] == labels[place]).mean() >= 0.9
    assert (
        suspects["probability"].is_monotonic_increasing or suspects["probability"].max() < 0.2
    )


def test_the_share_is_told_of_texts():
    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(300)])
    topics = np.array(["sea", "war", "tax"])
    truth = np.arange(600) % 3
    texts = [" ".join([*rng.choice(words, 20), topics[one]]) for one in truth]
    wrong = rng.random(600) < 0.05
    labels = np.where(wrong, (truth + rng.integers(1, 3, 600)) % 3, truth)
    task = TableTask(make_table({"training": (texts, labels)}, "x"))
    found = estimate_wrong_labels(task.labelled())
    assert found.low <= wrong.mean() <= found.high < 0.12


def test_real_values_have_no_labels():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    task = TableTask(make_table({"training": (x, x[:, 0])}, "x", kind="regression"))
    check, suspects = examine(task.labelled(), task.classes)
    assert (check.surveyed, len(suspects)) == (0, 0)
    assert np.isnan(check.wrong)


def test_certain_predictions_give_the_share_exactly():
    labels = np.array([0, 1] * 50)
    predicted = np.eye(2)[labels] * 0.98 + 0.01
    predicted[:4] = predicted[:4, ::-1]
    assert confident(labels, predicted) == pytest.approx(0.04)
    assert at_random(labels, predicted) == pytest.approx(0.04, abs=0.003)


def test_nothing_is_drawn_from_a_random_state_of_others(pixels):
    images, labels = pixels
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    estimated(images[:200], labels[:200])
    assert (np.random.get_state()[1] == before).all()
