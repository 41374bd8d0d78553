"""Devices and precisions are found by name; what is not here is refused in one line."""

import pytest
import torch

from experiments.training.devices import find_device
from tracking.errors import InputError


@pytest.mark.parametrize("device", ["nosuch", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_here_is_refused_in_one_line(device):
    with pytest.raises(InputError) as refusal:
        find_device(device)
    assert f"'{device}'" in str(refusal.value)
    assert "allowed: auto, cpu" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_automatic_device_is_one_that_works():
    assert torch.ones(2, device=find_device("auto")).sum() == 2
