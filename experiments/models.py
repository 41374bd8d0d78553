"""The architectures. One function and one entry of ARCHITECTURES add another.

Every builder takes the image shape (C, H, W), the number of classes and its own hyperparameters, and
returns a torch module that maps normalised images (N, C, H, W) to logits (N, classes), or a scikit-learn
classifier.
"""

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from scipy.stats import loguniform
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import InputError, one_line


@dataclass(frozen=True)
class Architecture:
    """A builder with its hyperparameters: name -> (untuned default, distribution or choices)."""

    build: Callable
    space: Mapping = field(default_factory=dict)
    trained_by_steps: bool = True  # False: has .fit and .predict_proba


class Scale(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


def linear(image, classes):
    """Softmax regression, on inputs whose length does not grow with the number of pixels.

    A step moves the logits by the learning rate times the squared length of the input, so the rates that suit 8x8
    images would be 48 times too large for 32x32 in colour (the stable rate is bounded by the largest eigenvalue of the
    inputs' covariance: LeCun et al. 1998, Efficient BackProp).
    """
    return nn.Sequential(nn.Flatten(), Scale(8 / math.prod(image) ** 0.5), nn.LazyLinear(classes))


def mlp(image, classes, hidden, layers):
    """Multilayer perceptron with ReLU."""
    body = [layer for _ in range(layers) for layer in (nn.LazyLinear(hidden), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *body, nn.LazyLinear(classes))


def cnn(image, classes, conv1_size, conv2_size, fc1_size, fc2_size):
    """The notebook's five-layer net: two 5x5 convolutions with pooling, three dense layers."""
    padding = 0 if min(image[1:]) >= 28 else 2  # small images would shrink to nothing

    def stage(width):  # pooling before ReLU is the same function at a quarter of the work
        return nn.LazyConv2d(width, 5, padding=padding), nn.MaxPool2d(2, ceil_mode=True), nn.ReLU()

    dense = [layer for size in (fc1_size, fc2_size) for layer in (nn.LazyLinear(size), nn.ReLU())]
    return nn.Sequential(*stage(conv1_size), *stage(conv2_size), nn.Flatten(), *dense, nn.LazyLinear(classes))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation around a shortcut (He et al. 2016, section 3.3)."""

    def __init__(self, width_in, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        same = stride == 1 and width_in == width
        self.shortcut = nn.Identity() if same else nn.Conv2d(width_in, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


def resnet(image, classes, width, depth):
    """Residual network: a stem, three stages of `depth` blocks at widths w, 2w, 4w, global average pooling."""
    stem = [nn.Conv2d(image[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    blocks, width_in = [], width
    for stage in range(3):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            blocks.append(ResidualBlock(width_in, width * 2**stage, stride))
            width_in = width * 2**stage
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width_in, classes))


def forest(image, classes, trees, max_features, min_samples_leaf):
    """Random forest: below which n does a classical model win?"""
    from sklearn.ensemble import RandomForestClassifier  # only where wanted: half a second of imports

    return RandomForestClassifier(
        trees, max_features=max_features, min_samples_leaf=min_samples_leaf, criterion="gini", n_jobs=1
    )


ARCHITECTURES = {
    "linear": Architecture(linear),
    "mlp": Architecture(mlp, {"hidden": (128, [64, 128, 256, 512]), "layers": (2, [1, 2, 3])}),
    "cnn": Architecture(
        cnn,
        {
            "conv1_size": (6, [8, 16, 32, 64]),
            "conv2_size": (16, [16, 32, 64, 96]),
            "fc1_size": (120, [64, 128, 192]),
            "fc2_size": (84, [32, 64, 128]),
        },
    ),
    "resnet": Architecture(resnet, {"width": (16, [8, 16, 24, 32]), "depth": (1, [1, 2])}),
    "forest": Architecture(
        forest,
        {
            "trees": (100, [100]),
            "max_features": ("sqrt", loguniform(0.02, 0.15)),
            "min_samples_leaf": (1, [1, 1, 2, 4]),
        },
        trained_by_steps=False,
    ),
}


def find_architecture(name: str) -> Architecture:
    """An entry of ARCHITECTURES, or the user's own `package.module:function`.

    The function is called as f(image_shape, classes, **hyperparameters); an attribute `space` on it,
    name -> (default, distribution or choices), adds its hyperparameters to the search.
    Raises InputError.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    module, _, function = name.partition(":")
    if not function:
        raise InputError(
            f"architecture '{name}' is unknown; allowed: {', '.join(ARCHITECTURES)} or package.module:function"
        )
    try:
        build = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"architecture '{name}' cannot be imported: {one_line(error)}") from None
    space = getattr(build, "space", {})
    for key, entry in dict(space).items():
        if not (
            isinstance(entry, tuple) and len(entry) == 2 and (isinstance(entry[1], list) or hasattr(entry[1], "rvs"))
        ):
            raise InputError(
                f"architecture '{name}': space['{key}'] is {entry!r}; allowed: (default, a list of choices or a "
                "distribution of scipy.stats)"
            )
    return Architecture(build, space, getattr(build, "trained_by_steps", True))


def build_model(name: str, image: tuple, classes: int, hyperparameters: Mapping, seed: int):
    """The untrained model, initialised from `seed` alone.

    image: (C, H, W). Of `hyperparameters` the builder takes those of its own space.
    """
    found = find_architecture(name)
    own = {key: hyperparameters[key] for key in found.space}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = found.build(image, classes, **own)
        if isinstance(model, nn.Module):
            model.eval()(torch.zeros(1, *image))  # gives the lazy layers their sizes, and so their weights
        else:  # a pipeline's steps have theirs, too
            seeded = [key for key in model.get_params() if key == "random_state" or key.endswith("__random_state")]
            model.set_params(**dict.fromkeys(seeded, seed))
        return model
