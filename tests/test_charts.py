"""Charts as the dictionaries that Vega-Lite draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.report.chart_lines import Lines, fitted_lines, levels, regions, spread
from analysis.report.charts import learning_curves, steps
from analysis.report.parts import PARTS
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.report.theme import COLOURS, INK, SHAPES, Theme, picture
from tracking.study import Study

SIZES = 1000 * 2 ** np.arange(6)
PAGES = {"light": "#ffffff", "dark": "#0f1217"}  # .streamlit/config.toml


def table(**architectures):
    curves = [
        pd.DataFrame(
            {"architecture": name, "n": SIZES, "value": 3.0 * SIZES**-b + 0.05, "se": 0.001}
        )
        for name, b in architectures.items()
    ]
    return pd.concat(curves, ignore_index=True)


@pytest.fixture(scope="module")
def analysis():
    return StudyAnalysis(Study("mine", measured=table(cnn=0.4, mlp=0.3), measures=("loss",)))


@pytest.fixture(scope="module")
def lines(analysis):
    found = analysis.known(0.9)
    laws = {one.architecture: one.law for one in found}
    forecasts = {one.architecture: one.forecast for one in found}
    return Lines(laws, forecasts, target=0.1, best_guess=2.3, chosen="cnn")


def layers(chart, mark):
    found = [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == mark]
    assert found, mark
    return found


def data(chart, layer):
    return chart.to_dict()["datasets"][layer["data"]["name"]]


def test_both_axes_are_logarithmic_and_linear_on_request(analysis, lines):
    for linear, kind in ((False, "log"), (True, "linear")):
        (points,) = layers(learning_curves(analysis.table, lines, linear=linear), "point")
        assert {points["encoding"][axis]["scale"]["type"] for axis in "xy"} == {kind}


def test_architectures_differ_in_colour_and_in_shape(analysis, lines):
    (points,) = layers(learning_curves(analysis.table, lines), "point")
    for channel, values in (("color", COLOURS), ("shape", SHAPES)):
        scale = points["encoding"][channel]["scale"]
        assert scale["domain"] == ["cnn", "mlp"]
        assert set(scale["range"]) < set(values) and len(set(scale["range"])) == 2


def test_a_point_says_what_it_is_and_leads_to_its_run(analysis, lines):
    known = analysis.table.assign(
        name="cnn · #1", test_loss=0.1, test_error=0.02, samples=3, link="http://ui/run"
    )
    (points,) = layers(learning_curves(known, lines), "point")
    said = {tip["field"] for tip in points["encoding"]["tooltip"]}
    assert said == {"architecture", "name", "n", "test_loss", "test_error", "se", "samples"}
    assert points["encoding"]["href"]["field"] == "link"
    assert "href" not in layers(learning_curves(analysis.table, lines), "point")[0]["encoding"]


def test_a_law_is_drawn_over_the_sizes_it_was_fitted_to_and_the_forecast_beyond(
    lines, analysis
):
    drawn = fitted_lines(lines.laws)
    assert (drawn["n"].min(), drawn["n"].max()) == pytest.approx((SIZES[0], SIZES[-1]))
    chart = learning_curves(analysis.table, lines)
    (band,) = layers(chart, "area")
    assert min(row["n"] for row in data(chart, band)) == pytest.approx(SIZES[-1])


def test_target_best_guess_and_floor_are_marked(lines):
    assert levels(lines)["level"].tolist() == ["target", "best guess", "floor of cnn"]
    assert levels(Lines({}, {})).empty


def test_a_floor_that_the_forecast_falls_below_is_not_marked(lines):
    law = replace(lines.laws["cnn"], c=lines.forecasts["cnn"].median.min())
    marked = (
        levels(replace(lines, laws={"cnn": law}, beyond=beyond))["level"].tolist()
        for beyond in (2, 1000)
    )
    assert ["floor of cnn" in names for names in marked] == [True, False]


def test_regions_are_those_of_the_chosen_curve(lines, analysis):
    found = regions(analysis.table, lines)
    assert found["region"].tolist() == ["power law", "forecast"]
    assert found["end"].iloc[0] == found["start"].iloc[1] == SIZES[-1]


def test_the_spread_is_one_standard_error_and_stays_above_0():
    points = pd.DataFrame(
        {
            "architecture": "cnn",
            "n": [1, 1, 2],
            "value": [1.0, 3.0, 1.0],
            "se": [0.5, 0.5, 5.0],
        }
    )
    found = spread(points)
    assert found["low"].tolist() == [1.5, 0.1]
    assert found["high"].tolist() == [2.5, 6.0]
    assert spread(points.drop(columns="se")).empty


def test_untuned_is_a_thin_dotted_line(analysis, lines):
    chart = learning_curves(
        analysis.table, Lines(lines.laws, lines.forecasts, untuned=analysis.table)
    )
    thin = [layer for layer in layers(chart, "line") if layer["mark"].get("strokeWidth") == 1]
    assert thin[0]["mark"]["strokeDash"] == [2, 3]


def test_histories_are_drawn_with_the_training_loss_thin():
    rows = pd.DataFrame(
        {"name": "a", "step": [1, 2], "val_loss": [1.0, 0.5], "train_loss": [1.0, np.nan]}
    )
    assert len(layers(steps(rows), "line")) == 2


@pytest.mark.parametrize(
    "theme", [Theme("en"), Theme("zh", dark=True)], ids=["english, light", "chinese, dark"]
)
def test_every_chart_of_the_report_can_be_drawn(analysis, theme):
    for part in PARTS:
        for section in part.sections(analysis, Question()):
            if section.chart is not None:
                assert b"<svg" in picture(section.chart(theme=theme), "svg"), section.title
                assert section.table is not None, (
                    section.title
                )  # its numbers for who cannot see it


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2, relative luminance and contrast ratio."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", PAGES)
def test_colours_and_labels_stand_out_on_the_page(page):
    assert [
        colour for colour in COLOURS if contrast(colour, PAGES[page]) < 3
    ] == []  # graphics, AA
    assert contrast(INK[page == "dark"], PAGES[page]) >= 4.5  # text, AA
    assert len(set(COLOURS)) == len(COLOURS) == len(set(SHAPES))


def test_an_architecture_looks_the_same_whichever_others_are_drawn_and_none_looks_like_it():
    def looks(*names):
        return dict(
            zip(
                names,
                zip(
                    *(
                        get(names).to_dict()["scale"]["range"]
                        for get in (Theme().colour, Theme().shape)
                    )
                ),
            )
        )

    everything = looks("cnn", "forest", "linear", "mlp", "mine", "resnet", "theirs")
    assert looks("cnn", "forest", "mlp") == {
        name: everything[name] for name in ("cnn", "forest", "mlp")
    }
    assert (
        looks("mine", "yours")["mine"] == looks("cnn", "mlp")["cnn"]
    )  # strangers alone begin with the strongest
    for part in zip(*everything.values()):
        assert len(set(part)) == len(everything)
