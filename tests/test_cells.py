"""Files as people have them become cells, or are refused in one line."""

import gzip
import io
import os
import zipfile

import pandas as pd
import pytest

from tracking.errors import StoreError
from tracking.tables.cells import MOST_BYTES, MOST_COLUMNS, read_cells
from tracking.tables.curves import read_csv
from tracking.tables.reading import Asked, Reading

NAMES = ("réseau", "Größe", "modèle à deux couches", "残差网络", "卷积")
ROWS = "n{0}error{0}architecture\n1000{0}0.3{0}{1}\n2000{0}0.2{0}{1}\n4000{0}0.1{0}{1}\n"


def cells(content, **options):
    return read_cells(io.BytesIO(content), "mine.csv", **options).table


def refusal(source, **options):
    with pytest.raises(StoreError) as refused:
        read_cells(source, "mine.csv", **options)
    assert "mine.csv" in str(refused.value)
    assert "BytesIO" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "，"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_a_file_has_any_of_these_separators_and_encodings(separator, encoding):
    for name in NAMES:
        table = cells(ROWS.format(separator, name).encode(encoding))
        assert list(table) == ["n", "error", "architecture"]
        assert table["architecture"].tolist() == [name] * 3


@pytest.mark.parametrize(
    ("encoding", "names"), [("latin-1", NAMES[:3]), ("cp1252", NAMES[:3]), ("gbk", NAMES[3:])]
)
def test_names_of_older_encodings_are_read(encoding, names):
    for name in names:
        table = cells(ROWS.format(",", name).encode(encoding))
        assert table["architecture"].tolist() == [name] * 3


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
def test_lines_end_as_they_do_anywhere(line_end):
    table = cells(f"n;loss{line_end}1;2{line_end}".encode())
    assert table.to_dict("list") == {"n": ["1"], "loss": ["2"]}


def test_a_first_line_may_name_the_separator_and_rows_keep_their_numbers():
    table = cells(b"sep=;\nn;loss\n1;2\n")
    assert table.to_dict("list") == {"n": ["1"], "loss": ["2"]}
    assert list(table.index) == [3]


def test_a_title_above_the_heading_is_left_out_and_rows_keep_their_numbers():
    table = cells(b'Report of 2024\n"by Kim, Lee"\n\nn,loss\n1,2\n')
    assert table.to_dict("list") == {"n": ["1"], "loss": ["2"]}
    assert list(table.index) == [5]


def test_separators_within_quotes_are_none():
    assert list(cells(b'"a, b, c";n\n1;2\n')) == ["a, b, c", "n"]


@pytest.mark.parametrize("kind", ["gz", "zip", "bz2", "xz", "zst", "7z", "xls"])
def test_what_is_packed_or_old_is_refused_with_what_to_do(kind):
    starts = {
        "bz2": b"BZh9",
        "xz": b"\xfd7zXZ\0",
        "zst": b"\x28\xb5\x2f\xfd",
        "7z": b"7z\xbc\xaf",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("curve.csv", "n,loss\n1,2\n")
    contents = {
        **starts,
        "gz": gzip.compress(b"n,loss\n1,2\n"),
        "zip": archive.getvalue(),
        "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    }
    said = refusal(io.BytesIO(contents[kind]))
    assert "unpack it first" in said or "save it as .xlsx" in said


def test_a_compressed_file_is_not_unpacked_by_its_name(tmp_path):
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"n,loss\n" + b"1,1\n" * 10))
    assert "compressed (gzip)" in refusal(tmp_path / "mine.csv.gz")


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is a pipe" in refusal(tmp_path / "pipe.csv")
    assert "is a pipe" in refusal("/dev/zero")


def test_a_file_beyond_bounds_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert f"{MOST_BYTES:,} bytes" in refusal(tmp_path / "large.csv")


def test_a_table_too_wide_is_refused():
    with pytest.raises(StoreError, match="120,000 columns; the most allowed is 1,000"):
        cells(",".join(f"c{i}" for i in range(120_000)).encode() + b"\n")
    assert (
        len(cells(b",".join(b"c%d" % i for i in range(MOST_COLUMNS)) + b"\n1\n").columns) > 9
    )


def workbook(sheets):
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name, index=False)
    return content.getvalue()


CURVE = pd.DataFrame({"n": [1000, 2000, 4000], "error": [0.3, 0.2, 0.1]})


def test_an_excel_file_is_read_as_the_same_numbers():
    found = read_csv(io.BytesIO(workbook({"Sheet1": CURVE, "empty": pd.DataFrame()})))
    assert found.table["n"].tolist() == [1000, 2000, 4000]
    assert found.table["error"].tolist() == [0.3, 0.2, 0.1]


def test_which_sheet_of_several_is_asked():
    content = workbook({"first": CURVE, "second": CURVE * 2})
    with pytest.raises(Asked, match="--only sheet=first · --only sheet=second"):
        read_csv(io.BytesIO(content))
    second = read_csv(io.BytesIO(content), Reading(only={"sheet": "second"}))
    assert second.table["n"].tolist() == [2000, 4000, 8000]
    with pytest.raises(StoreError, match=r"sheet 'third' is unknown.*first, second"):
        read_csv(io.BytesIO(content), Reading(only={"sheet": "third"}), "mine.csv")


def test_a_title_above_the_heading_of_a_sheet_is_left_out():
    content = io.BytesIO()
    rows = [["Report", None], [None, None], ["n", "loss"], [100, 0.5]]
    pd.DataFrame(rows).to_excel(content, header=False, index=False)
    table = cells(content.getvalue())
    assert (list(table), list(table.index)) == (["n", "loss"], [4])


def test_a_broken_excel_file_and_one_that_grows_beyond_bounds_are_refused():
    assert "not a readable Excel file" in refusal(io.BytesIO(workbook({"a": CURVE})[:-300]))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", b"\0" * (MOST_BYTES + 1))
    bomb.seek(0)
    assert f"{MOST_BYTES:,} bytes" in refusal(bomb)
