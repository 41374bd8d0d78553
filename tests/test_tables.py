"""A CSV of somebody's own becomes learning curves, or is refused in one line."""

import io
import math

import pytest

from tracking.errors import StoreError
from tracking.tables.curves import MOST_CURVES, read_csv
from tracking.tables.reading import Asked, Reading


def read(text, columns=None, only=None):
    return read_csv(io.StringIO(text), Reading(columns or {}, only or {}))


def curve(*headings, rows):
    return "\n".join([",".join(headings), *(",".join(map(str, row)) for row in rows)])


def test_a_csv_with_n_and_loss_is_one_model():
    found = read("n,loss\n100,1.5\n200,1.2\n")
    assert found.measures == ("loss",)
    assert found.note == ""
    assert found.table.to_dict("list") == {
        "architecture": ["model", "model"],
        "n": [100, 200],
        "loss": [1.5, 1.2],
    }


def test_a_csv_may_hold_errors_standard_errors_and_architectures_in_any_order_and_case():
    found = read(
        "Architecture, SE ,Error,N,remark\n"
        " cnn ,0.01,0.5,100,x\n"
        "mlp,,0.4,2e2,y\n"
        ",0,0.3,300,z\n"
    )
    table = found.table
    assert found.measures == ("error",)
    assert list(table["architecture"]) == ["cnn", "mlp", "model"]
    assert list(table["n"]) == [100, 200, 300]
    assert list(table["error"]) == [0.5, 0.4, 0.3]
    assert table["error_se"].tolist()[::2] == [0.01, 0]
    assert math.isnan(table["error_se"][1])


def test_any_measure_is_a_column_by_its_name_and_several_at_once():
    found = read("n,Accuracy,RMSE,f1_score,test_auc\n100,0.5,2,0.4,0.6\n200,0.6,1,0.5,0.7\n")
    assert found.measures == ("accuracy", "auc", "f1", "rmse")
    assert found.table["accuracy"].tolist() == [0.5, 0.6]
    assert "auc = test_auc" in found.note


def test_the_standard_error_of_several_measures_is_asked_about():
    text = "n,loss,error,se\n100,1,0.5,0.1\n200,0.9,0.4,0.1\n"
    with pytest.raises(Asked, match="--columns loss_se=se"):
        read(text)
    found = read(text, {"error_se": "se"}).table
    assert found["error_se"].tolist() == [0.1, 0.1]
    assert "loss_se" not in found
    own = read("n,loss,error,error_se\n100,1,0.5,0.1\n").table
    assert own["error_se"].tolist() == [0.1]


def test_a_measure_that_cannot_be_read_is_left_out_with_its_reason_where_others_can():
    found = read("n,loss,error\n100,1,0.5\n200,0.5,0\n")
    assert found.measures == ("loss",)
    assert "row 3, column error" in found.left_out["error"]
    assert "row 3, column error" in found.note
    with pytest.raises(StoreError, match="row 3, column error"):
        read("n,loss,error\n100,1,0.5\n200,0.5,0\n", {"error": "error"})
    assert read("n,loss,error\n100,,0.5\n200,,0.4\n").measures == ("error",)


def test_columns_are_named_by_whoever_gives_the_file():
    text = curve("size", "val/loss", "net", rows=[(100, 2, "a"), (200, 1, "a"), (100, 3, "b")])
    found = read(text, {"n": "size", "loss": "val/loss", "architecture": "net"})
    assert found.table["architecture"].tolist() == ["a", "a", "b"]
    assert found.note == "Read as: n = size, loss = val/loss, architecture = net."


def test_somebodys_own_measure_is_named():
    found = read(
        "n,wer,dice\n100,0.5,0.3\n200,0.4,0.4\n", {"wer": "wer", "dice:score": "dice"}
    )
    assert found.measures == ("wer", "dice:score")
    assert found.table["dice"].tolist() == [0.3, 0.4]


