"""What a terminal shows by default: the answer, the chart, and a few lines."""

import re

import numpy as np
import pytest
from conftest import ROOT

from analysis.report import console
from analysis.report.text_chart import ANSWER, HEIGHT, POINT, TODAY

MOST_LINES = 9  # below the chart
EXAMPLES = sorted(folder.name for folder in (ROOT / "app" / "example").iterdir())


@pytest.fixture
def curve(tmp_path):
    def write(sizes, heading="n,error"):
        n = 100 * 2 ** np.arange(sizes)
        rows = "".join(f"{one},{2 * one**-0.36 + 0.01}\n" for one in n)
        (tmp_path / "curve.csv").write_text(f"{heading}\n{rows}")
        return tmp_path / "curve.csv"

    return write


def blocks(out):
    return [block.splitlines() for block in out.strip().split("\n\n")]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_answered_in_a_screen(command, name):
    code, out, err = command("analysis.report", ROOT / "app" / "example" / name)
    assert (code, err) == (0, "")
    title, answer, chart, lines = blocks(out)
    assert title[0].startswith(f"Study {name}, ")
    _, sure, following = (line for line in answer if not line.startswith("Leak: "))
    assert re.match(r"How sure: [●○]{3} (good|fair|poor|cannot say): ", sure)
    assert following.startswith("Next: ")
    assert len(chart) == HEIGHT + 4
    assert len(lines) <= MOST_LINES
    assert lines[-1].startswith("More: --full")


def test_a_csv_is_answered_in_a_screen(command, curve):
    _, out, _ = command("analysis.report", curve(6))
    _, answer, chart, lines = blocks(out)
    assert answer[0].startswith("Twice the data (6,400 examples)")
    *plot, legend = chart
    marked = "".join(plot)
    assert marked.count(POINT) == 6 and marked.count(ANSWER) == 1 and TODAY in marked
    assert all(mark in legend for mark in (POINT, ANSWER, TODAY))
    assert len(lines) <= MOST_LINES


def test_a_target_and_a_score_are_drawn_and_said(command, curve):
    file = curve(6, "n,loss")
    _, out, _ = command("analysis.report", file, "--target", "0.1")
    assert "0.1" in blocks(out)[1][0]
    assert any(line.startswith("2 times the data: loss about ") for line in blocks(out)[3])


def test_without_a_law_the_answer_says_so_and_nothing_is_drawn(command, curve):
    code, out, err = command("analysis.report", curve(2))
    assert (code, err) == (0, "")
    assert "No power law can be fitted yet." in out
    assert len(blocks(out)) == 3
    assert TODAY not in out


def test_everything_else_is_printed_with_full(command, curve):
    file = curve(6)
    short = command("analysis.report", file)[1]
    full = command("analysis.report", file, "--full")[1]
    assert full.startswith(short.rstrip())
    for title in ("Power law", "Forecasts", "Data needed", "Its own past forecasts"):
        assert title not in short and title in full


def test_pages_are_written_where_they_are_asked_for(command, refuses, curve, tmp_path):
    file = curve(6)
    pages = ("--summary", tmp_path / "one.html", "--html", tmp_path / "all.html")
    assert command("analysis.report", file, *pages)[0] == 0
    one, whole = ((tmp_path / name).read_text() for name in ("one.html", "all.html"))
    assert one.startswith("<!DOCTYPE html>") and "<script" not in one
    assert "Contents" in whole and "Contents" not in one
    nowhere = tmp_path / "nowhere" / "one.html"
    refuses("analysis.report", file, "--html", nowhere, words=[f"'{nowhere}'", "written"])


def test_lines_are_broken_between_words_on_a_terminal_only(monkeypatch, capsys):
    long = "word " * 50
    console.print_wrapped([long], 40)
    assert capsys.readouterr().out == f"{long}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    console.print_wrapped([long], 40)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 40 and out.split() == long.split()


@pytest.mark.parametrize(
    "prices, assumed",
    [
        ("label_price=0.5,people=1,months=1", ["$0.50 a label", "1 engineer for 1 month at"]),
        (
            "label_price=inf,engineer_price=inf",
            ["no labels for sale", "no engineers to be had"],
        ),
    ],
)
def test_the_prices_that_were_told_are_those_assumed(command, curve, prices, assumed):
    _, out, _ = command("analysis.report", curve(6), "--prices", prices)
    (line,) = (one for one in blocks(out)[3] if one.startswith("Assumed: "))
    assert all(words in line for words in assumed)
