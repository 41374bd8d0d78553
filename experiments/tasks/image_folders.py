"""Images read from folders, one folder per class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from tracking.errors import InputError, one_line

DEEP = ("I", "I;16", "I;16B")  # more than 8 bits a pixel
GREY = ("1", "L", "LA", *DEEP)
# brightest pixel of a folder (8, 12 or 16 bits) -> how many of its steps make one of 8 bits
DEPTHS = {255: 1, 4095: 16, 65_535: 257}


@dataclass(frozen=True)
class Format:
    """What all images of a dataset become.

    mode: of PIL, "L" or "RGB".
    size: width and height in pixels.
    step: what is divided by where an image has more than 8 bits.
    """

    mode: str
    size: tuple[int, int]
    step: int


def read_folder(path: Path) -> list[np.ndarray]:
    """Images and labels of a folder: x, y, and x_test, y_test where it holds them.

    One folder per class lies below train/ and test/, or directly in it. All images take the
    commonest size. They are grey if all of them are.
    Raises InputError for what is no such folder.
    """
    if not path.is_dir():
        raise InputError(f"dataset folder '{path}' does not exist")
    try:
        return _read(path)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(
            f"'{path}' is not one folder of images per class: {one_line(error)}"
        ) from None


def _read(path: Path) -> list[np.ndarray]:
    from torchvision.datasets import ImageFolder  # seconds of imports, only where wanted

    folders = [ImageFolder(str(root)) for root in _roots(path)]
    found = find_format(path, [file for file, _ in folders[0].samples])
    arrays: list[np.ndarray] = []
    for folder in folders:
        arrays += _read_classes(folder, found)
    images = arrays[0]
    if len(folders[0].classes) > 1 and images.min() == images.max():
        raise InputError(
            f"'{path}': every pixel is {images.min()} when read as 0–255; "
            "nothing can be learned"
        )
    return arrays


def _roots(path: Path) -> list[Path]:
    if not (path / "train").is_dir():
        return [path]
    return [root for root in (path / "train", path / "test") if root.is_dir()]


def _read_classes(folder: Any, found: Format) -> list[np.ndarray]:
    """The images of a folder, and the name of each one's class."""
    pixels = [read_image(file, found) for file, _ in folder.samples]
    labels = [folder.classes[label] for _, label in folder.samples]
    return [np.stack(pixels), np.array(labels)]


def find_format(path: Path, files: Sequence[str]) -> Format:
    """The format that suits the images of a folder. Raises InputError above 16 bits."""
    kinds = []
    brightest = 255
    for file in files:
        with Image.open(file) as image:
            kinds.append((image.size, image.mode in GREY))
            if image.mode in DEEP:
                brightest = max(brightest, _brightest(image))
    fitting = [step for most, step in DEPTHS.items() if brightest <= most]
    if not fitting:
        raise InputError(
            f"'{path}' holds a pixel of {brightest}; allowed: up to 16 bits, {max(DEPTHS):,}"
        )
    mode = "L" if all(is_grey for _, is_grey in kinds) else "RGB"
    size, _ = max(set(kinds), key=kinds.count)
    return Format(mode=mode, size=size, step=fitting[0])


def _brightest(image: Image.Image) -> int:
    return int(np.asarray(image).max())


def read_image(file: str, found: Format) -> np.ndarray:
    """Pixels uint8 (H, W) or (H, W, 3). What is transparent shows white."""
    with Image.open(file) as opened:
        image = _in_8_bits(opened, file, found.step)
        if image.has_transparency_data:  # its own shape may be all it shows
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        image = image.convert(found.mode)
        if image.size != found.size:
            image = image.resize(found.size, Image.Resampling.BILINEAR)
        return np.asarray(image)


def _in_8_bits(image: Image.Image, file: str, step: int) -> Image.Image:
    """PIL's own conversion would clip deeper images."""
    if image.mode == "F":
        raise InputError(
            f"'{file}' holds fractions; "
            "allowed: images of 8 to 16 bits, or arrays in an npz:FILE"
        )
    if image.mode not in DEEP:
        return image
    return Image.fromarray((np.asarray(image) // step).clip(0, 255).astype(np.uint8))
