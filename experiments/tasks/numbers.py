"""Examples of any kind as rows of numbers, for what looks at the examples alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from experiments.training.labelled import Labelled
from experiments.training.table import Rows

SIDE = 16  # pixels that an image is averaged to, at most
BATCH = 4096  # images at a time
NOTHING = 1e-6  # of a contrast
TEXTS = 200  # that tell how long texts are
LETTERS = 3  # of a text, for each word or pair of words in it
LETTER = 1.5e-6  # seconds to make words of one


def outlines(images: np.ndarray) -> np.ndarray:
    """What stands out of each image, float32 (N, F), of length 1.

    images: uint8 (N, C, H, W).
    Grey, averaged to at most 16 × 16, less the mean around each pixel. So brightness,
    contrast, colour, compression and a plain background count for nothing.
    """
    parts = []
    for grey in _averaged(images, colour=False):
        around = avg_pool2d(pad(grey, (1, 1, 1, 1), mode="replicate"), 3, 1)
        rest = (grey - around).flatten(1)
        parts.append(rest / rest.norm(dim=1, keepdim=True).clamp(min=NOTHING))
    return torch.cat(parts).numpy()


def pixels(images: np.ndarray) -> np.ndarray:
    """Their pixels, averaged to at most 16 × 16, float32 (N, F).

    images: uint8 (N, C, H, W).
    """
    return torch.cat([part.flatten(1) for part in _averaged(images)]).numpy()


def _averaged(images: np.ndarray, colour: bool = True) -> Iterator[torch.Tensor]:
    height, width = images.shape[2:]
    size = (min(height, SIDE), min(width, SIDE))
    for start in range(0, len(images), BATCH):
        part = torch.from_numpy(images[start : start + BATCH]).float()
        part = part if colour else part.mean(1, keepdim=True)
        yield adaptive_avg_pool2d(part, size)


def prepared(
    labelled: Labelled, sets: list[Rows], scaled: bool = True, dense: bool = False
) -> list[Any]:
    """Rows of a table as numbers of one scale: arrays or sparse matrices (n, F).

    Categories and words become numbers as they do for learners (training/preprocessing.py),
    by what the first of the sets holds.
    """
    # late: images need no scikit-learn
    from experiments.training.preprocessing import make_preparation
    from experiments.training.table_fit import quietly

    first, *others = sets
    assert labelled.columns is not None
    with quietly(), _seeded():
        preparation = make_preparation(labelled.columns, first, scaled, dense)
        if preparation is None or preparation == "passthrough":
            return [part.x for part in sets]
        return [
            preparation.fit_transform(first.x),
            *(preparation.transform(one.x) for one in others),
        ]


@contextmanager
def _seeded() -> Iterator[None]:
    """NumPy's own random state, which some preparations draw from, is left as it was."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


# --- what it takes ---------------------------------------------------------------------------


def numbers_each(labelled: Labelled) -> float:
    """Numbers that an example holds: pixels, columns and words, those that are 0 left out."""
    x = labelled.pool.x
    if labelled.pool.is_sparse:
        return float(x.nnz / x.shape[0])
    return float(np.prod(x.shape[1:])) + _letters(labelled) / LETTERS


def seconds_to_prepare(labelled: Labelled, n: int) -> float:
    """What n texts take; everything else takes no time beside them."""
    return LETTER * n * _letters(labelled)


def _letters(labelled: Labelled) -> float:
    """Of a text, on average; 0 where there are none."""
    columns = labelled.columns
    if columns is None or not columns.text:
        return 0.0
    return float(labelled.pool.x[columns.text].iloc[:TEXTS].str.len().mean())
