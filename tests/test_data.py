"""Subsets are nested, unique, stratified and disjoint from the held-back sets; whatever comes in becomes tensors."""

import gc
import struct
import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from toys import numbered, numbers_of, stripes

from experiments import InputError
from experiments.data import (
    DATASETS,
    HELD_BACK,
    fingerprint,
    load_data,
    split,
    stratified_order,
    subset,
    subset_indices,
)

class_counts = st.lists(st.integers(1, 60), min_size=2, max_size=12)
seeds = st.integers(0, 2**31)
shares = st.floats(0.1, 1)


def shuffled_labels(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


def pool_of(counts):
    return split("numbered", *numbered(shuffled_labels([10 + count for count in counts]))).pool


# --- subsets ----------------------------------------------------------------------------------------


@given(class_counts, seeds)
def test_every_prefix_holds_each_class_within_one_of_its_share(counts, seed):
    labels = shuffled_labels(counts)
    order = stratified_order(labels, seed)
    held = (labels[order][:, None] == np.arange(len(counts))).cumsum(0)
    share = np.arange(1, len(labels) + 1)[:, None] * np.array(counts) / sum(counts)
    assert sorted(order) == list(range(len(labels)))
    assert np.abs(held - share).max() < 1


@given(class_counts, seeds, shares, shares)
def test_every_subset_is_a_prefix_of_every_larger_one(counts, seed, one, other):
    pool = pool_of(counts)
    small, large = (subset_indices(pool, fraction, seed) for fraction in sorted((one, other)))
    assert np.array_equal(small, large[: len(small)])


@given(class_counts, seeds, shares)
def test_a_subset_holds_the_asked_number_of_different_images(counts, seed, fraction):
    pool = pool_of(counts)
    drawn = numbers_of(subset(pool, fraction, seed))
    assert len(drawn) == round(fraction * len(pool))
    assert len(set(drawn)) == len(drawn)


@given(class_counts, seeds, shares)
def test_every_subset_holds_each_class_within_one_of_its_share(counts, seed, fraction):
    pool = pool_of(counts)
    drawn = subset(pool, fraction, seed)
    held, there = (np.bincount(part.labels, minlength=len(counts)) for part in (drawn, pool))
    assert np.abs(held - len(drawn) * there / len(pool)).max() < 1


@given(class_counts, seeds)
def test_no_subset_holds_an_image_of_the_validation_or_test_set(counts, seed):
    images, labels = numbered(shuffled_labels([10 + count for count in counts]))
    data = split("numbered", images, labels)
    parts = [subset(data.pool, 1.0, seed), data.validation, data.test]
    numbers = np.concatenate([numbers_of(part) for part in parts])
    assert sorted(numbers) == list(range(len(labels)))  # each image is in exactly one of the three


@given(class_counts)
def test_the_held_back_sets_are_stratified_too(counts):
    counts = np.array(counts) + 10
    data = split("numbered", *numbered(shuffled_labels(counts)))
    for part in (data.validation, data.test):
        held = np.bincount(part.labels, minlength=len(counts))
        assert len(part) == int(HELD_BACK * counts.sum())
        assert np.abs(held - len(part) * counts / counts.sum()).max() < 2  # a difference of two prefixes


def test_images_keep_their_labels():
    images, labels = numbered(shuffled_labels([30, 50, 7]))
    data = split("numbered", images, labels)
    for part in (subset(data.pool, 0.5, 3), data.validation, data.test):
        assert np.array_equal(part.labels, labels[numbers_of(part)])
        assert np.array_equal(part.images[:, 0], images[numbers_of(part)])


def test_different_data_seeds_draw_different_subsets(digits):
    drawn = {fingerprint(subset_indices(digits.pool, 0.1, seed)) for seed in range(20)}
    assert len(drawn) == 20


def test_a_data_seed_gives_the_same_subsets_in_another_process(digits, elsewhere):
    for text, there in elsewhere["subsets"].items():
        fraction, seed = text.split()
        assert fingerprint(subset_indices(digits.pool, float(fraction), int(seed))) == there
    assert len(set(elsewhere["subsets"].values())) == 6


def test_the_split_of_a_dataset_is_the_same_in_another_process(digits, elsewhere):
    assert elsewhere["data"] == digits.fingerprint


def test_the_fingerprint_tells_which_images_and_their_order():
    assert fingerprint(np.array([1, 2, 3])) == fingerprint(np.array([1, 2, 3], dtype=np.int32))
    assert len({fingerprint(np.array(indices)) for indices in ([1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 4])}) == 4


def test_a_fraction_that_holds_no_image_is_refused(tiny):
    with pytest.raises(InputError, match=r"fraction 0\.001 of 90 images is none; allowed: .* to 1"):
        subset_indices(tiny.pool, 0.001, 0)


@pytest.mark.parametrize("images", [90, 100, 1079, 1151, 48_000])
def test_the_smallest_fraction_that_the_message_allows_is_accepted(images):
    pool = split("flat", np.zeros((images, 2, 2), np.uint8), np.arange(images) % 2, np.zeros((2, 2, 2)), [0, 1]).pool
    with pytest.raises(InputError) as refusal:
        subset_indices(pool, 1e-9, 0)
    allowed = float(str(refusal.value).split("allowed: ")[1].split()[0])
    assert len(subset_indices(pool, allowed, 0)) == 1


# --- whatever comes in ------------------------------------------------------------------------------


def same_pixels(data, other):
    return data.fingerprint == other.fingerprint


def test_images_are_bytes_laid_out_channels_last_and_labels_are_int64(digits, tiny):
    for data in (digits, tiny, split("colour", *stripes(channels=3))):
        for part in (data.pool, data.validation, data.test, subset(data.pool, 0.5, 0)):
            assert part.images.dtype == torch.uint8
            assert part.images.shape == (len(part), *data.image_shape)
            assert part.images.is_contiguous(memory_format=torch.channels_last)
            assert part.labels.dtype == torch.int64
            assert set(part.labels.tolist()) <= set(range(data.classes))


def test_digits_are_8_by_8_greys_of_10_classes(digits):
    assert (digits.image_shape, digits.classes) == ((1, 8, 8), 10)
    assert len(digits.pool) + len(digits.validation) + len(digits.test) == 1797
    assert digits.pool.images.max() == 240
    assert len(digits.pool.images.unique()) == 17


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[..., 0],
        lambda x: x.transpose(0, 3, 1, 2),
        lambda x: x.astype(np.int64),
        lambda x: x.astype(np.float32),
        lambda x: x / 255,
        lambda x: (x / 255).astype(np.float32),
        lambda x: x.tolist(),
        torch.from_numpy,
    ],
    ids=["NHW", "NCHW", "integers", "float 0-255", "float 0-1", "float32 0-1", "lists", "tensor"],
)
def test_every_layout_and_number_type_gives_the_same_pixels(view):
    images, labels = stripes()
    assert same_pixels(split("x", view(images), labels), split("x", images, labels))


