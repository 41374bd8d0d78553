"""Mirrored and shifted images."""

import torch
from torch.nn import functional as F

from experiments.training.image_sets import Split


def augment(batch: Split, flip: int, shift: int, generator: torch.Generator) -> Split:
    """Images mirrored and moved at random, black behind.

    flip: 1 mirrors each with probability 1/2; 0 none.
    shift: most pixels that one is moved, each way.
    """
    n, _, height, width = batch.images.shape
    rows = torch.arange(height).expand(n, -1)
    columns = torch.arange(width).expand(n, -1)
    if flip:
        mirrored = torch.randint(2, (n, 1), generator=generator, dtype=torch.bool)
        columns = torch.where(mirrored, columns.flip(1), columns)
    moves = torch.randint(2 * shift + 1, (2, n, 1), generator=generator)
    rows = rows + moves[0]
    columns = columns + moves[1]
    # one gather over the padded pixels: no copy per image, no loop
    device = batch.labels.device
    padded = F.pad(batch.images, [shift] * 4).permute(0, 2, 3, 1)
    which = torch.arange(n, device=device)[:, None, None]
    moved = padded[which, rows.to(device)[:, :, None], columns.to(device)[:, None, :]]
    return Split(images=moved.permute(0, 3, 1, 2), labels=batch.labels)
