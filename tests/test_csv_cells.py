"""No spreadsheet computes a cell that somebody wrote, and reading back is exact."""

import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tracking.csv_cells import NUMBER, as_csv, as_it_was, inert

EVIL = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "＝1+1", "=HYPERLINK(1)"]


def test_cells_and_headings_that_would_be_computed_are_text():
    table = pd.DataFrame({"=name": EVIL})
    written = pd.read_csv(io.StringIO(as_csv(table)), dtype=str)
    assert list(written.columns) == ["'=name"]
    assert all(cell.startswith("'") for cell in written["'=name"])
    assert as_it_was(written)["=name"].tolist() == EVIL


def test_numbers_stay_numbers():
    table = pd.DataFrame({"gain": [-0.3, 1e-9], "text": ["-0.3", "+1e5"], "n": [-1, 2]})
    pd.testing.assert_frame_equal(inert(table), table)
    assert "-0.3,-0.3,-1" in as_csv(table)


cells = st.text(st.sampled_from("=+-@'\t a1,\"\n＝"), max_size=6)


@given(rows=st.lists(st.tuples(cells, cells), max_size=5))
def test_what_is_read_back_is_what_was_written(rows):
    table = pd.DataFrame(rows, columns=["a", "=b"])
    pd.testing.assert_frame_equal(as_it_was(inert(table)), table)
    written = [cell for cell in inert(table).to_numpy().ravel() if not NUMBER.fullmatch(cell)]
    assert [cell for cell in written if cell[:1] in tuple("=+-@\t＝")] == []
