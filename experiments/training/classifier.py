"""A network with its normalisation, and how well it does."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.training.image_sets import Split
from experiments.training.results import Score, score_of
from experiments.training.slices import by_class

EVALUATION_BATCH = 500  # images; larger batches leave the processor's cache
STATISTICS_BATCH = 2000  # images; the whole set as floats would be four times its size


class Classifier(nn.Module):
    """A network with its normalisation.

    Takes pixels (N, C, H, W) in 0–255, of any number type; gives logits (N, classes).
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, net: nn.Module, mean: Tensor, std: Tensor):
        super().__init__()
        self.net = net
        self.register_buffer("scale", (1 / std).reshape(1, -1, 1, 1))
        self.register_buffer("shift", (-mean / std).reshape(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.net(torch.addcmul(self.shift, pixels.to(self.scale.dtype), self.scale))


def normalised(net: nn.Module, images: Tensor) -> Classifier:
    """The network with the normalisation of these images, on their device."""
    mean, std = pixel_statistics(images)
    model = Classifier(net, mean, std).to(images.device)
    return model.to(memory_format=torch.channels_last)


def evaluate(model: nn.Module, split: Split, precision: str, slices: bool = False) -> Score:
    """Loss and error over every image of the split; leaves the model in training mode.

    slices: whether those of each class are wanted, too.
    """
    loss = 0.0
    squares = 0.0
    wrong = 0.0
    logs = []
    model.eval()
    with torch.inference_mode(), autocast(split, precision):
        for images, labels in zip(
            split.images.split(EVALUATION_BATCH), split.labels.split(EVALUATION_BATCH)
        ):
            logits = model(images).float()
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            each = F.cross_entropy(logits, labels, reduction="none")
            squares += each.double().square().sum().item()
            wrong += (logits.argmax(1) != labels).sum().item()
            if slices:
                logs.append(logits.double().log_softmax(1).cpu())
    model.train()
    score = score_of(loss, squares, wrong, len(split))
    if not slices:
        return score
    labels = split.labels.cpu().numpy()
    return replace(score, slices=by_class(torch.cat(logs).numpy(), labels))


def autocast(split: Split, precision: str) -> torch.autocast:
    """The arithmetic of the precision, on the device of the images."""
    device = split.labels.device.type
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")


def pixel_statistics(images: Tensor, block: int = STATISTICS_BATCH) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per channel, each (C,), of uint8 images (N, C, H, W)."""
    total = torch.zeros(2, images.shape[1], dtype=torch.float64)
    for part in images.split(block):
        values = part.double()
        sums = torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
        total += sums.cpu()
    mean, square = total / (images.numel() / images.shape[1])
    return mean.float(), (square - mean.square()).clamp_min(1.0).sqrt().float()
