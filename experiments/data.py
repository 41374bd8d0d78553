"""Named datasets as tensors in memory; a fixed validation and test set; nested stratified subsets."""

import hashlib
import importlib
from collections.abc import Callable, Sized
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments import InputError, one_line

SPLIT_SEED = 0  # one split for everybody: the seeds of a study never move an image between the sets
HELD_BACK = 0.2  # share of the images for validation, and for testing where no test set is given
MAX_VALIDATION = 10_000  # images; more would cost time and hardly sharpen the choice


@dataclass(frozen=True, eq=False)
class Split:
    """Images, uint8 (N, C, H, W) in 0–255 laid out channels-last, and labels, int64 (N,) in 0..classes-1."""

    images: Tensor
    labels: Tensor

    def __len__(self):
        return len(self.labels)

    def take(self, indices) -> "Split":
        indices = torch.as_tensor(indices)
        nhwc = self.images.permute(0, 2, 3, 1)  # the order in memory, so that one image is one slice
        return Split(nhwc.index_select(0, indices).permute(0, 3, 1, 2), self.labels[indices])


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset, split: the pool that subsets come from, the whole validation set, the untouched test set."""

    name: str
    classes: int
    pool: Split
    validation: Split
    test: Split
    fingerprint: str  # of every pixel and label

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return tuple(self.pool.images.shape[1:])


def load_data(name: str, data_dir: str = "data") -> Data:
    """Load a dataset by name, `folder:PATH`, `npz:PATH` or `package.module:function`.

    `data_dir` is where torchvision's datasets lie or are downloaded to. Raises InputError where the name
    is unknown, or the files are missing or broken.
    """
    kind, _, rest = name.partition(":")
    if name in DATASETS:
        arrays = DATASETS[name](Path(data_dir))
    elif kind == "folder" and rest:
        arrays = _folder(Path(rest))
    elif kind == "npz" and rest:
        arrays = _npz(Path(rest))
    elif rest:
        arrays = _function(name, Path(data_dir))
    else:
        allowed = ", ".join([*DATASETS, "folder:PATH", "npz:PATH", "package.module:function"])
        raise InputError(f"dataset '{name}' is unknown; allowed: {allowed}")
    return split(name, *arrays)


def split(name: str, x_train, y_train, x_test=None, y_test=None) -> Data:
    """Make a Data of arrays: images (N, H, W), (N, H, W, C) or (N, C, H, W); labels any integers or strings.

    A fixed, stratified share of the training images becomes the validation set, and another the test
    set where none is given. Raises InputError for arrays that are no labelled images.
    """
    pictures = _images([x_train] if x_test is None else [x_train, x_test], name)
    train = pictures[0], _labels(y_train, pictures[0], name)
    test = (pictures[1], _labels(y_test, pictures[1], name)) if x_test is not None else None
    names = np.unique(np.concatenate([train[1], test[1]]) if test else train[1])
    if len(names) < 2:
        raise InputError(f"dataset '{name}' has {len(names)} class; at least 2 are needed")
    images, labels = train[0], np.searchsorted(names, train[1])
    order = stratified_order(labels, SPLIT_SEED)
    held_back = int(HELD_BACK * len(order))
    if test is None:
        test, order = (images[order[:held_back]], labels[order[:held_back]]), order[held_back:]
    else:
        test = test[0], np.searchsorted(names, test[1])
    chosen = order[: min(held_back, MAX_VALIDATION)]
    pool = order[len(chosen) :]
    if not (len(chosen) and len(test[1])):
        raise InputError(f"dataset '{name}' has {len(order)} training images; too few to hold some back")
    if images.shape[1:] != test[0].shape[1:]:
        raise InputError(f"dataset '{name}': training images are {images.shape[1:]}, test images {test[0].shape[1:]}")
    parts = [(images[pool], labels[pool]), (images[chosen], labels[chosen]), test]
    return Data(name, len(names), *(Split(*_tensors(*part)) for part in parts), _fingerprint(*sum(parts, ())))


def subset(pool: Split, fraction: float, data_seed: int) -> Split:
    """The first fraction of the pool in the order of `data_seed`: nested, stratified, without replacement."""
    return pool.take(subset_indices(pool, fraction, data_seed))


def subset_indices(pool: Split, fraction: float, data_seed: int) -> np.ndarray:
    """Indices into the pool, int64 (n,); a prefix of those of any larger fraction. Raises InputError if n = 0."""
    n = subset_size(pool, fraction)
    return stratified_order(pool.labels.numpy(), data_seed)[:n]


def subset_size(pool: Sized, fraction: float) -> int:
    """Images in a subset, n. Raises InputError if n = 0."""
    n = round(fraction * len(pool))
    if n < 1:
        raise InputError(f"fraction {fraction:g} of {len(pool):,} images is none; allowed: {1 / len(pool):.2g} to 1")
    return n


def fingerprint(indices: np.ndarray) -> str:
    """A short hash of which images are in a subset, and in which order."""
    return hashlib.sha256(np.ascontiguousarray(indices, dtype="<i8").tobytes()).hexdigest()[:16]


def stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """A random order of all images in which every prefix holds each class within one of its share.

    labels: int64 (N,). Returns a permutation of 0..N-1.
    """
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    shuffled = rng.permutation(len(classes))  # which class comes first is chance, too
    members = [rng.permutation(np.flatnonzero(labels == classes[c])) for c in shuffled]
    turns = _turns(tuple(int(counts[c]) for c in shuffled))
    order = np.empty(len(labels), dtype=np.int64)
    for turn, indices in enumerate(members):
        order[turns == turn] = indices
    return order


@lru_cache(maxsize=64)
def _turns(counts: tuple[int, ...]) -> np.ndarray:
    """Whose turn it is at each place, by the quota method (Balinski & Young 1975, American Math. Monthly 82).

    A class may take place n if it holds less than its share of n; of those the one furthest behind does.
    Their theorem: every prefix then holds each class's share rounded down or up.
    """
    share = np.array(counts) / sum(counts)
    held = np.zeros(len(counts))
    turns = np.empty(sum(counts), dtype=np.int64)
    for place in range(len(turns)):
        behind = np.where(held < share * (place + 1) - 1e-9, share / (held + 1), -1.0)
        turns[place] = turn = behind.argmax()
        held[turn] += 1
    return turns


# --- where arrays come from ------------------------------------------------------------------------


def _digits(data_dir: Path):
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return (images.reshape(-1, 8, 8) * 15).astype(np.uint8), labels  # 17 grey levels, 0–16


def _torchvision(class_name: str, data_dir: Path, *, options=({"train": True}, {"train": False})):
    from torchvision import datasets

    arrays = []
    for option in options:
        try:
            loaded = getattr(datasets, class_name)(str(data_dir), download=True, **option)
        except Exception as error:  # broken files fail in many ways, and so do downloads
            reason = one_line(error)
            raise InputError(f"{class_name} is not in data_dir '{data_dir}' and cannot be had: {reason}") from None
        labels = loaded.targets if hasattr(loaded, "targets") else loaded.labels
        arrays += [np.asarray(loaded.data), np.asarray(labels)]
    return arrays


DATASETS: dict[str, Callable] = {
    "digits": _digits,
    "mnist": partial(_torchvision, "MNIST"),
    "fashion_mnist": partial(_torchvision, "FashionMNIST"),
    "emnist": partial(
        _torchvision,
        "EMNIST",
        options=({"split": "letters", "train": True}, {"split": "letters", "train": False}),
    ),
    "cifar10": partial(_torchvision, "CIFAR10"),
    "cifar100": partial(_torchvision, "CIFAR100"),
    "svhn": partial(_torchvision, "SVHN", options=({"split": "train"}, {"split": "test"})),
}


def _npz(path: Path):
    wanted = ("x_train", "y_train", "x_test", "y_test")
    if not path.is_file():
        raise InputError(f"dataset file '{path}' does not exist")
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            found = {name: arrays[name] for name in wanted if name in arrays}
            held = ", ".join(arrays) or "nothing"
    except Exception as error:  # a broken archive fails in many ways (zlib, zipfile, pickle, OS)
        raise InputError(f"'{path}' is not a readable .npz file: {one_line(error)}") from None
    needed = wanted if len(found.keys() & {"x_test", "y_test"}) == 1 else wanted[:2]
    if missing := [name for name in needed if name not in found]:
        raise InputError(f"'{path}' lacks {', '.join(missing)}; it holds {held}")
    return list(found.values())


def _folder(path: Path):
    """One folder per class, below train/ and test/ or directly; images of another size take the commonest."""
    from PIL import Image, UnidentifiedImageError
    from torchvision.datasets import ImageFolder

    if not path.is_dir():
        raise InputError(f"dataset folder '{path}' does not exist")
    roots = [path / "train", path / "test"] if (path / "train").is_dir() else [path]
    roots = [root for root in roots if root.is_dir()]
    try:
        folders = [ImageFolder(str(root)) for root in roots]
        sizes, brightest = [], 255
        for file, _ in folders[0].samples:
            with Image.open(file) as image:
                sizes.append((image.size, image.mode in ("1", "L", "LA", *DEEP)))
                brightest = max(brightest, image.getextrema()[1]) if image.mode in DEEP else brightest
        size = max(set(sizes), key=sizes.count)[0]
        mode = "L" if all(grey for _, grey in sizes) else "RGB"
        step = next((step for most, step in DEPTHS.items() if brightest <= most), None)
        if step is None:
            raise InputError(f"'{path}' holds a pixel of {brightest}; allowed: up to 16 bits, {max(DEPTHS):,}")
        arrays = []
        for folder in folders:
            pixels = [np.asarray(_open(file, mode, size, step)) for file, _ in folder.samples]
            arrays += [np.stack(pixels), np.array([folder.classes[label] for _, label in folder.samples])]
        if len(folders[0].classes) > 1 and arrays[0].min() == arrays[0].max():
            raise InputError(f"'{path}': every pixel is {arrays[0].min()} when read as 0–255; nothing can be learned")
        return arrays
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"'{path}' is not one folder of images per class: {one_line(error)}") from None


DEEP = "I", "I;16", "I;16B"  # more than 8 bits a pixel
DEPTHS = {255: 1, 4095: 16, 65_535: 257}  # brightest pixel of a folder -> what one step of 8 bits is: 8, 12 or 16 bits


def _open(file: str, mode: str, size: tuple[int, int], step: int):
    from PIL import Image

    with Image.open(file) as image:
        if image.mode == "F":
            raise InputError(f"'{file}' holds fractions; allowed: images of 8 to 16 bits, or arrays in an npz:FILE")
        if image.mode in DEEP:  # converting would clip them
            image = Image.fromarray((np.asarray(image) // step).clip(0, 255).astype(np.uint8))
        if image.has_transparency_data:  # its own shape may be all it shows
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        image = image.convert(mode)
        return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _function(name: str, data_dir: Path):
    """The user's own loader, called with data_dir: returns x_train, y_train and perhaps x_test, y_test."""
    module, _, function = name.partition(":")
    try:
        loader = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"dataset '{name}' cannot be imported: {one_line(error)}") from None
    arrays = loader(data_dir)
    if not isinstance(arrays, tuple | list):
        raise InputError(f"dataset '{name}' returned {type(arrays).__name__}; allowed: x, y or x, y, x_test, y_test")
    if len(arrays) not in (2, 4):
        raise InputError(f"dataset '{name}' returned {len(arrays)} arrays; allowed: 2 (x, y) or 4 (with a test set)")
    return arrays


