"""A learning curve in characters: what is drawn stands where it belongs."""

import numpy as np
import pytest

from analysis.report.text_chart import (
    ANSWER,
    BAND,
    HEIGHT,
    LINE,
    PLAIN,
    POINT,
    TODAY,
    Drawn,
    Scale,
    text_chart,
)

N = np.array([100.0, 1000.0, 10_000.0])
BEYOND = np.geomspace(10_000, 100_000, 40)


def drawn(values=(1.0, 0.1, 0.01), **more):
    fall = values[-1] * (BEYOND / N[-1]) ** -0.5
    return Drawn(
        points=(N, np.array(values)),
        line=(BEYOND, fall),
        band=(BEYOND, 0.8 * fall, 1.2 * fall),
        today=10_000.0,
        **more,
    )


def lines(of, width=80):
    return text_chart(of, "loss", "examples", "{:g}".format, "{:,.0f}".format, width)


def column(line, mark):
    return line.index(mark)


def row_of(chart, mark):
    return next(i for i, line in enumerate(chart) if mark in line)


def test_every_point_is_drawn_on_its_row_and_column():
    title, *plot, axis, sizes = lines(drawn())
    assert title == "loss"
    assert len(plot) == HEIGHT
    assert sum(line.count(POINT) for line in plot) == 3
    assert POINT in plot[0]  # the first is the highest
    first = column(plot[0], POINT)
    assert axis[first] == "┬" and sizes.strip().startswith("100")


def test_the_smallest_error_is_at_the_bottom_and_the_best_score_at_the_top():
    assert row_of(lines(drawn()), POINT) < row_of(lines(drawn(rising=True)), POINT)


def test_the_band_and_the_line_lie_beyond_today():
    plot = lines(drawn())[1 : HEIGHT + 1]
    today = {column(line, TODAY) for line in plot if TODAY in line}
    assert len(today) == 1
    for line in plot:
        marked = [i for i, mark in enumerate(line) if mark in (BAND, LINE)]
        assert min(marked, default=80) >= min(today)


def test_the_answer_is_marked_and_its_size_labelled():
    chart = lines(drawn(answer=(30_000.0, 0.006)))
    assert sum(line.count(ANSWER) for line in chart) == 1
    place = next(column(line, ANSWER) for line in chart if ANSWER in line)
    assert chart[-2][place] == "┬"
    assert "30,000" in chart[-1]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_longer_than_asked_for(width):
    assert max(map(len, lines(drawn(answer=(30_000.0, 0.006)), width))) <= width


def test_a_curve_that_hardly_falls_has_an_even_axis_with_several_labels():
    chart = lines(drawn(values=(0.5, 0.48, 0.45)))
    labels = [line.split("┤")[0].strip() for line in chart if "┤" in line]
    assert len(labels) >= 3
    steps = np.diff([float(label) for label in labels])
    assert steps == pytest.approx(steps[0])


def test_a_flat_curve_is_drawn():
    flat = Drawn((N, np.ones(3)), (N, np.ones(3)), (N[:0], N[:0], N[:0]), 10_000.0)
    assert sum(line.count(POINT) for line in lines(flat)) == 3


@pytest.mark.parametrize("ends", [(0.01, 1.0), (0.1, 0.42), (3.0, 8.0), (900.0, 70_000.0)])
def test_an_axis_has_from_three_to_eight_round_ticks(ends):
    ticks = Scale(*ends, HEIGHT, ends[1] > 6 * ends[0]).ticks()
    assert 3 <= len(ticks) <= 8
    assert all(ends[0] <= tick <= ends[1] for tick in ticks)


def test_a_terminal_that_knows_ascii_alone_gets_it():
    for line in lines(drawn(answer=(30_000.0, 0.006))):
        line.translate(PLAIN).encode("ascii")
