"""A sentence and a chart in a notebook."""

import altair as alt
import numpy as np
import pytest

from analysis.report.notebook import show
from tracking.errors import InputError

N = (1000, 2000, 4000, 8000, 16_000)
LOSS = [3 * n**-0.4 for n in N]


def test_a_curve_is_answered_in_a_sentence_and_drawn(capsys):
    chart = show(N, LOSS, target=0.05)
    said = capsys.readouterr().out
    assert isinstance(chart, alt.LayerChart)
    assert chart.to_dict()["layer"]
    assert "0.05" in said.splitlines()[0]
    assert said.splitlines()[1].startswith("Trust: ")


def test_several_models_are_drawn_together(capsys):
    chart = show(N, {"cnn": LOSS, "mlp": [1.3 * value for value in LOSS]})
    assert {"cnn", "mlp"} <= {
        row.get("architecture")
        for rows in chart.to_dict()["datasets"].values()
        for row in rows
    }
    assert "cnn" in capsys.readouterr().out


def test_the_arrays_of_sklearns_learning_curve_are_answered(capsys):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import learning_curve
    from sklearn.naive_bayes import GaussianNB

    images, labels = load_digits(return_X_y=True)
    sizes, _, scores, *_ = learning_curve(
        GaussianNB(var_smoothing=0.1), images, labels, train_sizes=[60, 120, 240, 480, 960]
    )
    show(sizes, scores, "accuracy")
    said = capsys.readouterr().out
    assert f"model's accuracy from {100 * scores[-1].mean():.0f}%" in said


def test_scores_that_are_taken_for_a_loss_are_asked_about():
    rising = 1 - np.array(LOSS)
    with pytest.raises(InputError, match=r"loss gets worse as n grows.*measure='accuracy'"):
        show(N, rising)


@pytest.mark.parametrize(
    ("n", "value", "words"),
    [
        (N, LOSS[:3], r"shapes \(5,\) and \(3,\)"),
        ([], [], r"shapes \(0,\) and \(0,\)"),
        ("many", LOSS, "no arrays of numbers"),
        (N, [*LOSS[:4], -1], "row 4, column loss: '-1.0'"),
        ([0, *N[1:]], LOSS, "row 0, column n: '0.0'"),
    ],
)
def test_what_is_no_curve_is_refused_in_one_line(n, value, words):
    with pytest.raises(InputError, match=words) as refusal:
        show(n, value)
    assert "\n" not in str(refusal.value)


def test_a_target_that_no_model_reaches_is_refused():
    with pytest.raises(InputError, match="target"):
        show(N, 1 - np.array(LOSS), "accuracy", target=1.5)
