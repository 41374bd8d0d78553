"""Small tables and what learns from them, as a user brings them along."""

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from torch import nn

# --- tables ----------------------------------------------------------------------------------


def blobs(n=150, seed=0):
    """Rows of 4 numbers (N, 4) whose first tells two classes apart, nearly."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    x = rng.normal(size=(n, 4))
    x[:, 0] += 3 * labels
    return x, labels


def rows(data_dir):
    return blobs()


def positive(data_dir):
    x, labels = blobs()
    return np.where(x > 0, x, 0), labels


def sparse_rows(data_dir):
    x, labels = positive(data_dir)
    return sparse.csr_matrix(x), labels


def texts(data_dir):
    """Sentences of ten words, of which the class chooses two."""
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 2
    words = np.array([f"word{number}" for number in range(50)])
    sentences = [
        " ".join([*rng.choice(words, 8), *(["good", "fine"] if label else ["bad", "poor"])])
        for label in labels
    ]
    return sentences, labels


def mixed_rows(data_dir):
    x, labels = blobs()
    colours = np.where(labels, "red", "blue")
    return np.column_stack([x[:, 0].astype(object), colours]), labels


def line(data_dir):
    x, _ = blobs()
    return x, x[:, 0] * 2 + x[:, 1] / 10


def framed(data_dir):
    x, labels = blobs()
    return pd.DataFrame({"a": x[:, 0], "y": labels})


def broken(data_dir):
    raise ValueError("no such file")


def leaving(data_dir):
    raise SystemExit(3)


def endless(data_dir):
    return np.broadcast_to(np.float32(1), (10**12, 2)), np.broadcast_to(0, 10**12)


def masked(data_dir):
    x, y = blobs()
    return np.ma.masked_greater(x, np.median(x)), y


def tensors(data_dir):
    x, y = blobs()
    return torch.tensor(x, requires_grad=True), torch.tensor(y)


def nothing(data_dir):
    return None


def ragged(data_dir):
    return [[1, 2], [3]], [0, 1]


def infinite(data_dir):
    x, labels = blobs()
    x[3, 2] = np.inf
    return x, labels


def narrower_test(data_dir):
    return *blobs(), blobs(seed=1)[0][:, :3], blobs()[1]


def short(data_dir):
    return blobs()[0], blobs()[1][:-1]


def constant(data_dir):
    return np.ones((150, 4)), blobs()[1]


def copied_test(data_dir):
    return *blobs(), *blobs()


# --- architectures ---------------------------------------------------------------------------


def neighbours(shape, classes, k):
    """Estimators for both kinds of target."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    return (KNeighborsClassifier if classes else KNeighborsRegressor)(k)


neighbours.space = {"k": (1, [3, 5])}


def words(shape, classes):
    """A pipeline that takes texts as they come."""
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    return make_pipeline(make_column_transformer((CountVectorizer(), "text")), MultinomialNB())


words.prepared = False


def network(shape, classes):
    """A torch module on standardised numbers."""
    return nn.Sequential(nn.Linear(shape[0], 8), nn.Tanh(), nn.Linear(8, classes or 1))


network.trained_by_steps = True


def unmarked_network(shape, classes):
    return network(shape, classes)


def undecided(shape, classes):
    """A classifier without probabilities."""
    from sklearn.svm import LinearSVC

    return LinearSVC()


def pair(shape, classes):
    """No estimator."""
    return shape, classes
