"""The notebook's claim: an untuned curve is no straight line, and what tuning is worth."""

import numpy as np
import pandas as pd

from analysis import fit_power_law
from analysis.comparison.compare import compare
from analysis.report.chart_lines import Lines
from analysis.report.charts import learning_curves
from analysis.report.comparison_words import tuning_words
from analysis.selection import best_runs, points, untuned
from benchmarks.results_tables import Parts, draw, markdown
from tracking.runs import is_replica
from tracking.schema import MEASURES
from tracking.study import Study

SPACES = {"cifar10-notebook": "notebook's space", "cifar10": "our space"}
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


def claim(studies: dict[str, Study]) -> Parts:
    tables = {measure: curves(studies, measure) for measure in reversed(MEASURES)}
    yield "accuracy", accuracies(tables["error"])
    rows = [
        straightness(str(name), curve, measure)
        for measure, table in tables.items()
        for name, curve in table.groupby("architecture")
    ]
    yield "straightness", markdown(pd.DataFrame(rows))
    yield "worth", "\n".join(line for one in tables for line in tuning(studies, one))
    errors = tables["error"]
    laws = {
        str(name): fit_power_law(curve["n"], curve["value"])
        for name, curve in errors.groupby("architecture")
    }
    draw(learning_curves(errors, Lines(laws, {}), "error"), "notebook")


def same_images(study: Study) -> pd.DataFrame:
    """Runs of the CNN in both spaces on the same images."""
    runs = study.runs.query("architecture == 'cnn'")
    return runs[~is_replica(runs)]


def curves(studies: dict[str, Study], measure: str) -> pd.DataFrame:
    """Points of the tuned and the untuned curve in each space."""
    found = []
    for name, space in SPACES.items():
        runs = same_images(studies[name])
        for kind, part in (("tuned", runs), ("untuned", untuned(runs))):
            table = points(best_runs(part), measure)
            found.append(table.assign(architecture=f"{space}, {kind}"))
    return pd.concat(found, ignore_index=True)


def tuning(studies: dict[str, Study], measure: str) -> list[str]:
    """What tuning is worth in each space."""
    lines = []
    for name, space in SPACES.items():
        found = compare(None, runs=same_images(studies[name]), measure=measure)
        for one in found.tuning:
            lines.append(f"- {space}, by the {measure}: {tuning_words(found, one)}")
    return lines


def accuracies(table: pd.DataFrame) -> str:
    """Beside those of the notebook, at the number of distinct images it will have had."""
    wide = 1 - table.pivot(index="n", columns="architecture", values="value")
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
    """How far a curve is from a straight line in log-log axes, and its exponents there."""
    x = np.log(curve["n"].to_numpy())
    y = np.log(curve["value"].to_numpy())
    slope, start = np.polyfit(x, y, 1)
    scatter = np.sqrt(np.mean((y - slope * x - start) ** 2))
    half = len(x) // 2
    early = -np.polyfit(x[: half + 1], y[: half + 1], 1)[0]
    late = -np.polyfit(x[half:], y[half:], 1)[0]
    law = fit_power_law(curve["n"], curve["value"])
    return {
        "curve": f"{name}, {measure}",
        "straight line misses by (rms)": f"{np.expm1(scatter):.1%}",
        "R²": f"{1 - scatter**2 / np.var(y):.3f}",
        "slope, smaller half": f"{early:.3f}",
        "larger half": f"{late:.3f}",
        "sizes in the law": law.points,
        "its exponent b": f"{law.b:.3f} [{law.b_low:.3f}, {law.b_high:.3f}]",
        "its floor c": f"{law.c:.2f} [{law.c_low:.2f}, {law.c_high:.2f}]",
    }
