"""The curves in words and tables: what a warning is about is said once, where it belongs."""

import math

import numpy as np
import pandas as pd

from analysis.reasons import Reason
from analysis.report.curve_words import warnings_of
from analysis.report.messages import say
from analysis.report.sections import curve_sections, forecasts
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.study import Study

SIZES = 50 * 2.0 ** np.arange(13)
HEAD = 0.9  # of the best guess


def analysis(*architectures):
    """Of curves that begin near the best guess."""
    values = np.minimum(9 * SIZES**-0.3, HEAD)
    curves = [
        pd.DataFrame({"architecture": name, "n": SIZES, "value": values, "se": math.nan})
        for name in architectures
    ]
    return StudyAnalysis(Study("mine", measured=pd.concat(curves), measures=("loss",)))


def test_forecasts_far_beyond_the_data_are_warned_about_once():
    found = analysis("cnn", "mlp").conclusions(0.9)
    for one in found:
        assert Reason.FAR_EXTRAPOLATION(times=50.0) in one.forecast.warnings
    section = forecasts(found, "loss", 0.9)
    assert section.lines == ("Caution: the largest size lies 50 times beyond the data.",)


def test_the_report_shows_that_warning():
    lines = [
        line for part in curve_sections(analysis("cnn"), Question()) for line in part.lines
    ]
    assert any("50 times beyond the data" in line for line in lines)


def test_a_head_that_law_and_forecast_find_is_said_once():
    (found,) = analysis("cnn").conclusions(0.9)
    heads = [one for one in found.forecast.warnings if one.reason is Reason.HEAD]
    assert len(heads) == 1
    said = warnings_of([found])
    assert [line for line in said if "left out" in line] and not [
        line for line in said if say(heads[0]) in line
    ]


def test_a_forecast_that_misses_its_own_past_is_warned_about():
    values = np.array([0.9, 0.89, 0.88, 0.87, 0.86, 0.6, 0.3, 0.1])
    curve = pd.DataFrame(
        {"architecture": "cnn", "n": SIZES[:8], "value": values, "se": math.nan}
    )
    found = StudyAnalysis(Study("mine", measured=curve, measures=("loss",))).conclusions(0.9)
    assert any("the back-test misses by" in line for line in warnings_of(found))


def test_a_value_that_no_fit_takes_is_the_reason():
    curve = pd.DataFrame(
        {"architecture": "cnn", "n": SIZES[:4], "value": [1, 0.8, -0.5, 0.3], "se": math.nan}
    )
    (found,) = StudyAnalysis(Study("mine", measured=curve)).conclusions(0.9)
    assert found.reason == Reason.NOT_ABOVE_ZERO(n=200.0, value=-0.5)
    assert found.law is None and found.forecast is None