def test_colour_images_with_channels_first_or_last_are_the_same():
    images, labels = stripes(channels=3)
    assert same_pixels(split("x", images.transpose(0, 3, 1, 2), labels), split("x", images, labels))


def test_a_pixel_a_little_above_1_changes_no_scale_and_no_other_set():
    (train, labels), (test, answers) = stripes(), stripes(30, seed=1)
    train, test = train / 255, test / 255
    train[0, 0, 0] = test[0, 0, 0] = 1
    expected = split("x", train, labels, test, answers)
    test[0, 0, 0] = 1.0000001
    assert same_pixels(split("x", train, labels, test, answers), expected)


def test_images_that_are_true_or_false_become_black_and_white():
    data = split("x", stripes()[0] > 100, stripes()[1])
    assert data.pool.images.unique().tolist() == [0, 255]


@pytest.mark.parametrize(
    "rename",
    [
        lambda y: y + 1,
        lambda y: y * 10 - 7,
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(float),
        lambda y: y[:, None],
        lambda y: y.tolist(),
        lambda y: np.array(["ant", "bee", "cat"])[y],
    ],
    ids=["from 1", "negative", "bytes", "floats", "a column", "a list", "strings"],
)
def test_whatever_the_labels_are_they_become_0_1_2(rename):
    images, labels = stripes()
    assert same_pixels(split("x", images, rename(labels)), split("x", images, labels))


