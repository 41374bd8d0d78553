"""Our steps of gradient descent are torch's, to the last bit."""

import pytest
import torch
from torch import nn

from experiments.training.sgd import Sgd
from tracking.errors import InputError


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def descend(model, optimiser, change):
    """Twenty steps; after ten of them the learning rate changes."""
    random = torch.Generator().manual_seed(1)
    for step in range(20):
        if step == 10:
            change(optimiser)
        x = torch.randn(8, 6, generator=random)
        optimiser.zero_grad()
        model(x).square().mean().backward()
        optimiser.step()
    return [weights.detach() for weights in model.parameters()]


def slower(optimiser):
    optimiser.lr *= 0.1


def torch_slower(optimiser):
    for group in optimiser.param_groups:
        group["lr"] *= 0.1


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 1e-2])
def test_steps_are_those_of_torch(momentum, weight_decay):
    given = {"lr": 0.1, "momentum": momentum, "weight_decay": weight_decay}
    mine, theirs = net(), net()
    ours = descend(mine, Sgd(mine.parameters(), **given), slower)
    expected = descend(
        theirs, torch.optim.SGD(theirs.parameters(), **given, fused=True), torch_slower
    )
    assert all(map(torch.equal, ours, expected))
    assert not torch.equal(ours[0], net()[0].weight)


def test_weights_without_a_gradient_stay():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimiser = Sgd([used, unused], lr=0.1, momentum=0.9, weight_decay=0.1)
    used.sum().backward()
    optimiser.step()
    assert torch.equal(unused, torch.ones(2))
    assert not torch.equal(used, torch.ones(2))


@pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay"])
def test_a_negative_number_is_refused(name):
    given = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, name: -0.5}
    with pytest.raises(InputError, match=f"{name} -0.5 is negative"):
        Sgd(net().parameters(), **given)
