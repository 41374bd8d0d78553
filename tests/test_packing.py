"""A task reaches its workers whole, and they share its memory."""

import numpy as np
import pytest
import torch

from experiments.orchestration.packing import pack, read_files, unpack, write_files
from experiments.tasks.own import Own


def own(**more):
    """A task that holds something else, too."""
    task = Own("own", np.arange(9), 9, "f", "/")
    for name, value in more.items():
        object.__setattr__(task, name, value)
    return task


@pytest.fixture(params=["ray", "files"])
def sent(request, tmp_path):
    def send(task):
        if request.param == "ray":
            packed = pack(task)
            return unpack(lambda: packed)
        write_files(task, tmp_path)
        return read_files(tmp_path)

    return send


def test_images_arrive_with_every_pixel_as_they_lie_in_memory(sent, tiny):
    there = sent(tiny)
    for name in ("pool", "validation", "test"):
        one, other = getattr(tiny, name), getattr(there, name)
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)
        assert one.images.stride() == other.images.stride()
    assert (there.name, there.fingerprint) == (tiny.name, tiny.fingerprint)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12).reshape(3, 4)),
        np.zeros((0, 3)),
        torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
        torch.arange(24).reshape(4, 6)[:, ::2],
        torch.tensor(3.0),
        torch.zeros(0, 2),
    ],
)
def test_arrays_and_tensors_of_any_layout_arrive(sent, value):
    there = sent(own(held=value)).held
    assert type(there) is type(value)
    assert there.shape == value.shape
    assert np.array_equal(np.asarray(there), np.asarray(value))


def test_text_arrives(sent):
    assert sent(own(held=["a", "ü"])).held == ["a", "ü"]


def test_files_are_mapped_and_not_copied(tmp_path):
    write_files(own(), tmp_path)
    held = read_files(tmp_path).strata
    assert not held.flags.writeable
    while not isinstance(held, np.memmap):
        held = held.base if isinstance(held.base, np.ndarray) else np.asarray(held.base.obj)
    assert str(held.filename).startswith(str(tmp_path))
