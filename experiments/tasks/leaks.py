"""Whether a test set is the training set, or was taken from it."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from tracking.errors import InputError

DISTINCT = 0.9  # of the training examples, or a repetition says nothing
REPEATED = 0.9  # of the test examples, that no honest test set shares with the training set


def refuse_repeated(train: Any, others: dict[str, Any], name: str) -> None:
    """Raises InputError where a test or validation set consists of training examples.

    train: examples: an array (N, …), a sparse matrix, or a DataFrame.
    others: name of a set -> its examples, in the same form.
    """
    seen = hashes(train)
    known = np.unique(seen)
    if len(known) < DISTINCT * len(seen):
        return  # few different examples, of which any set holds the same
    for which, examples in others.items():
        repeated = np.isin(hashes(examples), known)
        if repeated.size and repeated.mean() >= REPEATED:
            raise InputError(
                f"dataset '{name}': {repeated.sum():,} of the {repeated.size:,} {which} "
                f"examples are training examples, too; leave the {which} set out (one is then "
                "held back), or give another"
            )


def hashes(examples: Any) -> np.ndarray:
    """One number per example, uint64 (N,), the same for equal examples."""
    if isinstance(examples, pd.DataFrame):
        return pd.util.hash_pandas_object(examples, index=False).to_numpy()
    if sparse.issparse(examples):
        return np.array([_hash_sparse(row) for row in examples.tocsr()], np.uint64)
    array = np.asarray(examples)
    if array.dtype.kind in "OUS":
        return pd.util.hash_array(array.astype(object))
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    return np.array([_hash(row.tobytes()) for row in rows], np.uint64)


def _hash_sparse(row: Any) -> int:
    row.sort_indices()
    return _hash(row.indices.tobytes() + row.data.astype(np.float64).tobytes())


def _hash(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
