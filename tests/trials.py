"""Trials and their runs, as the driver of a study meets them, without a store."""

from types import SimpleNamespace

import torch

from experiments.training.devices import find_device
from experiments.training.trial import Trial
from tracking.runs import params_of


def cpu_trial(**settings):
    """A trial as it is trained on a processor, with its precision resolved."""
    return Trial(**settings).resolved(torch.device("cpu"))


def resolved(trials, device):
    """Trials as they are trained on the device of that name."""
    return [trial.resolved(find_device(device)) for trial in trials]


def ended(trial, seconds=None, status="FINISHED", steps=1000, loss=1.0, **tags):
    """A trial's run as the store gives it back."""
    params = {param.key: param.value for param in params_of(trial.as_dict())}
    metrics = {"best_val_loss": loss}
    if seconds is not None:
        metrics |= {"seconds": seconds, "steps": steps}
    data = SimpleNamespace(tags={"trial": trial.key, **tags}, params=params, metrics=metrics)
    return SimpleNamespace(data=data, info=SimpleNamespace(status=status))
