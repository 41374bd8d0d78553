"""Columns are numbers, categories or texts; what says nothing is left out and named."""

import numpy as np
import pandas as pd
import pytest

from experiments.tasks.tables import table_of_frame
from tracking.errors import InputError

ROWS = 60
RNG = np.random.default_rng(0)


def frame(**columns):
    """A table of 60 rows with a target "y" of two classes."""
    return pd.DataFrame(
        {"size": RNG.normal(size=ROWS), **columns, "y": ["good", "bad", "bad"] * 20}
    )


def test_numbers_categories_and_gaps_are_taken_as_they_are():
    colours = ["red", None, "blue"] * 20
    sizes = np.where(np.arange(ROWS) % 7 == 0, np.nan, np.arange(ROWS) / 10)
    flags = [True, False] * 30
    days = pd.date_range("2020-01-01", periods=ROWS)[::-1]
    table = table_of_frame(frame(colour=colours, gap=sizes, flag=flags, day=days), "x", "y")
    assert table.columns.numbers == ("size", "gap", "flag", "day")
    assert table.columns.categories == ("colour",)
    assert table.classes == ("bad", "good")
    everything = pd.concat([table.pool.x, table.validation.x, table.test.x])
    assert len(everything) == ROWS
    assert everything["gap"].isna().sum() == 9
    assert everything["colour"].isna().sum() == 20
    assert sorted(everything["day"])[1] - sorted(everything["day"])[0] == 1


def test_row_numbers_and_names_are_left_out_and_said():
    names = [f"person {number}" for number in range(ROWS)]
    table = table_of_frame(frame(id=np.arange(ROWS), name=names), "x", "y")
    assert table.columns.used == ["size"]
    assert dict(table.columns.left_out) == {
        "id": "row numbers",
        "name": "another value in nearly every row",
    }


def test_a_column_of_texts_is_read_where_it_is_named():
    names = [f"person {number}" for number in range(ROWS)]
    table = table_of_frame(frame(name=names), "x", "y", text="name")
    assert table.columns.text == "name"
    assert table.columns.left_out == ()


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (frame, {"target": ""}, ["target=COLUMN", "size, y"]),
        (frame, {"target": "z"}, ["'z' is no column", "size, y"]),
        (frame, {"target": "y", "text": "z"}, ["'z' is no column", "size"]),
        (frame, {"target": "y", "text": "y"}, ["target and text are both 'y'"]),
        (
            lambda: frame(age=["31", "?", "30"] * 20),
            {"target": "y"},
            ["'age' holds numbers and '?'", "leave empty"],
        ),
        (lambda: frame(age=[1.0, np.inf] * 30), {"target": "y"}, ["'age'", "inf"]),
        (lambda: frame(age=[1.0, 1e300] * 30), {"target": "y"}, ["'age'", "1e+300"]),
        (
            lambda: frame().assign(y=[*["a", "b"] * 29, "a", None]),
            {"target": "y"},
            ["'y' is empty in 1 of 60 rows", "row 60"],
        ),
        (
            lambda: frame().drop(columns="size"),
            {"target": "y"},
            ["no column to learn from", "text=COLUMN"],
        ),
    ],
    ids=[
        "no target",
        "unknown target",
        "unknown text",
        "target is text",
        "a mark",
        "infinite",
        "too large",
        "no label",
        "nothing else",
    ],
)
def test_what_cannot_be_learned_of_a_table_is_refused_in_one_line(make, options, words):
    with pytest.raises(InputError) as refusal:
        table_of_frame(make(), "mine", **options)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said
