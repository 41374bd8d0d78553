"""The notebook's claim: without tuning the curve bends, and tuning straightens it. Does it?"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.comparison.compare import compare
from analysis.report.chart_lines import Lines
from analysis.report.charts import learning_curves
from analysis.report.comparison_words import tuning_words
from analysis.selection import best_runs, points, untuned
from benchmarks.results_choices import MEASURES, law_of, span
from benchmarks.results_tables import NOT_YET, Parts, bullets, draw, markdown
from tracking.runs import is_replica
from tracking.study import Study

# curve -> study, and whether only sample 0 counts
CURVES = {
    "notebook's net, untuned": ("cifar10-untuned", True),
    "notebook's space, tuned": ("cifar10-notebook", False),
    "our space, untuned": ("cifar10-ours", True),
    "our space, tuned": ("cifar10-ours", False),
}
PUBLISHED = {  # the 2019 notebook: images drawn with replacement -> tuned validation accuracy
    200: 0.20,
    400: 0.28,
    800: 0.29,
    1600: 0.43,
    3200: 0.42,
    6400: 0.51,
    12_800: 0.60,
    25_600: 0.63,
    40_000: 0.65,
}
POOL = 40_000  # images it drew from
# The untuned net as the first study of 2026 had it, ended by 10,000 steps or a patience of
# 1,000, at SIZES: the bend that was published, and is the budget's.
ENDED = "notebook's net, ended by its budget"
SIZES = (160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 32_000)
BOUND = {
    "loss": (2.2539, 2.1783, 1.9503, 1.8211, 1.6143, 1.4804, 1.3767, 1.3438, 1.2748),
    "error": (0.8353, 0.7998, 0.6859, 0.6292, 0.5719, 0.5163, 0.4945, 0.4837, 0.4589),
}
CONFIDENCE = 0.9


def claim(studies: dict[str, Study]) -> Parts:
    """Accuracy beside the notebook's, how straight each curve is, and what tuning is worth."""
    tables = {measure: curves(studies, measure) for measure in MEASURES}
    errors = tables["error"]
    if errors.empty:
        for name in ("accuracy", "straightness", "worth"):
            yield name, NOT_YET
        return
    yield "accuracy", accuracies(errors)
    rows = [
        straightness(str(name), curve, measure)
        for measure, table in tables.items()
        for name, curve in table.groupby("architecture", sort=False)
    ]
    yield "straightness", markdown(pd.DataFrame(rows))
    lines = [line for measure in MEASURES for line in tuning(studies, measure)]
    yield "worth", bullets(lines) if lines else NOT_YET
    laws = {str(name): law_of(curve) for name, curve in errors.groupby("architecture")}
    draw(learning_curves(errors, Lines(laws, {}), "error"), "notebook")


def curves(studies: dict[str, Study], measure: str) -> pd.DataFrame:
    """Points of the curves whose studies there are; `architecture` is the curve's name."""
    found = [pd.DataFrame(columns=["architecture"])]
    for name, (study, only_default) in CURVES.items():
        if study not in studies:
            continue
        runs = studies[study].runs
        assert runs is not None
        runs = runs[~is_replica(runs)]
        best = best_runs(untuned(runs) if only_default else runs)
        found.append(points(best, measure).assign(architecture=name))
        if study == "cifar10-untuned":
            found.append(ended_by_budget(found[-1], measure))
    return pd.concat(found[1:] or found, ignore_index=True)


def ended_by_budget(curve: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The published points of the net of this curve, one data seed."""
    first = curve[curve["data_seed"] == 0].sort_values("n")
    assert tuple(first["n"]) == SIZES, "not at the sizes of the first study"
    unknown = {"se": np.nan, "test_se": np.nan}
    return first.assign(value=BOUND[measure], architecture=ENDED, **unknown)


def tuning(studies: dict[str, Study], measure: str) -> Iterator[str]:
    """What tuning is worth in each space."""
    for name in ("cifar10-notebook", "cifar10-ours"):
        if name in studies:
            found = compare(None, runs=studies[name].runs, measure=measure)
            for one in found.tuning:
                yield f"{name}, by the {measure}: {tuning_words(found, one)}"


def accuracies(table: pd.DataFrame) -> str:
    """Beside those of the notebook, at the number of distinct images it will have had."""
    means = table.groupby(["n", "architecture"], sort=False)["value"].mean()
    wide = (1 - means).unstack("architecture")[list(table["architecture"].unique())]
    wide = wide.sort_index()
    distinct = pd.Series(
        {round(POOL * (1 - (1 - 1 / POOL) ** n)): one for n, one in PUBLISHED.items()}
    )
    published = []
    for n in wide.index:
        near = distinct[distinct.index >= n]
        published.append(near.iloc[0] if len(near) else np.nan)
    wide["the notebook, 2019"] = published
    shown = wide.map(lambda one: "–" if np.isnan(one) else f"{one:.1%}").reset_index()
    return markdown(shown.assign(n=[f"{n:,.0f}" for n in shown["n"]]))


def straightness(name: str, curve: pd.DataFrame, measure: str) -> dict[str, str | int]:
    """How far a curve is from a straight line in log-log axes, and which way it bends."""
    means = curve.groupby("n")["value"].mean()
    x = np.log(means.index.to_numpy(dtype=float))
    y = np.log(means.to_numpy())
    slope, start = np.polyfit(x, y, 1)
    scatter = np.sqrt(np.mean((y - slope * x - start) ** 2))
    gained, half = steepening(x, y)
    ends = f"[{gained - half:+.3f}, {gained + half:+.3f}]"
    law = law_of(curve)
    return {
        "curve": f"{name}, {measure}",
        "data seeds": curve["data_seed"].nunique(),
        "straight line misses by (rms)": f"{np.expm1(scatter):.1%}",
        "slope, first to last": f"{-slope:.3f}",
        "slope gained on the way": f"{gained:+.3f} {ends}",
        "bends": _bend(gained, half),
        "sizes in the law": law.points,
        "its exponent b": span(law, "b"),
        "its floor c": span(law, "c"),
    }


def steepening(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """How much steeper the last size is than the first, and half of its interval.

    By a parabola in ln n and ln value, its scatter the error (Student's t).
    """
    design = np.stack([np.ones_like(x), x, x**2], axis=1)
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    free = len(x) - 3
    variance = ((y - design @ found) ** 2).sum() / free
    error = np.sqrt(variance * np.linalg.inv(design.T @ design)[2, 2])
    reach = 2 * (x[-1] - x[0])
    half = student.ppf(0.5 + CONFIDENCE / 2, free) * error * reach
    return float(-found[2] * reach), float(half)


def _bend(gained: float, half: float) -> str:
    if abs(gained) <= half:
        return "not shown"
    return "down: more data help more" if gained > 0 else "up: it flattens"