def test_a_given_test_set_is_kept_whole_and_in_its_order():
    images, labels = numbered(np.arange(100) % 4 + 1)
    test_images, test_labels = numbered(np.arange(30) % 4 + 1)
    data = split("x", images, labels, test_images, test_labels)
    assert np.array_equal(data.test.images[:, 0], test_images)
    assert np.array_equal(data.test.labels, test_labels - 1)
    numbers = np.concatenate([numbers_of(data.pool), numbers_of(data.validation)])
    assert sorted(numbers) == list(range(100))


def test_a_class_that_only_the_test_set_holds_counts():
    data = split("x", *stripes(classes=3), *stripes(30, classes=5))
    assert data.classes == 5
    assert data.test.labels.max() == 4


def test_the_validation_set_is_no_larger_than_its_limit():
    labels = np.arange(60_000) % 2
    data = split("x", np.zeros((60_000, 2, 2), np.uint8), labels, np.zeros((4, 2, 2), np.uint8), [0, 1, 0, 1])
    assert (len(data.validation), len(data.pool), len(data.test)) == (10_000, 50_000, 4)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.zeros((10, 4), np.uint8), np.arange(10)), ["(10, 4)", "(N, H, W)"]),
        ((np.zeros((0, 4, 4), np.uint8), []), ["(0, 4, 4, 1)"]),
        ((np.zeros((10, 4, 4), np.uint8), np.arange(9)), ["10 images", "9 labels"]),
        ((np.zeros((10, 4, 4), np.uint8), np.zeros(10)), ["1 class", "at least 2"]),
        ((np.zeros((3, 4, 4), np.uint8), np.arange(3)), ["3 training images", "too few"]),
        ((np.full((10, 4, 4), -3), np.arange(10)), ["0–255", "-3"]),
        ((np.full((10, 4, 4), 300), np.arange(10)), ["0–255", "300"]),
        ((np.full((10, 4, 4), np.nan), np.arange(10)), ["0–255", "nan"]),
        ((np.full((10, 4, 4), "a"), np.arange(10)), ["0–255", "<U1"]),
        ((*stripes(), np.zeros((5, 9, 9), np.uint8), np.arange(5)), ["(8, 8, 1)", "(9, 9, 1)"]),
        ((*stripes(), stripes(5)[0], np.arange(4)), ["5 images", "4 labels"]),
        ((*stripes(), stripes(5)[0], None), ["5 images", "0 labels"]),
        (([np.zeros((4, 4)), np.zeros((5, 4))], [0, 1]), ["differ in shape"]),
        ((np.full((10, 4, 4), 1.5), np.arange(10)), ["largest pixel is 1.5", "0–1 or 0–255"]),
        ((np.zeros((4, 4, 4), np.uint8), ["a", None, "b", "a"]), ["a label is missing"]),
        ((np.zeros((4, 4, 4), np.uint8), [0, 1, np.nan, 1]), ["a label is missing"]),
    ],
)
def test_arrays_that_are_no_labelled_images_are_refused_in_one_line(arrays, words):
    with pytest.raises(InputError) as refusal:
        split("mine", *arrays)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in ["mine", *words] if word not in said] == [], said


# --- npz --------------------------------------------------------------------------------------------


def test_an_npz_file_without_a_test_set_is_split_in_three(tmp_path):
    images, labels = stripes()
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels)
    assert same_pixels(load_data(f"npz:{tmp_path}/a.npz"), split("x", images, labels))


