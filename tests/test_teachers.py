import numpy as np
import pytest

from experiments import teachers
from experiments.data import load_data


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(teachers, "TRAIN", 4000)
    monkeypatch.setattr(teachers, "TEST", 1000)


@pytest.mark.parametrize("name", ["linear", "network"])
def test_a_teacher_is_a_dataset_like_any_other_and_always_the_same(name):
    data, again = (load_data(f"experiments.teachers:{name}") for _ in range(2))
    assert (data.classes, data.image_shape, len(data.pool)) == (4, (1, 8, 8), 3200)
    assert data.fingerprint == again.fingerprint


@pytest.mark.parametrize("logits, data", [(teachers.linear_logits, "linear"), (teachers.network_logits, "network")])
def test_labels_follow_the_teachers_probabilities(logits, data):
    images, labels, *_ = getattr(teachers, data)()
    z = logits(images)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    measured = -log_p[np.arange(len(labels)), labels]
    floor = teachers.bayes_loss(logits, images)
    assert measured.mean() == pytest.approx(floor, abs=4 * measured.std() / np.sqrt(len(labels)))
    assert 0.2 < floor < 1.1  # between certainty and a guess, ln 4 = 1.39


def test_the_teachers_are_as_sure_as_their_docstrings_say():
    images = teachers.linear()[0]
    assert teachers.linear_logits(images).std() == pytest.approx(2, rel=0.15)
    assert teachers.network_logits(images).std() == pytest.approx(3, rel=0.35)


def test_a_linear_student_closes_on_the_floor_with_exponent_one():
    """Excess loss p / (2n): fitted by scikit-learn, so that this is about the data and not about our trainer."""
    from sklearn.linear_model import LogisticRegression

    images, labels, test, _ = teachers.linear()
    x, shown, excess = teachers._standardised(images), teachers._standardised(test), {}
    truth = teachers.linear_logits(test)
    truth = truth - np.log(np.exp(truth).sum(1, keepdims=True))
    for n in (1000, 4000):
        told = LogisticRegression(C=1e6, max_iter=200).fit(x[:n], labels[:n]).predict_log_proba(shown)
        excess[n] = (np.exp(truth) * (truth - told)).sum(1).mean()
    parameters = 65 * 3
    assert excess[4000] == pytest.approx(parameters / 8000, rel=0.25)
    assert np.log(excess[1000] / excess[4000]) / np.log(4) == pytest.approx(1, abs=0.25)
