"""The synthetic datasets follow the theory that their docstrings name."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy

from experiments.tasks import synthetic
from experiments.tasks.images import load_data
from experiments.training.networks import build_model


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {
        "TRAIN": 4000,
        "TEST": 1000,
        "TAIL_TRAIN": 20_000,
        "TAIL_TEST": 20_000,
    }.items():
        monkeypatch.setattr(synthetic, name, value)


@pytest.mark.parametrize(
    "name, classes, side, pool", [("linear", 4, 8, 3200), ("long_tail", 10, 32, 16_000)]
)
def test_a_teacher_is_a_dataset_like_any_other_and_always_the_same(name, classes, side, pool):
    data, again = (load_data(f"experiments.tasks.synthetic:{name}") for _ in range(2))
    assert (data.classes, data.image_shape, len(data.pool)) == (classes, (1, side, side), pool)
    assert data.fingerprint == again.fingerprint


def test_labels_follow_the_linear_teachers_probabilities():
    images, labels, *_ = synthetic.linear()
    log_p = log_softmax(synthetic.linear_logits(images))
    measured = -log_p[np.arange(len(labels)), labels]
    floor = -(np.exp(log_p) * log_p).sum(1).mean()
    assert measured.mean() == pytest.approx(
        floor, abs=4 * measured.std() / np.sqrt(len(labels))
    )
    assert 0.2 < floor < 1.1  # between certainty and a guess, ln 4 = 1.39


def test_the_linear_teacher_is_as_sure_as_its_docstring_says():
    assert synthetic.linear_logits(synthetic.linear()[0]).std() == pytest.approx(2, rel=0.15)


def test_a_linear_student_closes_on_the_floor_with_exponent_one():
    """Fitted by scikit-learn, so that this is about the data and not about our trainer."""
    images, labels, test, _ = synthetic.linear()
    x = synthetic.standardised(images)
    shown = synthetic.standardised(test)
    excess = {}
    truth = log_softmax(synthetic.linear_logits(test))
    for n in (1000, 4000):
        told = (
            LogisticRegression(C=1e6, max_iter=200)
            .fit(x[:n], labels[:n])
            .predict_log_proba(shown)
        )
        excess[n] = (np.exp(truth) * (truth - told)).sum(1).mean()
    assert excess[4000] == pytest.approx(synthetic.linear_excess(4000), rel=0.25)
    assert np.log(excess[1000] / excess[4000]) / np.log(4) == pytest.approx(1, abs=0.25)


def test_a_pattern_of_the_long_tail_has_one_label_for_ever():
    images, labels, test, truth = synthetic.long_tail()
    patterns = np.concatenate([images, test]).reshape(40_000, -1).argmax(1)
    labels = np.concatenate([labels, truth])
    assert all(len(set(labels[patterns == pattern])) == 1 for pattern in np.unique(patterns))


def test_who_knows_what_it_has_seen_and_guesses_the_rest_meets_the_long_tails_theory():
    images, _, test, _ = synthetic.long_tail()
    seen, asked = (part.reshape(20_000, -1).argmax(1) for part in (images, test))
    for n in (40, 400, 4000):
        known = [
            np.isin(asked, np.random.default_rng(seed).choice(seen, n, False)).mean()
            for seed in range(40)
        ]
        assert np.log(10) * (1 - np.mean(known)) == pytest.approx(
            synthetic.long_tail_excess(n), rel=0.2
        )
    fall = synthetic.long_tail_excess(100) / synthetic.long_tail_excess(10_000)
    assert np.log(fall) / np.log(100) == pytest.approx(0.5, abs=0.02)


def log_softmax(z):
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def test_the_student_learns_a_pattern_in_one_step_of_rate_one_and_linear_does_not():
    losses = {}
    for name in ("experiments.tasks.synthetic:student", "linear"):
        torch.manual_seed(0)
        model = build_model(name, (1, 32, 32), 10, {}, seed=0)
        pattern = torch.zeros(1, 1, 32, 32)
        label = torch.tensor([3])
        pattern[0, 0, 5, 5] = 4.0
        optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
        cross_entropy(model(pattern), label).backward()
        optimiser.step()
        losses[name] = cross_entropy(model(pattern), label).item()
    assert losses["experiments.tasks.synthetic:student"] < 0.01 < 0.1 < losses["linear"]
