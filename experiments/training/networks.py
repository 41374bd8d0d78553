"""The architectures. One function and one entry of ARCHITECTURES add another.

Every builder takes the shape of an image (C, H, W), the number of classes and its own
hyperparameters. It returns a torch module from normalised images (N, C, H, W) to logits
(N, classes), or a scikit-learn classifier.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.training.distributions import loguniform
from experiments.training.own_architectures import (
    call_builder,
    check_model,
    import_builder,
    seed_estimator,
)
from experiments.training.spaces import Space, check_space
from tracking.errors import InputError

Shape = tuple[int, int, int]  # of an image: C, H, W


@dataclass(frozen=True)
class Architecture:
    """How a model is built, and what is searched of it.

    build: (image shape, classes, **hyperparameters) -> an untrained model.
    space: its own hyperparameters.
    trained_by_steps: False for what has .fit and .predict_proba.
    """

    build: Callable[..., Any]
    space: Space = field(default_factory=dict)
    trained_by_steps: bool = True


# --- softmax regression and perceptrons ------------------------------------------------------


class Scale(nn.Module):
    """Multiplication by a constant."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


def linear(image: Shape, classes: int) -> nn.Module:
    """Softmax regression, on inputs whose length does not grow with the number of pixels.

    A step moves the logits by the learning rate times the squared length of the input, so the
    rates that suit 8x8 images would be 48 times too large for 32x32 in colour (the stable rate
    is bounded by the largest eigenvalue of the inputs' covariance: LeCun et al. 1998,
    Efficient BackProp).
    """
    scale = Scale(8 / math.prod(image) ** 0.5)
    return nn.Sequential(nn.Flatten(), scale, nn.LazyLinear(classes))


def mlp(image: Shape, classes: int, hidden: int, layers: int) -> nn.Module:
    """Multilayer perceptron with ReLU."""
    body = _dense([hidden] * layers)
    return nn.Sequential(nn.Flatten(), *body, nn.LazyLinear(classes))


def _dense(widths: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.LazyLinear(width), nn.ReLU()]
    return layers


# --- convolutions ----------------------------------------------------------------------------


def cnn(
    image: Shape,
    classes: int,
    conv1_size: int,
    conv2_size: int,
    fc1_size: int,
    fc2_size: int,
) -> nn.Module:
    """The notebook's five-layer net: two 5x5 convolutions with pooling, three dense layers."""
    padding = 0 if min(image[1:]) >= 28 else 2  # small images would shrink to nothing
    return nn.Sequential(
        *_convolution(conv1_size, padding),
        *_convolution(conv2_size, padding),
        nn.Flatten(),
        *_dense([fc1_size, fc2_size]),
        nn.LazyLinear(classes),
    )


def _convolution(width: int, padding: int) -> list[nn.Module]:
    """Pooling before ReLU is the same function at a quarter of the work."""
    return [
        nn.LazyConv2d(width, 5, padding=padding),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ReLU(),
    ]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation around a shortcut.

    He et al. 2016, section 3.3.
    """

    def __init__(self, width_in: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or width_in != width:
            self.shortcut = nn.Conv2d(width_in, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


def resnet(image: Shape, classes: int, width: int, depth: int) -> nn.Module:
    """Residual network: a stem, three stages, global average pooling.

    width: of the first stage; the others have twice and four times as many channels.
    depth: blocks per stage.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(image[0], width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    width_in = width
    for stage in range(3):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(ResidualBlock(width_in, width * 2**stage, stride))
            width_in = width * 2**stage
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width_in, classes)
    )


# --- scikit-learn ----------------------------------------------------------------------------


def forest(
    image: Shape,
    classes: int,
    trees: int,
    max_features: str | float,
    min_samples_leaf: int,
) -> Any:
    """Random forest: below which n does a classical model win?"""
    # half a second of imports, only where wanted
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        trees,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        criterion="gini",
        n_jobs=1,
    )


# --- by name ---------------------------------------------------------------------------------


ARCHITECTURES: dict[str, Architecture] = {
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

    The function is called as f(image_shape, classes, **hyperparameters). An attribute `space`
    on it adds its hyperparameters to the search; `trained_by_steps = False` says that it
    returns a scikit-learn classifier. Raises InputError.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    if not name.partition(":")[2]:
        raise InputError(
            f"architecture '{name}' is unknown; "
            f"allowed: {', '.join(ARCHITECTURES)} or package.module:function"
        )
    build = import_builder(name)
    space = check_space(f"architecture '{name}'", getattr(build, "space", {}))
    return Architecture(build, space, getattr(build, "trained_by_steps", True))


def build_model(
    name: str, image: Shape, classes: int, hyperparameters: Mapping[str, Any], seed: int
) -> Any:
    """The untrained model, initialised from `seed` alone.

    Of `hyperparameters` the builder takes those of its own space.
    """
    found = find_architecture(name)
    own = {key: hyperparameters[key] for key in found.space}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name in ARCHITECTURES:
            model = found.build(image, classes, **own)
            if found.trained_by_steps:
                # gives the lazy layers their sizes, and so their weights
                model.eval()(torch.zeros(1, *image))
        else:
            model = call_builder(found.build, name, image, classes, own)
            check_model(model, name, found.trained_by_steps, image, classes)
    if not found.trained_by_steps:
        seed_estimator(model, seed)
    return model
