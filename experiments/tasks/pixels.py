"""Whatever arrays come in become pixels in 0–255."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracking.errors import InputError

NEARLY_ONE = 1.001  # what resizing leaves of a 1
CHANNELS = (1, 3, 4)
ALLOWED = "pixels must be numbers in 0–255 (or 0–1)"


def as_pixels(arrays: Sequence[Any], name: str) -> list[np.ndarray]:
    """Each array of images as uint8 (N, H, W, C).

    arrays: (N, H, W), (N, H, W, C) or (N, C, H, W). Floats may be in 0–1 or in 0–255, the same
        in all arrays.
    name: of the dataset, for the message.
    Raises InputError for what holds no images.
    """
    images = [_shaped(array, name) for array in arrays]
    most = max([array.max() for array in images if array.dtype.kind == "f"], default=1.0)
    if NEARLY_ONE < most <= 2:
        raise InputError(
            f"dataset '{name}': the largest pixel is {most}; allowed: 0–1 or 0–255"
        )
    in_0_to_1 = "fb" if most <= NEARLY_ONE else ""
    pixels = [
        _as_bytes(array, 255 if array.dtype.kind in in_0_to_1 else 1) for array in images
    ]
    _check_same_scale(images, pixels, name)
    return pixels


def _check_same_scale(
    given: Sequence[np.ndarray], pixels: Sequence[np.ndarray], name: str
) -> None:
    """Sets of which one was in 0–255 and another in 0–1."""
    dark = [x.max() for x, read in zip(given, pixels) if read.max() <= 1 and x.any()]
    most = max(read.max() for read in pixels)
    if dark and most > 2:
        raise InputError(
            f"dataset '{name}': the largest pixel is {most} in one set and {dark[0]:.3g} in "
            "another; give all sets in 0–255, or all in 0–1"
        )


def _shaped(images: Any, name: str) -> np.ndarray:
    """Numbers in 0–255, (N, H, W, C)."""
    try:
        array = np.asarray(images)
    except ValueError:  # images of several sizes in a list
        raise InputError(
            f"dataset '{name}': the images differ in shape; make them one array"
        ) from None
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or not len(array):
        raise InputError(
            f"dataset '{name}': images of shape {array.shape}; "
            "allowed: (N, H, W), (N, H, W, C), (N, C, H, W)"
        )
    if array.shape[3] not in CHANNELS and array.shape[1] in CHANNELS:
        array = array.transpose(0, 2, 3, 1)
    if array.dtype != np.uint8:
        _check_range(array, name)
    return array


def _check_range(array: np.ndarray, name: str) -> None:
    if array.dtype.kind not in "fiub":
        raise InputError(f"dataset '{name}': {ALLOWED}, got {array.dtype}")
    inside = (array >= 0) & (array <= 255)  # NaN is not
    if not inside.all():
        raise InputError(f"dataset '{name}': {ALLOWED}, got {array[~inside][0]}")


def _as_bytes(array: np.ndarray, scale: int) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    return np.rint(np.minimum(array * scale, 255)).astype(np.uint8)