def test_n_may_be_scaled():
    shares = read("share,loss\n0.5,1\n1,0.5\n", {"n": "1000*share"})
    assert shares.table["n"].tolist() == [500, 1000]
    logs = read("log,loss\n3,1\n4,0.5\n", {"n": "10^log"})
    assert logs.table["n"].tolist() == [1000, 10_000]
    per_cent = read("n,error\n100,31\n200,21\n", {"error": "0.01*error"})
    assert per_cent.table["error"].tolist() == pytest.approx([0.31, 0.21])


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(StoreError, match="no column 'nosuch'; there are: n, loss"):
        read("n,loss\n1,2\n", {"loss": "nosuch"})


def test_missing_columns_are_asked_about_with_those_that_there_are():
    with pytest.raises(Asked, match=r"n and loss.*tokens, loss.*--columns n=tokens") as asked:
        read("tokens,loss\n100,1\n")
    answer = asked.value.answers[0]
    assert read("tokens,loss\n100,1\n", {answer.key: answer.value}).table["n"].tolist() == [
        100
    ]
    with pytest.raises(Asked, match=r"--columns loss=val_loss") as asked:
        read("n,val_loss\n100,1\n")
    assert [answer.key for answer in asked.value.answers] == ["loss"]


def test_more_curves_than_can_be_fitted_are_refused_and_some_of_them_chosen():
    rows = [(n, 1, f"m{i}") for i in range(300) for n in (100, 200)]
    text = curve("n", "loss", "architecture", rows=rows)
    with pytest.raises(StoreError, match=f"300 architectures.*{MOST_CURVES}.*--only"):
        read(text)
    assert len(read(text, only={"architecture": "m7+m12"}).table) == 4


def test_a_csv_is_read_from_a_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "curve.csv").write_bytes(b"\xef\xbb\xbfn,loss\r\n100,1.5\r\n")
    assert list(read_csv(tmp_path / "curve.csv").table["n"]) == [100]


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
        ("n,depth\n100,1\n", ["columns n and loss", "n, depth"]),
        ("n,accuracy\n100,1\n", ["row 2", "column accuracy", "below 1"]),
        ("n,perplexity\n100,0.9\n", ["row 2", "column perplexity", "above 1"]),
        ("n,loss\n1e16,1\n", ["row 2", "column n", "'1e16'", "up to 1e15"]),
        ("n,loss\n100,1e-300\n", ["row 2", "column loss", "'1e-300'", "1e-15"]),
        ("n,loss\n100,1e300\n", ["row 2", "column loss", "'1e300'", "1e15"]),
        ("n,loss,se\n100,1,1e300\n", ["row 2", "column se", "'1e300'", "10 times"]),
        ("n,loss\n100,35%\n", ["row 2", "column loss", "'35%'"]),
        ("n,loss\n100," + "x" * 5000 + "\n", ["row 2", "column loss", "'xxxx"]),
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
        (",".join(map(str, range(120_000))) + "\n", ["120,000 columns", "1,000"]),
    ],
)
def test_a_bad_csv_is_refused_in_one_line_that_names_row_and_column(text, words):
    with pytest.raises(StoreError) as refusal:
        read(text)
    said = str(refusal.value)
    assert "\n" not in said
    assert len(said) < 500
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\xff\xfe", b"%PDF-1.7\n\x01\x02\xff"]
)
def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "curve.csv").write_bytes(content)
    with pytest.raises(StoreError) as refusal:
        read_csv(tmp_path / "curve.csv")
    assert "\n" not in str(refusal.value)


def test_columns_without_a_heading_are_row_numbers_or_nothing():
    assert read(",n,loss\n0,100,1.5\n1,200,1.2\n").table["n"].tolist() == [100, 200]
    assert read("n,loss,\n100,1.5,\n\n200,1.2,\n").table["loss"].tolist() == [1.5, 1.2]


def test_architectures_may_be_called_what_pandas_takes_for_missing():
    table = read("n,loss,architecture,se\n100,1.5,None,NaN\n100,1.2,NA,n/a\n").table
    assert table["architecture"].tolist() == ["None", "NA"]
    assert table["loss_se"].isna().all()


def test_a_missing_csv_or_a_folder_is_refused_by_its_name(tmp_path):
    with pytest.raises(StoreError, match=r"nosuch\.csv' does not exist"):
        read_csv(tmp_path / "nosuch.csv")
    with pytest.raises(StoreError, match="not a readable CSV"):
        read_csv(tmp_path)
