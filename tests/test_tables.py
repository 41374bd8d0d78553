"""A CSV of somebody's own becomes a table, or is refused in one line."""

import io
import math

import pytest

from tracking.errors import StoreError
from tracking.tables import read_csv


def read(text):
    return read_csv(io.StringIO(text))


def test_a_csv_with_n_and_loss_is_one_model():
    table, metric = read("n,loss\n100,1.5\n200,1.2\n")
    assert metric == "loss"
    assert table[["architecture", "n", "value"]].to_dict("list") == {
        "architecture": ["model", "model"],
        "n": [100, 200],
        "value": [1.5, 1.2],
    }
    assert table["se"].isna().all()


def test_a_csv_may_hold_errors_standard_errors_and_architectures_in_any_order_and_case():
    table, metric = read(
        "Architecture, SE ,Error,N,remark\n"
        " cnn ,0.01,0.5,100,x\n"
        "mlp,,0.4,2e2,y\n"
        ",0,0.3,300,z\n"
    )
    assert metric == "error"
    assert list(table["architecture"]) == ["cnn", "mlp", "model"]
    assert list(table["n"]) == [100, 200, 300]
    assert list(table["value"]) == [0.5, 0.4, 0.3]
    assert table["se"].tolist()[::2] == [0.01, 0]
    assert math.isnan(table["se"][1])


def test_a_csv_is_read_from_a_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "curve.csv").write_bytes(b"\xef\xbb\xbfn,loss\r\n100,1.5\r\n")
    assert list(read_csv(tmp_path / "curve.csv")[0]["n"]) == [100]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n,loss\n100,1.5\nmany,1.2\n", ["row 3", "column n", "'many'", "1 or more"]),
        ("n,loss\n100,1.5\n200,\n", ["row 3", "column loss", "above 0"]),
        ("n,loss\n0,1.5\n", ["row 2", "column n", "'0'", "1 or more"]),
        ("n,loss\n0.5,1.5\n", ["row 2", "column n", "'0.5'", "1 or more"]),
        (
            "n,error\n100,8.01\n",
            ["row 2", "column error", "'8.01'", "up to 1", "0.08 for 8 %"],
        ),
        ("n,loss\n100,-1\n", ["row 2", "column loss", "'-1'", "above 0"]),
        ("n,loss\n100,inf\n", ["row 2", "column loss", "'inf'", "above 0"]),
        ("n,loss\n100,nan\n", ["row 2", "column loss", "above 0"]),
        ("n,loss,se\n100,1,-2\n", ["row 2", "column se", "'-2'", "or empty"]),
        ("n,loss,se\n100,1,?\n", ["row 2", "column se", "'?'", "or empty"]),
        ("n,loss\n100,1.5\n\n\n300,x\n", ["row 5", "column loss", "'x'"]),
        ("size,loss\n100,1\n", ["columns n and loss", "size, loss"]),
        ("n,accuracy\n100,1\n", ["columns n and loss", "n, accuracy"]),
        ("n;loss\n100;1\n", ["columns n and loss", "n;loss"]),
        ("n,loss,Loss\n100,1,2\n", ["loss"]),
        ("n,loss\n", ["no rows"]),
        ("", ["not a readable CSV"]),
        ("n,loss\n1,2\n1,2,3,4\n", ["not a readable CSV"]),
        (
            "n,loss,se\n1000,2.3,0.1,\n2000,2,0.1,\n",
            ["not a readable CSV", "Expected 3 fields in line 2, saw 4"],
        ),
        (
            "n,loss\n1,000,0.91\n2,000,0.8\n",
            ["not a readable CSV", "Expected 2 fields in line 2, saw 3"],
        ),
        ("n,loss,loss\n100,1,2\n", ["more than one column loss"]),
        (",,\n,,\n", ["no heading"]),
        ("n,loss\n" + "1,1\n" * 10_001, ["10,000 rows"]),
    ],
)
def test_a_bad_csv_is_refused_in_one_line_that_names_row_and_column(text, words):
    with pytest.raises(StoreError) as refusal:
        read(text)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "n,loss\n1,2".encode("utf-16")]
)
def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "curve.csv").write_bytes(content)
    with pytest.raises(StoreError) as refusal:
        read_csv(tmp_path / "curve.csv")
    assert "\n" not in str(refusal.value)


def test_columns_without_a_heading_are_row_numbers_or_nothing():
    assert read(",n,loss\n0,100,1.5\n1,200,1.2\n")[0]["n"].tolist() == [100, 200]
    assert read("n,loss,\n100,1.5,\n\n200,1.2,\n")[0]["value"].tolist() == [1.5, 1.2]


def test_architectures_may_be_called_what_pandas_takes_for_missing():
    table, _ = read("n,loss,architecture,se\n100,1.5,None,NaN\n100,1.2,NA,n/a\n")
    assert table["architecture"].tolist() == ["None", "NA"] and table["se"].isna().all()


def test_a_missing_csv_or_a_folder_is_refused_by_its_name(tmp_path):
    with pytest.raises(StoreError, match=r"nosuch\.csv' does not exist"):
        read_csv(tmp_path / "nosuch.csv")
    with pytest.raises(StoreError, match="not a readable CSV"):
        read_csv(tmp_path)
