"""One folder of images per class becomes a dataset, whatever the images are."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from experiments.tasks import image_folders, memory
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


# --- which folders are sets and classes ------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Train", "Val", "Test"),
        ("TRAINING", "Validation", "testing"),
        ("training", "valid", "eval"),
        ("train", "dev", "holdout"),
    ],
    ids=" ".join,
)
def test_sets_are_found_whatever_they_are_called(tmp_path, names):
    for step, (name, n) in enumerate(zip(names, (10, 3, 2))):
        draw_folder(tmp_path / name, n=n)
        spot(tmp_path / name, step)
    data = load_data(f"folder:{tmp_path}")
    assert [len(part) for part in (data.pool, data.validation, data.test)] == [30, 9, 6]


def spot(path, step):
    """Give every image below a folder a pixel of its own, so that no two are the same."""
    for number, file in enumerate(sorted(path.rglob("*.png"))):
        with Image.open(file) as image:
            image.load()
        image.putpixel((0, 0), (number * 3 + step,) * 3)
        image.save(file)


def test_two_folders_for_one_set_are_refused(tmp_path):
    for name in ("train", "val", "valid"):
        draw_folder(tmp_path / name)
    with pytest.raises(InputError, match="'val' and 'valid', both the validation set"):
        load_data(f"folder:{tmp_path}")


def test_hidden_folders_checkpoints_and_hidden_files_are_no_classes(tmp_path):
    draw_folder(tmp_path)
    draw_folder(tmp_path, names=(".ipynb_checkpoints", "__MACOSX", "checkpoints", ".git"))
    (tmp_path / "ant" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "ant" / ".ipynb_checkpoints" / "0.png").write_bytes(b"a broken copy")
    (tmp_path / "ant" / "._0.png").write_bytes(b"what a Mac leaves")
    data = load_data(f"folder:{tmp_path}")
    assert (data.classes, len(data.pool) + len(data.validation) + len(data.test)) == (3, 30)


def test_a_test_folder_without_classes_is_left_out_and_said(tmp_path):
    draw_folder(tmp_path)
    draw_folder(tmp_path / "more", names=("x",))
    (tmp_path / "more" / "x").rename(tmp_path / "test")
    (tmp_path / "more").rmdir()
    data = load_data(f"folder:{tmp_path}")
    assert data.classes == 3
    assert data.describe().endswith("left out: test/ (no folder per class)")


def test_images_beside_the_classes_are_left_out_and_said(tmp_path):
    draw_folder(tmp_path)
    (tmp_path / "preview.png").write_bytes((tmp_path / "ant" / "0.png").read_bytes())
    data = load_data(f"folder:{tmp_path}")
    assert len(data.pool) + len(data.validation) + len(data.test) == 30
    said = f"left out: images beside the classes of {tmp_path.name}/ (1)"
    assert data.describe().endswith(said)


def test_a_class_may_be_called_train(tmp_path):
    draw_folder(tmp_path, names=("bus", "car", "train"))
    assert load_data(f"folder:{tmp_path}").classes == 3


def test_a_class_that_only_the_test_set_has_is_refused(tmp_path):
    draw_folder(tmp_path / "train")
    draw_folder(tmp_path / "test", n=2, names=("ant", "dog"))
    with pytest.raises(InputError, match="class 'dog' is in the test set only"):
        load_data(f"folder:{tmp_path}")


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no image",
        b"P6\n4 x\n255\n",
        b"\x89PNG\r\n\x1a\n and no more",
    ],
)
def test_a_damaged_file_is_named(tmp_path, content):
    draw_folder(tmp_path)
    (tmp_path / "bee" / "broken.png").write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.png' cannot be read as an image"):
        load_data(f"folder:{tmp_path}")


def test_a_pipe_is_named_and_not_waited_for(tmp_path):
    draw_folder(tmp_path)
    os.mkfifo(tmp_path / "ant" / "x.png")
    with pytest.raises(InputError, match=r"x\.png' is no regular file"):
        load_data(f"folder:{tmp_path}")


def test_links_are_followed_but_not_round_in_circles(tmp_path):
    draw_folder(tmp_path / "photos")
    draw_folder(tmp_path / "more", n=5, names=("ant",))
    (tmp_path / "photos" / "ant" / "up").symlink_to("..")
    (tmp_path / "photos" / "ant" / "more").symlink_to(tmp_path / "more" / "ant")
    data = load_data(f"folder:{tmp_path / 'photos'}")
    assert len(data.pool) + len(data.validation) + len(data.test) == 35


def test_a_truncated_photograph_is_named(tmp_path):
    draw_folder(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    path = tmp_path / "bee" / "cut.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"cut\.jpg' cannot be read as an image: .*truncated"):
        load_data(f"folder:{tmp_path}")


def test_an_enormous_file_is_named_before_it_is_decoded(tmp_path, monkeypatch):
    draw_folder(tmp_path)
    Image.new("RGB", (60, 50)).save(tmp_path / "bee" / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"large\.png' cannot be read.*3000 pixels"):
        load_data(f"folder:{tmp_path}")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_the_way_up_that_the_camera_says(tmp_path, orientation):
    upright = Image.new("L", (6, 4))
    upright.paste(255, (0, 0, 3, 1))  # bright in the upper left
    undo = TURNED_BACK[orientation]
    turned = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for number in range(10):
            turned.save(tmp_path / name / f"{number}.png", exif=exif)
    data = load_data(f"folder:{tmp_path}")
    assert np.array_equal(data.pool.images[0, 0], np.asarray(upright))


# the turn of a camera -> what its picture looks like before it is turned back
TURNED_BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def test_photographs_become_small_and_it_is_said(tmp_path):
    draw_folder(tmp_path, n=5, size=(800, 600))
    data = load_data(f"folder:{tmp_path}")
    assert data.image_shape == (3, 192, 256)
    assert "resized from 800×600 to 256×192 pixels" in data.describe()


def test_images_that_memory_cannot_hold_are_refused_before_they_are_read(
    tmp_path, monkeypatch
):
    draw_folder(tmp_path)
    little = SimpleNamespace(available=2000)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: little)
    monkeypatch.setattr(image_folders, "read_image", None)
    with pytest.raises(InputError, match=r"30 images .* 6×5 pixels each, need .* memory"):
        load_data(f"folder:{tmp_path}")
