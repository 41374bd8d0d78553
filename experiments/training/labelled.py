"""All labelled examples of a task, as they came."""

from dataclasses import dataclass

import numpy as np

from experiments.training.table import Columns, Rows


@dataclass(frozen=True, eq=False)
class Labelled:
    """The three sets of a task.

    pool, validation, test: images are uint8 (N, C, H, W), rows of a table as Rows has them.
    columns: what the columns of a table hold; None for images.
    places: int64 (N,), of each example of the pool among the training examples as given.
    """

    pool: Rows
    validation: Rows
    test: Rows
    columns: Columns | None
    places: np.ndarray

    @property
    def is_images(self) -> bool:
        """Whether the examples are images."""
        return self.columns is None
