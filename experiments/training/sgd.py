"""Stochastic gradient descent, without what torch's own class imports.

`torch.optim.SGD` imports torch's compiler when it is made, which takes a second. The function
below it does the same arithmetic and imports nothing.
"""

from collections.abc import Iterable

from torch import Tensor
from torch.optim.sgd import sgd

from tracking.errors import InputError


class Sgd:
    """The steps of torch.optim.SGD, equal to the last bit.

    lr: the learning rate; it may be changed between two steps.
    momentum: the share of the last step that the next one keeps.
    weight_decay: of the weights, added to their gradients.
    """

    def __init__(
        self, weights: Iterable[Tensor], lr: float, momentum: float, weight_decay: float
    ):
        """Raises InputError for a negative number."""
        given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        for name, value in given.items():
            if not value >= 0:
                raise InputError(f"{name} {value} is negative; allowed: 0 or more")
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self._weights = list(weights)
        self._momenta: dict[Tensor, Tensor | None] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weights in self._weights:
            weights.grad = None

    def step(self) -> None:
        """One step along the gradients, in place; weights without a gradient stay."""
        moved = [weights for weights in self._weights if weights.grad is not None]
        momenta = [self._momenta.get(weights) for weights in moved]
        sgd(
            moved,
            [weights.grad for weights in moved if weights.grad is not None],
            momenta,
            fused=True,
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
        )
        self._momenta.update(zip(moved, momenta))
