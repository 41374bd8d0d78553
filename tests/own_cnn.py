"""The cnn of the study on digits, in plain torch: as a function and as a command."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from experiments.tasks.images import load_data

STEPS = 100  # evaluated after 50 and 100
digits = load_data("digits")


def fit(indices, hyperparameters, seed):
    images = digits.pool.images[indices].contiguous(memory_format=torch.channels_last)
    labels = digits.pool.labels[indices]
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ReLU(),
        nn.Conv2d(6, 16, 5, padding=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    ).to(memory_format=torch.channels_last)
    pixels = images.double()
    std, mean = torch.std_mean(pixels, (0, 2, 3), correction=0, keepdim=True)
    scale = 1 / std.float()
    shift = -mean.float() / std.float()
    optimiser = torch.optim.SGD(
        net.parameters(), lr=hyperparameters["lr"], momentum=0.9, weight_decay=1e-4, fused=True
    )
    generator = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(1, STEPS + 1):
        while len(order) < 32:
            order = torch.cat([order, torch.randperm(len(labels), generator=generator)])
        batch, order = order[:32], order[32:]
        logits = net(torch.addcmul(shift, images[batch].float(), scale))
        optimiser.zero_grad()
        F.cross_entropy(logits, labels[batch]).backward()
        optimiser.step()
        if step % 50 == 0:
            yield {"step": step, **scores(net, scale, shift)}


def scores(net, scale, shift):
    """Loss and error on the validation and on the test set."""
    found = {}
    with torch.inference_mode():
        for name, part in (("val", digits.validation), ("test", digits.test)):
            loss = wrong = 0.0
            for images, labels in zip(part.images.split(500), part.labels.split(500)):
                logits = net(torch.addcmul(shift, images.float(), scale))
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                wrong += (logits.argmax(1) != labels).sum().item()
            found[f"{name}_loss"] = loss / len(part)
            found[f"{name}_error"] = wrong / len(part)
    return found


fit.examples = digits.strata
fit.space = {"lr": (0.01, [0.01])}


def main():
    parser = argparse.ArgumentParser()
    for name, kind in (("subset", str), ("lr", float), ("seed", int), ("out", str)):
        parser.add_argument(f"--{name}", type=kind)
    given = parser.parse_args()
    torch.set_num_threads(1)
    indices = np.loadtxt(given.subset, dtype=int, ndmin=1)
    rows = list(fit(indices, {"lr": given.lr}, given.seed))
    best = min(rows, key=lambda row: row["val_loss"])
    Path(given.out).write_text(json.dumps({"steps": best.pop("step"), **best}))
    print("trained on", len(indices))


if __name__ == "__main__":
    main()
