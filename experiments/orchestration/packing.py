"""A task on its way to the workers: all of a machine share one copy of its arrays.

Arrays and tensors travel outside the pickle (PEP 574), as files that are mapped into memory or
as NumPy arrays in Ray's object store, and are read-only where they arrive.
"""

import pickle
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.training.task import Task

TASK = "task.pickle"
Packed = tuple[bytes, Sequence[np.ndarray]]  # a pickle, and the memory of its arrays


class Packer(pickle.Pickler):
    """Pickles tensors as the arrays that they are in memory."""

    def reducer_override(self, value: Any) -> Any:
        """How to pickle it."""
        if not isinstance(value, torch.Tensor):
            return NotImplemented
        dense = value.detach().cpu()
        order = _as_in_memory(dense)
        if not dense.permute(order).is_contiguous():
            dense = dense.contiguous()
            order = _as_in_memory(dense)
        memory = dense.permute(order).reshape(-1).numpy()
        return as_tensor, (memory, tuple(dense.shape), dense.stride())


def _as_in_memory(tensor: torch.Tensor) -> list[int]:
    """Its dimensions, that which varies slowest in memory first."""
    return sorted(range(tensor.ndim), key=tensor.stride, reverse=True)


def as_tensor(
    memory: np.ndarray, shape: Sequence[int], strides: Sequence[int]
) -> torch.Tensor:
    """The tensor of that shape over the memory (N,)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the memory is read-only, as it should be
        return torch.from_numpy(memory).as_strided(shape, strides)


def pack(task: Task) -> Packed:
    """The task as what Ray keeps one copy of per node."""
    buffers: list[pickle.PickleBuffer] = []
    file = BytesIO()
    Packer(file, protocol=5, buffer_callback=buffers.append).dump(task)
    arrays = [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers]
    return file.getvalue(), arrays


def unpack(packed: Callable[[], Packed]) -> Task:
    """The task again, over the memory that is shared."""
    data, arrays = packed()
    return pickle.loads(data, buffers=arrays)


def write_files(task: Task, folder: Path) -> None:
    """The same as files. Raises OSError where there is no room for them."""
    data, arrays = pack(task)
    (folder / TASK).write_bytes(data)
    for number, array in enumerate(arrays):
        array.tofile(folder / f"{number}.bin")


def read_files(folder: Path) -> Task:
    """The task that was written, its arrays mapped into memory."""
    count = len(list(folder.glob("*.bin")))
    arrays = [_mapped(folder / f"{number}.bin") for number in range(count)]
    return pickle.loads((folder / TASK).read_bytes(), buffers=arrays)


def _mapped(path: Path) -> np.ndarray:
    if not path.stat().st_size:  # what is empty cannot be mapped
        return np.empty(0, dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r")
