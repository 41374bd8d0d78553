"""One folder of images per class becomes a dataset, whatever the images are."""

import numpy as np
import pytest
from PIL import Image

from experiments.tasks.images import load_data
from tracking.errors import InputError


def draw_folder(path, mode="RGB", n=10, size=(6, 5), names=("ant", "bee", "cat")):
    """One folder of PNG images per class; the images of each class are of one brightness."""
    for brightness, name in enumerate(names):
        (path / name).mkdir(parents=True)
        for image in range(n):
            Image.new(
                mode,
                size,
                (100 * brightness,) * len(mode) if mode == "RGB" else 100 * brightness,
            ).save(path / name / f"{image}.png")


def brightness_is_the_label(part):
    return all((image == 100 * label).all() for image, label in zip(part.images, part.labels))


def save_each(path, pictures):
    """A folder per class of one image ten times."""
    for name, (picture, ending) in pictures.items():
        (path / name).mkdir(parents=True)
        for image in range(10):
            picture.save(path / name / f"{image}.{ending}")


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


def test_images_of_12_bits_use_all_shades(tmp_path):
    pixels = np.linspace(0, 4095, 256).astype(np.uint16).reshape(16, 16)
    save_each(tmp_path, {name: (Image.fromarray(pixels), "png") for name in ("ant", "bee")})
    assert len(load_data(f"folder:{tmp_path}").pool.images.unique()) > 200


@pytest.mark.parametrize(("mode", "channels"), [("RGBA", 3), ("LA", 1)])
def test_what_an_image_shows_by_its_transparency_is_seen_on_white(tmp_path, mode, channels):
    drawn = Image.new(mode, (6, 5), (0,) * len(mode))
    drawn.putpixel((2, 3), (0,) * (len(mode) - 1) + (255,))
    save_each(
        tmp_path,
        {"ant": (drawn, "png"), "bee": (Image.new(mode, (6, 5), (0,) * len(mode)), "png")},
    )
    data = load_data(f"folder:{tmp_path}")
    assert data.image_shape == (channels, 5, 6)
    for image, label in zip(data.pool.images, data.pool.labels):
        assert (image != 255).sum() == channels * (label == 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, ["does not exist"]),
        (
            lambda path: save_each(
                path, dict.fromkeys("ab", (Image.new("F", (6, 5), 0.5), "tif"))
            ),
            ["holds fractions"],
        ),
        (
            lambda path: save_each(
                path, dict.fromkeys("ab", (Image.new("I", (6, 5), 10**6), "tif"))
            ),
            ["1000000", "16"],
        ),
        (
            lambda path: save_each(path, dict.fromkeys("ab", (Image.new("L", (6, 5)), "png"))),
            ["every pixel is 0"],
        ),
        (lambda path: path.write_text("a file"), ["does not exist"]),
        (lambda path: path.mkdir(), ["one folder of images per class"]),
        (
            lambda path: (path / "ant").mkdir(parents=True),
            ["one folder of images per class", "ant"],
        ),
        (lambda path: draw_folder(path, names=["ant"]), ["1 class", "at least 2"]),
        (
            lambda path: (
                draw_folder(path),
                (path / "bee" / "1.png").write_bytes(b"no image"),
            ),
            ["1.png"],
        ),
        (
            lambda path: (draw_folder(path / "train"), (path / "test").mkdir()),
            ["one folder of images per class"],
        ),
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
