"""Images come by name, from files or the user's own loader, and are split once for all."""

import gc
import struct
import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toys import numbered, numbers_of, same_pixels, stripes

from experiments.tasks.held_back import HELD_BACK
from experiments.tasks.images import DOWNLOADED, load_data, split
from experiments.training.image_sets import subset
from tracking.errors import InputError

class_counts = st.lists(st.integers(1, 60), min_size=2, max_size=12)


def shuffled_labels(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


# --- the split -------------------------------------------------------------------------------


@given(class_counts)
def test_the_held_back_sets_are_stratified_too(counts):
    counts = np.array(counts) + 10
    data = split("numbered", *numbered(shuffled_labels(counts)))
    for part in (data.validation, data.test):
        held = np.bincount(part.labels, minlength=len(counts))
        assert len(part) == int(HELD_BACK * counts.sum())
        assert (
            np.abs(held - len(part) * counts / counts.sum()).max() < 2
        )  # a difference of two prefixes


def test_the_split_of_a_dataset_is_the_same_in_another_process(digits, elsewhere):
    assert elsewhere["data"] == digits.fingerprint


def test_images_are_bytes_laid_out_channels_last_and_labels_are_int64(digits, tiny):
    for data in (digits, tiny, split("colour", *stripes(channels=3))):
        for part in (data.pool, data.validation, data.test, subset(data.pool, 0.5, 0)):
            assert part.images.dtype == torch.uint8
            assert part.images.shape == (len(part), *data.image_shape)
            assert part.images.is_contiguous(memory_format=torch.channels_last)
            assert part.labels.dtype == torch.int64
            assert set(part.labels.tolist()) <= set(range(data.classes))


def test_photos_are_different_6_by_6_greys_of_two_photographs():
    data = load_data("photos")
    parts = (data.pool, data.validation, data.test)
    images = torch.cat([part.images for part in parts])
    assert images.shape[1:] == (1, 6, 6) and len(images) > 15_000
    assert len(images.unique(dim=0)) == len(images)
    assert data.slices == ("flower", "temple")
    assert 0.4 < data.test.labels.float().mean() < 0.6
    # neighbours are neighbours: a patch is smoother than its pixels in any order
    pixels = images.float().flatten(1)
    mixed = pixels[:, torch.randperm(36, generator=torch.Generator().manual_seed(0))]
    assert steps(pixels) < 0.7 * steps(mixed)


def steps(pixels):
    """The mean difference between a pixel and the next of its row."""
    return pixels.unflatten(1, (6, 6)).diff(dim=2).abs().mean()


def test_digits_are_8_by_8_greys_of_10_classes(digits):
    assert (digits.image_shape, digits.classes) == ((1, 8, 8), 10)
    assert len(digits.pool) + len(digits.validation) + len(digits.test) == 1797
    assert digits.pool.images.max() == 240
    assert len(digits.pool.images.unique()) == 17


def test_a_given_test_set_is_kept_whole_and_in_its_order():
    images, labels = numbered(np.arange(100) % 4 + 1)
    test_images, test_labels = numbered(np.arange(30) % 4 + 1, seed=1)
    data = split("x", images, labels, test_images, test_labels)
    assert np.array_equal(data.test.images[:, 0], test_images)
    assert np.array_equal(data.test.labels, test_labels - 1)
    numbers = np.concatenate([numbers_of(data.pool), numbers_of(data.validation)])
    assert sorted(numbers) == list(range(100))


def test_a_class_that_only_the_test_set_holds_is_refused():
    with pytest.raises(InputError, match="class '3' is in the test set only"):
        split("x", *stripes(classes=3), *stripes(30, classes=5, seed=1))


def test_the_validation_set_is_no_larger_than_its_limit():
    labels = np.arange(60_000) % 2
    images = np.zeros((60_000, 2, 2), np.uint8)
    images[:, 0, 0] = labels
    data = split("x", images, labels, images[:4], labels[:4])
    assert (len(data.validation), len(data.pool), len(data.test)) == (10_000, 50_000, 4)


# --- npz -------------------------------------------------------------------------------------


def write(path, content: bytes):
    path.write_bytes(content)


def save_some(path, **arrays):
    np.savez(path, **arrays)


def test_an_npz_file_without_a_test_set_is_split_in_three(tmp_path):
    images, labels = stripes()
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels)
    assert same_pixels(load_data(f"npz:{tmp_path}/a.npz"), split("x", images, labels))


