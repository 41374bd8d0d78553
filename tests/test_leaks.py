"""A test set that was taken from the training set is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from experiments.tasks.leaks import refuse_repeated
from tracking.errors import InputError

ROWS = np.random.default_rng(0).normal(size=(100, 4))
OTHERS = np.random.default_rng(1).normal(size=(100, 4))
FORMS = {
    "array": lambda rows: rows,
    "sparse": sparse.csr_matrix,
    "table": pd.DataFrame,
    "images": lambda rows: rows.reshape(-1, 2, 2, 1),
    "texts": lambda rows: np.array([" ".join(map(str, row)) for row in rows]),
}


@pytest.mark.parametrize("form", FORMS)
def test_training_examples_are_found_in_any_form_and_order(form):
    as_form = FORMS[form]
    test = ROWS[::-1][:30]
    with pytest.raises(InputError, match="30 of the 30 test examples are training examples"):
        refuse_repeated(as_form(ROWS), {"test": as_form(test)}, "x")
    refuse_repeated(as_form(ROWS), {"test": as_form(OTHERS)}, "x")


def test_a_few_examples_in_common_are_no_leak():
    mixed = np.concatenate([ROWS[:20], OTHERS[:80]])
    refuse_repeated(ROWS, {"test": mixed}, "x")


def test_examples_of_few_kinds_may_repeat_themselves():
    few = np.arange(100)[:, None] % 10
    refuse_repeated(few, {"test": few[:20]}, "x")