def test_an_npz_file_with_a_test_set_keeps_it(tmp_path):
    train, test = stripes(), stripes(33, seed=1)
    np.savez(tmp_path / "a.npz", x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    data = load_data(f"npz:{tmp_path}/a.npz")
    assert len(data.test) == 33
    assert same_pixels(data, split("x", *train, *test))


def write(path, content: bytes):
    path.write_bytes(content)


def save_some(path, **arrays):
    np.savez(path, **arrays)


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
        (lambda path: save_some(path, x_train=np.array([{}]), y_train=[1]), ["not a readable .npz"]),
    ],
    ids=["missing", "a folder", "empty", "cut off", "text", "other names", "no labels", "nothing in it", "objects"],
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


# --- folders ----------------------------------------------------------------------------------------


def draw_folder(path, mode="RGB", n=10, size=(6, 5), names=("ant", "bee", "cat")):
    """One folder of PNG images per class; the images of each class are of one brightness."""
    for brightness, name in enumerate(names):
        (path / name).mkdir(parents=True)
        for image in range(n):
            Image.new(mode, size, (100 * brightness,) * len(mode) if mode == "RGB" else 100 * brightness).save(
                path / name / f"{image}.png"
            )


def brightness_is_the_label(part):
    return all((image == 100 * label).all() for image, label in zip(part.images, part.labels))


def test_a_folder_per_class_becomes_a_dataset(tmp_path):
    draw_folder(tmp_path)
    data = load_data(f"folder:{tmp_path}")
    assert (data.image_shape, data.classes) == ((3, 5, 6), 3)
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [18, 6, 6]
    assert all(map(brightness_is_the_label, (data.pool, data.validation, data.test)))


def test_a_folder_with_train_and_test_keeps_the_test_images(tmp_path):
    draw_folder(tmp_path / "train")
    draw_folder(tmp_path / "test", n=2, names=("ant", "bee"))
    data = load_data(f"folder:{tmp_path}")
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [24, 6, 4]
    assert all(map(brightness_is_the_label, (data.pool, data.validation, data.test)))


def test_a_folder_with_train_only_is_split_in_three(tmp_path):
    draw_folder(tmp_path / "train")
    data = load_data(f"folder:{tmp_path}")
    assert data.classes == 3
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [18, 6, 6]


def test_images_of_another_size_take_the_commonest(tmp_path):
    draw_folder(tmp_path)
    Image.new("RGB", (20, 9), (100,) * 3).save(tmp_path / "bee" / "large.png")
    data = load_data(f"folder:{tmp_path}")
    assert data.image_shape == (3, 5, 6)
    assert all(map(brightness_is_the_label, (data.pool, data.validation, data.test)))


def test_grey_images_have_one_channel_and_three_as_soon_as_one_has_colours(tmp_path):
    draw_folder(tmp_path, mode="L")
    assert load_data(f"folder:{tmp_path}").image_shape == (1, 5, 6)
    Image.new("RGB", (6, 5), (100,) * 3).save(tmp_path / "bee" / "colour.png")
    assert load_data(f"folder:{tmp_path}").image_shape == (3, 5, 6)