# --- whatever comes in becomes uint8 (N, C, H, W) and int64 labels ----------------------------------


NEARLY_ONE = 1.001  # what resizing leaves of a 1


def _images(arrays: list, name: str) -> list[np.ndarray]:
    """uint8 (N, H, W, C) each. Floats may be in 0–1 or 0–255, the same in all arrays."""
    arrays = [_shaped(array, name) for array in arrays]
    most = max([array.max() for array in arrays if array.dtype.kind == "f"], default=1.0)
    if NEARLY_ONE < most <= 2:
        raise InputError(f"dataset '{name}': the largest pixel is {most}; allowed: 0–1 or 0–255")
    return [_as_bytes(array, 255 if array.dtype.kind in "fb" and most <= NEARLY_ONE else 1) for array in arrays]


def _shaped(array, name: str) -> np.ndarray:
    """Numbers in 0–255, (N, H, W, C)."""
    try:
        array = np.asarray(array)
    except ValueError:  # images of several sizes in a list
        raise InputError(f"dataset '{name}': the images differ in shape; make them one array") from None
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or not len(array):
        raise InputError(
            f"dataset '{name}': images of shape {array.shape}; allowed: (N, H, W), (N, H, W, C), (N, C, H, W)"
        )
    if array.shape[3] not in (1, 3, 4) and array.shape[1] in (1, 3, 4):
        array = array.transpose(0, 2, 3, 1)
    if array.dtype == np.uint8:
        return array
    allowed = "pixels must be numbers in 0–255 (or 0–1)"
    if array.dtype.kind not in "fiub":
        raise InputError(f"dataset '{name}': {allowed}, got {array.dtype}")
    if not ((array >= 0) & (array <= 255)).all():
        wrong = array[~((array >= 0) & (array <= 255))][0]
        raise InputError(f"dataset '{name}': {allowed}, got {wrong}")
    return array


def _as_bytes(array: np.ndarray, scale: int) -> np.ndarray:
    return array if array.dtype == np.uint8 else np.rint(np.minimum(array * scale, 255)).astype(np.uint8)


def _labels(array, images, name: str) -> np.ndarray:
    array = np.asarray(array).reshape(-1) if array is not None else np.empty(0)
    if len(array) != len(images):
        raise InputError(f"dataset '{name}': {len(images)} images but {len(array)} labels")
    if any(label is None or label != label for label in array.tolist()):
        raise InputError(f"dataset '{name}': a label is missing (None or nan)")
    if array.dtype == object:  # of several types, which have no order
        array = array.astype(str)
    return array


def _tensors(images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    nhwc = torch.from_numpy(np.ascontiguousarray(images))
    return nhwc.permute(0, 3, 1, 2), torch.from_numpy(labels.astype(np.int64))


def _fingerprint(*arrays: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).data)
    return digest.hexdigest()
