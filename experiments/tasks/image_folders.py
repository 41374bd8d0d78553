"""Images read from folders, one folder per class."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from experiments.tasks.arrays import Sets
from experiments.tasks.folder_layout import File, find_files
from experiments.tasks.held_back import TRAIN
from experiments.tasks.memory import check_memory
from tracking.errors import InputError, one_line

DEEP = ("I", "I;16", "I;16B")  # more than 8 bits a pixel
GREY = ("1", "L", "LA", *DEEP)
# brightest pixel of a folder (8, 12 or 16 bits) -> how many of its steps make one of 8 bits
DEPTHS = {255: 1, 4095: 16, 65_535: 257}
LONGEST = 256  # pixels of the longer side; photographs are made smaller
COPIES = 2.5  # of all pixels, while they are divided
ORIENTATION = 0x0112  # the tag of EXIF that says how the camera was held
# its values -> what undoes them
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)  # values by which width and height change places


@dataclass(frozen=True)
class Format:
    """What all images of a dataset become.

    mode: of PIL, "L" or "RGB".
    size: width and height in pixels.
    step: what is divided by where an image has more than 8 bits.
    original: the commonest size of the files, width and height.
    """

    mode: str
    size: tuple[int, int]
    step: int
    original: tuple[int, int] = (0, 0)


def read_folder(path: Path) -> tuple[Sets, str]:
    """The images of each set with the names of their classes, and what is to be said of them.

    One folder per class lies below train/, val/ and test/, or directly in the folder. All
    images take the commonest size, or a smaller one of at most 256 pixels a side. They are
    grey if all of them are.
    Raises InputError for what is no such folder, and for files that cannot be read.
    """
    files, left_out = find_files(path)
    found = find_format(path, [file.path for file in files[TRAIN]])
    _check_memory(path, found, sum(len(each) for each in files.values()))
    sets = {which: _read_all(each, found) for which, each in files.items()}
    return sets, _note(found, left_out)


def _note(found: Format, left_out: Sequence[str]) -> str:
    parts = []
    if found.size != found.original:
        was = "×".join(map(str, found.original))
        parts.append(f"resized from {was} to {'×'.join(map(str, found.size))} pixels")
    if left_out:
        parts.append(f"left out: {', '.join(left_out)}")
    return "; ".join(parts)


def _check_memory(path: Path, found: Format, images: int) -> None:
    width, height = found.size
    pixels = images * width * height * len(found.mode)
    what = f"the {images:,} images of '{path}', {width}×{height} pixels each,"
    check_memory(COPIES * pixels, what, "make the images smaller, or take fewer")


def _read_all(files: Sequence[File], found: Format) -> tuple[np.ndarray, np.ndarray]:
    """The images, uint8 (N, H, W) or (N, H, W, 3), and the name of each one's class."""
    width, height = found.size
    channels = () if found.mode == "L" else (len(found.mode),)
    pixels = np.empty((len(files), height, width, *channels), np.uint8)
    for place, file in enumerate(files):
        pixels[place] = read_image(file.path, found)
    return pixels, np.array([file.label for file in files])


def find_format(path: Path, files: Sequence[str]) -> Format:
    """The format that suits the images. Raises InputError for broken files."""
    kinds = []
    brightest = 255
    for file in files:
        size, mode, most = _look_at(file)
        kinds.append((size, mode in GREY))
        brightest = max(brightest, most)
    fitting = [step for most, step in DEPTHS.items() if brightest <= most]
    if not fitting:
        raise InputError(
            f"'{path}' holds a pixel of {brightest}; allowed: up to 16 bits, {max(DEPTHS):,}"
        )
    mode = "L" if all(is_grey for _, is_grey in kinds) else "RGB"
    size, _ = max(set(kinds), key=kinds.count)
    return Format(mode=mode, size=_reduced(size), step=fitting[0], original=size)


def _reduced(size: tuple[int, int]) -> tuple[int, int]:
    """The same shape with no side above the longest allowed."""
    if max(size) <= LONGEST:
        return size
    width, height = (max(1, round(side * LONGEST / max(size))) for side in size)
    return width, height


def _look_at(file: str) -> tuple[tuple[int, int], str, int]:
    """Size as it is seen, mode, and the brightest pixel of an image of more than 8 bits."""

    def look(image: Image.Image) -> tuple[tuple[int, int], str, int]:
        width, height = image.size
        size = (height, width) if _orientation(image) in SIDEWAYS else (width, height)
        most = int(np.asarray(image).max()) if image.mode in DEEP else 0
        return size, image.mode, most

    return _opened(file, look)


def read_image(file: str, found: Format) -> np.ndarray:
    """Pixels uint8 (H, W) or (H, W, 3), the right way up. What is transparent shows white.

    Raises InputError for a file that cannot be read.
    """

    def read(opened: Image.Image) -> np.ndarray:
        turn = TURNS.get(_orientation(opened))
        image = _in_8_bits(opened, file, found.step)
        if turn is not None:
            image = image.transpose(turn)
        if image.has_transparency_data:  # its own shape may be all it shows
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        image = image.convert(found.mode)
        if image.size != found.size:
            image = image.resize(found.size, Image.Resampling.BILINEAR)
        return np.asarray(image)

    return _opened(file, read)


def _opened(file: str, use: Any) -> Any:
    """What `use` makes of the opened file. Raises InputError that names a broken file."""
    if Path(file).exists() and not Path(file).is_file():  # a pipe would be waited for
        raise InputError(f"'{file}' is no regular file; leave it out")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PIL's remarks about sizes and metadata
            with Image.open(file) as image:
                return use(image)
    except InputError:
        raise
    except Exception as error:  # broken images fail in many ways
        raise InputError(
            f"'{file}' cannot be read as an image: {one_line(error) or type(error).__name__}; "
            "mend it or leave it out"
        ) from None


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # broken metadata says nothing about the pixels
        return 1


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
