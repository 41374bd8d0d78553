"""The report of a CSV or Excel file, read as its options say."""

import json
import os

import pandas as pd
import pytest

SIZES = (1000, 2000, 4000, 8000)


@pytest.fixture
def write(tmp_path):
    def write(columns, line, sizes=SIZES):
        rows = "".join(line.format(n=n, v=3 * n**-0.5) for n in sizes)
        (tmp_path / "mine.csv").write_text(f"{columns}\n{rows}", encoding="utf-8")
        return tmp_path / "mine.csv"

    return write


def test_a_question_names_the_options_that_decide_and_they_do(write, refuses, command):
    file = write("n,loss,epoch", "{n},{v},20\n{n},5,1\n")
    refuses("analysis.report", file, words=["column epoch", "--only epoch=20"])
    code, out, err = command("analysis.report", file, "--only", "epoch=20")
    assert (code, err) == (0, "")
    assert "Read as: epoch = 20." in out
    code, out, err = command(
        "analysis.report", file, "--columns", "architecture=epoch", "--json"
    )
    assert (code, err) == (0, "")
    assert [one["architecture"] for one in json.loads(out)["architectures"]] == ["1", "20"]


def test_columns_are_named_and_n_is_scaled(write, command):
    file = write("share,val/loss", "{n},{v}\n")
    code, out, err = command("analysis.report", file, "--columns", "n=10*share,loss=val/loss")
    assert (code, err) == (0, "")
    assert "160,000 examples" in out


def test_a_measure_of_several_is_chosen_and_one_that_cannot_be_read_says_why(
    write, command, refuses
):
    file = write("n,loss,accuracy,error", "{n},{v},0.{n},0\n", (1000, 2000, 4000, 8000))
    code, out, err = command("analysis.report", file, "--metric", "accuracy")
    assert (code, err) == (0, "")
    assert "model's accuracy" in out
    refuses("analysis.report", file, "--metric", "error", words=["row 2, column error: '0'"])


def test_an_excel_file_is_answered(tmp_path, command):
    table = pd.DataFrame({"n": SIZES, "loss": [3 * n**-0.5 for n in SIZES]})
    table.to_excel(tmp_path / "mine.xlsx", index=False)
    code, out, err = command("analysis.report", tmp_path / "mine.xlsx")
    assert (code, err) == (0, "")
    assert "16,000 examples" in out


def test_a_pipe_is_refused(tmp_path, refuses):
    os.mkfifo(tmp_path / "pipe")
    refuses("analysis.report", tmp_path / "pipe", words=["is a pipe"])


def test_many_curves_tell_how_far_they_are(write, command):
    line = "".join(f"{{n}},{{v}},m{i}\n" for i in range(10))
    code, _, err = command("analysis.report", write("n,loss,model", line, SIZES[:2]))
    assert code == 0
    assert "curve 10 of 10" in err


def test_more_curves_than_can_be_compared_are_refused(write, refuses):
    line = "".join(f"{{n}},{{v}},m{i}\n" for i in range(300))
    words = ["300 architectures", "--only model=NAME+NAME"]
    refuses("analysis.report", write("n,loss,model", line), words=words)
