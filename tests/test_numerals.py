"""Numbers as people write them are read, or refused by row and column."""

import numpy as np
import pandas as pd
import pytest

from tracking.errors import StoreError
from tracking.measures import find_measure
from tracking.tables.cells import Cells
from tracking.tables.numerals import SIZES, has_decimal_comma, numbers, of_error, of_measure


def of(measure, sizes=None):
    """Numbers of a measure, each of another size."""
    return of_measure(
        find_measure(measure),
        [pd.Series(range(99), range(2, 101)) if sizes is None else sizes],
    )


ERROR = of("error")
LOSS = of("loss")


def read(written, wanted, heading="x", comma=False):
    cells = Cells(pd.DataFrame({heading: written}, range(2, 2 + len(written)), dtype=object))
    return numbers(cells, heading, wanted, comma=comma).tolist()


@pytest.mark.parametrize(
    ("written", "heading"),
    [
        (["35%", "20%"], "x"),
        (["35 %", "20 %"], "x"),
        (["35,0 %", "20,0 %"], "x"),
        (["35\u00a0%", "0.2"], "x"),
        (["35％", "20％"], "x"),
        (["35", "20"], "error (%)"),
        (["35", "20"], "error [in %]"),
        (["35%", "20%"], "error (percent)"),
        (["0,35", "0,2"], "x"),
        ([",35", ".2"], "x"),
    ],
)
def test_shares_are_read_however_they_are_written(written, heading):
    assert read(written, ERROR, heading) == pytest.approx([0.35, 0.2])


def test_scores_may_be_per_cent_and_losses_may_not():
    assert read(["93 %"], of("accuracy")) == [0.93]
    assert read(["93 %"], of("dice:score")) == [0.93]
    assert read(["1,5 %"], of_error(find_measure("accuracy"), pd.Series([0.9]))) == [0.015]
    with pytest.raises(StoreError, match="row 2, column x: '35%'"):
        read(["35%"], LOSS)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (["1,000", "16,000"], [1000, 16_000]),
        (["500", "1,000", "1,000,000"], [500, 1000, 1e6]),
        (["1.000.000", "2.000.000"], [1e6, 2e6]),
        (["1 000", "16 000"], [1000, 16_000]),
        (["1\u00a0000", "16\u202f000"], [1000, 16_000]),
        (["1'000", "16’000"], [1000, 16_000]),
        (["1000.0", "2e3", "1.5e+03"], [1000, 2000, 1500]),
        (["500.000", "1000.000"], [500, 1000]),
    ],
)
def test_numbers_of_examples_are_read_with_what_stands_between_thousands(written, values):
    assert read(written, SIZES) == values


@pytest.mark.parametrize(
    "written", [["1.000", "2.000"], ["500", "1.000"], ["16.000"], ["1,000", "16000"]]
)
def test_thousands_that_may_be_decimals_are_refused(written):
    with pytest.raises(StoreError, match=r"may be 16?\.000 or 16?000; write"):
        read(written, SIZES)


def test_decimal_commas_elsewhere_tell_what_a_point_between_thousands_is():
    assert read(["1.000", "16.000"], SIZES, comma=True) == [1000, 16_000]
    with pytest.raises(StoreError, match="may be"):
        read(["1,000", "16,000"], SIZES, comma=True)
    cells = Cells(
        pd.DataFrame({"a": ["0,3", "0,2"], "b": ["1,000", "2,000"], "c": ["0.3", "1"]})
    )
    assert [has_decimal_comma(cells, [name]) for name in "abc"] == [True, False, False]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (["1,5", "0,25"], [1.5, 0.25]),
        (["1.234,5", "0,5"], [1234.5, 0.5]),
        (["1,234.5", "2"], [1234.5, 2]),
        (["1,5e-3"], [0.0015]),
    ],
)
def test_decimal_commas_are_read(written, values):
    assert read(written, LOSS) == pytest.approx(values)


def test_a_loss_that_may_have_thousands_or_decimals_is_refused():
    with pytest.raises(StoreError, match=r"'1,234' may be 1\.234 or 1234"):
        read(["1,234", "2,345"], LOSS)


@pytest.mark.parametrize("written", ["", "x", "inf", "nan", "-1", "0", "1e-200", "1e200"])
def test_what_no_loss_can_be_is_refused_by_row_and_column(written):
    with pytest.raises(StoreError, match=f"row 3, column x: '{written}'; allowed: .*1e15"):
        read(["1", written or None], LOSS)


def test_r2_may_be_below_0_and_an_accuracy_may_not():
    assert read(["-3.5"], of("r2")) == [-3.5]
    for wrong in ("-0.1", "1", "35"):
        with pytest.raises(StoreError, match=r"allowed: a fraction, 0 or more, below 1"):
            read([wrong], of("accuracy"))


def test_a_standard_error_may_be_missing():
    found = read(["0.1", None, "n/a", "0"], of_error(find_measure("loss"), pd.Series([0.9])))
    assert np.isnan(found[1:3]).all()
    assert found[::3] == [0.1, 0]


def test_a_replicate_may_have_no_gap_where_its_point_has_one():
    sizes = pd.Series([1000, 1000, 2000, 2000], range(2, 6))
    assert read(["0", "0.2", "0.1", "0"], of("error", sizes)) == [0, 0.2, 0.1, 0]
    assert read(["1.0", "0.9", "0.8", "1.0"], of("accuracy", sizes)) == [1, 0.9, 0.8, 1]
    with pytest.raises(StoreError, match="row 4, column x: '0'"):
        read(["0", "0.2", "0", "0"], of("error", sizes))
