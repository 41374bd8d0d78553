"""The shares that slices have of a subset, as whoever asks for them writes them."""

import math
from collections.abc import Sequence

import numpy as np

from tracking.errors import InputError

EXAMPLE = "class:weight with commas between, such as shirt:3,pullover:2"


def weights_of(shares: str, slices: Sequence[str]) -> np.ndarray:
    """By what the share of each slice is multiplied, float64 (S,); 1 of one not named.

    shares: name:weight or number:weight, with commas between.
    slices: their names.
    Raises InputError for a slice that is unknown or named twice, and for a wrong weight.
    """
    if not slices:
        raise InputError(f"shares '{shares}' are of classes or groups; here are none")
    weights = np.full(len(slices), np.nan)
    for part in shares.split(","):
        name, _, weight = part.strip().rpartition(":")
        number = _number(name.strip(), shares, slices)
        if not np.isnan(weights[number]):
            raise InputError(f"shares '{shares}': '{slices[number]}' is named twice")
        weights[number] = _weight(weight, shares)
    return np.nan_to_num(weights, nan=1.0)


def _number(name: str, shares: str, slices: Sequence[str]) -> int:
    """Of the slice with that name, in whatever case, or else with that number."""
    same = [number for number, one in enumerate(slices) if one == name]
    alike = [number for number, one in enumerate(slices) if one.lower() == name.lower()]
    if len(same or alike) == 1:
        return (same or alike)[0]
    if name.isdecimal() and int(name) < len(slices):
        return int(name)
    raise InputError(
        f"shares '{shares}': class '{name}' is unknown; allowed: {', '.join(slices)}, "
        f"or a number up to {len(slices) - 1}"
    )


def _weight(text: str, shares: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        raise InputError(
            f"shares '{shares}': '{text}' is no number; allowed: {EXAMPLE}"
        ) from None
    if not 0 < weight < math.inf:
        raise InputError(f"shares '{shares}': weight {text} is not allowed; allowed: above 0")
    return weight


def check_room(shares: str, slices: Sequence[str], slice_of: np.ndarray, n: int) -> None:
    """Raises InputError where the pool holds too few examples of a slice.

    slice_of: of each example of the pool, (N,).
    n: examples of the subset.
    """
    counts = np.bincount(slice_of, minlength=len(slices))
    wanted = counts * weights_of(shares, slices)
    wanted = n * wanted / wanted.sum()
    short = int(np.argmax(wanted / np.maximum(counts, 1)))
    if wanted[short] <= counts[short]:
        return
    most = math.floor(n * counts[short] / wanted[short])
    raise InputError(
        f"shares '{shares}': {n:,} examples take {math.ceil(wanted[short]):,} of "
        f"'{slices[short]}', of which the pool holds {counts[short]:,}; allowed: "
        f"up to {most:,} examples, fraction {math.floor(1e4 * most / len(slice_of)) / 1e4:g}"
    )