def test_an_npz_file_with_a_test_set_keeps_it(tmp_path):
    train = stripes()
    test = stripes(33, seed=1)
    np.savez(
        tmp_path / "a.npz", x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1]
    )
    data = load_data(f"npz:{tmp_path}/a.npz")
    assert len(data.test) == 33
    assert same_pixels(data, split("x", *train, *test))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, ["does not exist"]),
        (lambda path: path.mkdir(), ["does not exist"]),
        (lambda path: write(path, b""), ["not a readable .npz"]),
        (lambda path: write(path, b"PK\x03\x04 and then nothing"), ["not a readable .npz"]),
        (lambda path: write(path, b"n,loss\n1,2\n"), ["not a readable .npz"]),
        (lambda path: save_some(path, x=[1], y=[2]), ["lacks x_train, y_train", "x, y"]),
        (lambda path: save_some(path, x_train=stripes()[0]), ["lacks y_train", "x_train"]),
        (lambda path: save_some(path), ["lacks x_train, y_train", "nothing"]),
        (
            lambda path: save_some(path, x_train=np.array([{}]), y_train=[1]),
            ["not a readable .npz"],
        ),
    ],
    ids=[
        "missing",
        "a folder",
        "empty",
        "cut off",
        "text",
        "other names",
        "no labels",
        "nothing in it",
        "objects",
    ],
)
def test_a_missing_or_broken_npz_file_is_refused_in_one_line(tmp_path, make, words):
    make(tmp_path / "a.npz")
    with pytest.raises(InputError) as refusal:
        load_data(f"npz:{tmp_path}/a.npz")
    said = str(refusal.value)
    del refusal
    gc.collect()  # a file left open is reported now
    assert "\n" not in said
    assert [word for word in ["a.npz", *words] if word not in said] == [], said


def test_an_npz_file_with_half_a_test_set_names_the_missing_half(tmp_path):
    images, labels = stripes()
    for present, missing in (("x_test", "y_test"), ("y_test", "x_test")):
        np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, **{present: labels})
        with pytest.raises(InputError, match=missing):
            load_data(f"npz:{tmp_path}/a.npz")


# --- the user's own loader, unknown names ----------------------------------------------------


def test_a_loader_of_the_users_own_is_called_by_its_name():
    assert same_pixels(load_data("toys:loader"), split("x", *stripes()))
    assert len(load_data("toys:loader_with_test").test) == 30


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "nosuch",
            [
                "'nosuch'",
                "digits",
                "fashion_mnist",
                "folder:PATH",
                "npz:PATH",
                "package.module:function",
            ],
        ),
        ("npz:", ["'npz:'", "npz:PATH"]),
        ("", ["''", "digits"]),
        ("nosuch.module:loader", ["nosuch.module:loader", "No module named"]),
        ("toys:nothing", ["toys:nothing", "nothing"]),
        (".toys:loader", [".toys:loader"]),
        ("toys:loader_of_one", ["toys:loader_of_one", "1 arrays", "2"]),
        ("toys:loader_of_nothing", ["returned NoneType", "x, y, x_test, y_test"]),
    ],
)
def test_an_unknown_dataset_is_refused_in_one_line(name, words):
    with pytest.raises(InputError) as refusal:
        load_data(name)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


# --- torchvision -----------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch):
    def unreachable(*_, **__):
        raise urllib.error.URLError("there is no network")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)


def write_idx(path, array):
    """The files that MNIST and FashionMNIST come in: magic number, sizes, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def test_fashion_mnist_is_read_from_disk_without_a_network(tmp_path, no_network):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    train = stripes(50, size=28)
    test = stripes(20, size=28, seed=1)
    for part, (images, labels) in {"train": train, "t10k": test}.items():
        write_idx(raw / f"{part}-images-idx3-ubyte", images[..., 0])
        write_idx(raw / f"{part}-labels-idx1-ubyte", labels)
    data = load_data("fashion_mnist", str(tmp_path))
    assert same_pixels(data, split("x", *train, *test))
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [40, 10, 20]


@pytest.mark.parametrize("name", sorted(DOWNLOADED))
def test_a_dataset_that_cannot_be_downloaded_is_refused_in_one_line(
    name, tmp_path, no_network
):
    with pytest.raises(InputError) as refusal:
        load_data(name, str(tmp_path))
    said = str(refusal.value)
    assert "\n" not in said
    assert str(tmp_path) in said
    assert "network" in said


@pytest.mark.parametrize(
    "content", [b"", b"not what it should be", struct.pack(">BBBBI", 0, 0, 8, 1, 99)]
)
def test_a_broken_file_of_torchvisions_is_refused_in_one_line(tmp_path, no_network, content):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in (
        "train-images-idx3",
        "train-labels-idx1",
        "t10k-images-idx3",
        "t10k-labels-idx1",
    ):
        write(raw / f"{part}-ubyte", content)
    with pytest.raises(InputError, match="MNIST is not in data_dir"):
        load_data("mnist", str(tmp_path))
