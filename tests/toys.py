"""Small data, models and trials.

As `package.module:function` they are also what a user brings along.
"""

import numpy as np
from torch import nn

from experiments.tasks.images import split
from experiments.training.image_sets import Split
from experiments.training.trial import Trial

# --- data ------------------------------------------------------------------------------------


def numbered(labels, size=4, seed=0):
    """Grey images (N, size, size), uint8, whose first two pixels hold the image's number."""
    numbers = np.arange(len(labels))
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), size * size))
    pixels[:, 0] = numbers // 256
    pixels[:, 1] = numbers % 256
    return pixels.reshape(-1, size, size).astype(np.uint8), np.asarray(labels)


def numbers_of(part: Split) -> np.ndarray:
    """The numbers that `numbered` wrote into the images of a split."""
    pixels = part.images.reshape(len(part), -1).long()
    return (pixels[:, 0] * 256 + pixels[:, 1]).numpy()


def stripes(n=150, classes=3, size=8, channels=1, seed=0):
    """Noise with a bright row per class, which a net learns in a few steps.

    Images are uint8 (N, size, size, channels).
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    pixels = rng.integers(0, 120, (n, size, size, channels))
    pixels[np.arange(n), labels] += 100
    return pixels.astype(np.uint8), labels


def mislabelled():
    """The same with a quarter of the labels wrong."""
    images, labels = stripes()
    rng = np.random.default_rng(3)
    return images, np.where(rng.random(len(labels)) < 0.25, rng.permutation(labels), labels)


def stripes_of_shape(channels, height, width, classes):
    """A Data of noise: 8 images of each class, of any shape."""
    labels = np.repeat(np.arange(classes), 8)
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), height, width, channels))
    return split("noise", pixels.astype(np.uint8), labels)


def same_pixels(data, other):
    """Whether two datasets hold the same images and labels, split alike."""
    return data.fingerprint == other.fingerprint


def loader(data_dir):
    """A user's own dataset without a test set."""
    return stripes()


def loader_with_test(data_dir):
    return *stripes(seed=1), *stripes(30, seed=2)


def loader_of_one(data_dir):
    return (stripes()[0],)


def loader_of_nothing(data_dir):
    stripes()


# --- trials ----------------------------------------------------------------------------------


def short(architecture="mlp", **more):
    """A trial of 30 steps in fp32, unless `more` says otherwise."""
    return Trial(
        **{"architecture": architecture, "max_steps": 30, "precision": "fp32", **more}
    )


# --- architectures ---------------------------------------------------------------------------


def narrow(image, classes, width):
    """A user's own architecture with a search space."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(int(np.prod(image)), width),
        nn.Tanh(),
        nn.Linear(width, classes),
    )


narrow.space = {"width": (4, [8, 16])}


def dropping(image, classes):
    """Dropout draws random numbers in every step."""
    return nn.Sequential(
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(int(np.prod(image)), classes)
    )


class Exploding(nn.Linear):
    def forward(self, x):
        return super().forward(x) * float("nan")


def exploding(image, classes):
    """Diverges in its first step."""
    return nn.Sequential(nn.Flatten(), Exploding(int(np.prod(image)), classes))


class Branching(nn.Linear):
    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


def crashing(image, classes):
    raise ValueError("no such width")


def unexportable(image, classes):
    """Trains, and cannot become an exported program, since its path depends on the pixels."""
    return nn.Sequential(nn.Flatten(), Branching(int(np.prod(image)), classes))


def neighbours(image, classes):
    """A scikit-learn classifier that has no random_state."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1)


neighbours.trained_by_steps = False


def piped(image, classes):
    """A scikit-learn pipeline, of which one step draws random numbers."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), MLPClassifier(4, max_iter=5))


piped.trained_by_steps = False


# --- architectures that are wrong ------------------------------------------------------------


def softmaxed(image, classes):
    """Gives probabilities where logits are wanted."""
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(image)), classes), nn.Softmax(1))


def of_other_width(image, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(image)), classes + 1))


def for_large_images(image, classes):
    return nn.Sequential(nn.Conv2d(image[0], 4, 99), nn.Flatten(), nn.LazyLinear(classes))


class Paired(nn.Linear):
    def forward(self, x):
        answer = super().forward(x)
        return answer, answer


def paired(image, classes):
    return nn.Sequential(nn.Flatten(), Paired(int(np.prod(image)), classes))


class Rounded(nn.Linear):
    def forward(self, x):
        return super().forward(x).round().detach()


def rounded(image, classes):
    return nn.Sequential(nn.Flatten(), Rounded(int(np.prod(image)), classes))


def unmarked_estimator(image, classes):
    return neighbours(image, classes)


def without_arguments():
    return nn.Flatten()


def of_nothing(image, classes):
    """Forgets to return what it built."""
    narrow(image, classes, 4)


number = 3
