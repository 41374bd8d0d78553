"""Numbers that are not what their heading says are asked about."""

import io

import pytest

from tracking.tables.curves import read_csv
from tracking.tables.reading import Asked, Reading

LOSS = ["0.312", "0.241", "0.187", "0.146", "0.114", "0.089"]


def read(sizes, values=LOSS, measure="error", columns=None):
    rows = "".join(f"{n},{value}\n" for n, value in zip(sizes, values))
    return read_csv(io.StringIO(f"n,{measure}\n{rows}"), Reading(columns or {}))


@pytest.mark.parametrize(
    ("sizes", "kind", "first"),
    [
        ([3, 3.3, 3.602, 3.9, 4.2], "logarithms", "10^n"),
        ([6.9, 7.6, 8.3, 9.0, 9.7], "logarithms", "10^n"),
        ([10, 11, 12, 13, 14, 15], "logarithms", "10^n"),
        ([3, 4, 5, 6], "logarithms", "10^n"),
        ([1.5, 2.25, 3.1, 4.7, 9.9], "logarithms", "10^n"),
        ([1, 5, 10, 25, 50, 100], "percentages", "500*n"),
        ([12.5, 25, 50, 100], "percentages", "500*n"),
        (["10", "20", "40", "100"], "percentages", "500*n"),
        ([0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0], "fractions", "50000*n"),
        ([0.01, 0.1, 0.5], "fractions", "50000*n"),
        (["1%", "10%", "100%"], "percentages", "500*n"),
    ],
)
def test_sizes_that_are_no_numbers_of_examples_are_asked_about(sizes, kind, first):
    with pytest.raises(Asked, match=f"as {kind} do.*--columns n=") as asked:
        read(sizes)
    assert asked.value.answers[0].value == first


@pytest.mark.parametrize(
    "sizes",
    [
        [1, 2, 4, 8, 16, 32],
        [10, 20, 50, 200],
        [100, 200, 400],
        [1000.5, 2000.5, 4000.5],
        [1000, 1001, 1002, 1003],
        [1e12, 1e13, 1e14],
        [50, 100],
    ],
)
def test_numbers_of_examples_are_not_asked_about(sizes):
    assert read(sizes).table["n"].tolist() == sizes


def test_every_answer_about_sizes_is_understood():
    sizes = [1, 5, 10, 25, 50, 100]
    with pytest.raises(Asked) as asked:
        read(sizes)
    found = {
        answer.value: read(sizes, columns={"n": answer.value}).table["n"].iloc[1]
        for answer in asked.value.answers
        if not answer.value.startswith(("10^", "2^", "e^"))
    }
    assert found["1*n"] == 5
    assert found["500*n"] == 2500


RISING = [0.688, 0.759, 0.813, 0.854, 0.886, 0.911]
SIZES = [1000, 2000, 4000, 8000, 16_000, 32_000]


@pytest.mark.parametrize("measure", ["error", "loss", "rmse", "perplexity"])
def test_what_gets_worse_with_more_data_is_asked_about(measure):
    values = [1 + value for value in RISING] if measure == "perplexity" else RISING
    with pytest.raises(Asked, match=rf"(?i){measure} gets worse.*--columns"):
        read(SIZES, values, measure)


def test_an_accuracy_under_the_heading_error_is_read_as_one_when_somebody_says_so():
    with pytest.raises(Asked, match="--columns accuracy=error · --columns error=1") as asked:
        read(SIZES, RISING)
    accuracy, error, *_ = (
        read(SIZES, RISING, columns=Reading().answered(answer).columns)
        for answer in asked.value.answers
    )
    assert accuracy.measures == ("accuracy",)
    assert accuracy.table["accuracy"].tolist() == RISING
    assert error.measures == ("error",)
    assert error.table["error"].tolist() == RISING


def test_per_cent_that_rise_are_asked_about_too_and_a_score_that_falls():
    with pytest.raises(Asked, match=r"from 0\.688 to 0\.911"):
        read(SIZES, [f"{100 * value:.1f} %" for value in RISING])
    with pytest.raises(Asked, match=r"accuracy gets worse.*--columns error=accuracy"):
        read(SIZES, LOSS, "accuracy")


@pytest.mark.parametrize(
    "values",
    [
        [0.5] * 6,
        [0.5, 0.45, 0.42, 0.43, 0.46, 0.5],
        [0.5, 0.4, 0.6, 0.8, 0.4, 0.3],
        [1.0, 1.000000000001, 1.000000000002, 1.000000000003, 1.000000000004, 1.0],
        [0.4, 0.5, 0.45, 0.3, 0.2, 0.1],
    ],
)
def test_flat_and_bent_curves_are_not_asked_about(values):
    assert read(SIZES, values, "loss").table["loss"].tolist() == values