def test_grey_images_of_16_bits_keep_their_shades(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for image in range(10):
            pixels = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
            Image.fromarray(pixels).save(tmp_path / name / f"{image}.png")
    data = load_data(f"folder:{tmp_path}")
    assert data.image_shape == (1, 16, 16)
    assert len(data.pool.images.unique()) > 200


def save_each(path, pictures):
    """A folder per class of one image ten times."""
    for name, (picture, ending) in pictures.items():
        (path / name).mkdir(parents=True)
        for image in range(10):
            picture.save(path / name / f"{image}.{ending}")


def test_images_of_12_bits_use_all_shades(tmp_path):
    pixels = np.linspace(0, 4095, 256).astype(np.uint16).reshape(16, 16)
    save_each(tmp_path, {name: (Image.fromarray(pixels), "png") for name in ("ant", "bee")})
    assert len(load_data(f"folder:{tmp_path}").pool.images.unique()) > 200


@pytest.mark.parametrize(("mode", "channels"), [("RGBA", 3), ("LA", 1)])
def test_what_an_image_shows_by_its_transparency_is_seen_on_white(tmp_path, mode, channels):
    drawn = Image.new(mode, (6, 5), (0,) * len(mode))
    drawn.putpixel((2, 3), (0,) * (len(mode) - 1) + (255,))
    save_each(tmp_path, {"ant": (drawn, "png"), "bee": (Image.new(mode, (6, 5), (0,) * len(mode)), "png")})
    data = load_data(f"folder:{tmp_path}")
    assert data.image_shape == (channels, 5, 6)
    for image, label in zip(data.pool.images, data.pool.labels):
        assert (image != 255).sum() == channels * (label == 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, ["does not exist"]),
        (lambda path: save_each(path, dict.fromkeys("ab", (Image.new("F", (6, 5), 0.5), "tif"))), ["holds fractions"]),
        (lambda path: save_each(path, dict.fromkeys("ab", (Image.new("I", (6, 5), 10**6), "tif"))), ["1000000", "16"]),
        (lambda path: save_each(path, dict.fromkeys("ab", (Image.new("L", (6, 5)), "png"))), ["every pixel is 0"]),
        (lambda path: path.write_text("a file"), ["does not exist"]),
        (lambda path: path.mkdir(), ["one folder of images per class"]),
        (lambda path: (path / "ant").mkdir(parents=True), ["one folder of images per class", "ant"]),
        (lambda path: draw_folder(path, names=["ant"]), ["1 class", "at least 2"]),
        (lambda path: (draw_folder(path), write(path / "bee" / "1.png", b"no image")), ["1.png"]),
        (lambda path: (draw_folder(path / "train"), (path / "test").mkdir()), ["one folder of images per class"]),
    ],
    ids=[
        "missing",
        "fractions",
        "32 bits",
        "black",
        "a file",
        "empty",
        "empty class",
        "one class",
        "broken image",
        "empty test",
    ],
)
def test_a_missing_or_broken_folder_is_refused_in_one_line(tmp_path, make, words):
    make(tmp_path / "pictures")
    with pytest.raises(InputError) as refusal:
        load_data(f"folder:{tmp_path}/pictures")
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in ["pictures", *words] if word not in said] == [], said


# --- the user's own loader, torchvision, unknown names ------------------------------------------------


def test_a_loader_of_the_users_own_is_called_by_its_name():
    assert same_pixels(load_data("toys:loader"), split("x", *stripes()))
    assert len(load_data("toys:loader_with_test").test) == 30


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nosuch", ["'nosuch'", "digits", "fashion_mnist", "folder:PATH", "npz:PATH", "package.module:function"]),
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


def write_idx(path, array):
    """The files that MNIST and FashionMNIST come in: magic number, sizes, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def test_fashion_mnist_is_read_from_disk_without_a_network(tmp_path, no_network):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    train, test = stripes(50, size=28), stripes(20, size=28, seed=1)
    for part, (images, labels) in {"train": train, "t10k": test}.items():
        write_idx(raw / f"{part}-images-idx3-ubyte", images[..., 0])
        write_idx(raw / f"{part}-labels-idx1-ubyte", labels)
    data = load_data("fashion_mnist", str(tmp_path))
    assert same_pixels(data, split("x", *train, *test))
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [40, 10, 20]


@pytest.fixture
def no_network(monkeypatch):
    def unreachable(*_, **__):
        raise urllib.error.URLError("there is no network")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"digits"}))
def test_a_dataset_that_cannot_be_downloaded_is_refused_in_one_line(name, tmp_path, no_network):
    with pytest.raises(InputError) as refusal:
        load_data(name, str(tmp_path))
    said = str(refusal.value)
    assert "\n" not in said
    assert str(tmp_path) in said
    assert "network" in said


@pytest.mark.parametrize("content", [b"", b"not what it should be", struct.pack(">BBBBI", 0, 0, 8, 1, 99)])
def test_a_broken_file_of_torchvisions_is_refused_in_one_line(tmp_path, no_network, content):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        write(raw / f"{part}-ubyte", content)
    with pytest.raises(InputError, match="MNIST is not in data_dir"):
        load_data("mnist", str(tmp_path))
