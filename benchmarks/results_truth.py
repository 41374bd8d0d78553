"""Forecasts from a small part of a pool that theory describes, beside theory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis import PowerLaw, fit_power_law, forecast
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from benchmarks.results_tables import Parts, draw, markdown
from experiments.tasks import synthetic
from tracking.study import Study

SHARES = (0.01, 0.05)  # of the teacher's pool that the forecasts see


def truth(study: Study) -> Parts:
    teacher = study.name.removeprefix("teacher-")
    analysis = StudyAnalysis(study, datasets(study)[0])
    draw(curve_sections(analysis, Question())[0].chart(), study.name)
    curve = analysis.table.astype({"n": int}).sort_values("n")  # of the one student
    means = curve.groupby("n", as_index=False)["value"].mean()  # over data seeds
    floor = teacher_loss(teacher)
    excess = getattr(synthetic, f"{teacher}_excess")
    guess = analysis.best_guess
    law = law_of(curve, guess)
    over = means.assign(excess=means["value"] - floor).query("excess > 0")
    exponents = markdown(local_exponents(over))
    yield "law", "\n\n".join([in_words(law), *bound(study, curve, guess), exponents])
    pool = study.runs["pool"].iloc[0]
    for share in SHARES:
        seen = curve[curve["n"] <= share * pool]
        later = means[means["n"] > share * pool]
        yield f"from {share:.0%}", predicted(seen, later, guess, lambda n: floor + excess(n))


def law_of(curve: pd.DataFrame, guess: float | None) -> PowerLaw:
    seeds = curve["data_seed"]
    return fit_power_law(curve["n"], curve["value"], best_guess=guess, data_seed=seeds)


def bound(study: Study, curve: pd.DataFrame, guess: float | None) -> Iterator[str]:
    """The law with the winners that met the ceiling of steps, where the curve lacks some."""
    assert study.runs is not None
    counted = replace(study, runs=study.runs.assign(budget_bound="false"))
    whole = StudyAnalysis(counted, datasets(study)[0]).table
    if len(whole) > len(curve):
        law = in_words(law_of(whole, guess))
        yield f"with the winners that met the ceiling of steps: {law}"


def in_words(law: PowerLaw) -> str:
    return (
        f"student, from {law.n_min:,.0f} images on: "
        f"floor {law.c:.4f} [{law.c_low:.4f}, {law.c_high:.4f}], "
        f"exponent {law.b:.2f} [{law.b_low:.2f}, {law.b_high:.2f}]"
    )


def predicted(
    seen: pd.DataFrame, later: pd.DataFrame, guess: float | None, theory: Callable
) -> str:
    found = forecast(seen["n"], seen["value"], later["n"], best_guess=guess)
    ends = zip(found.low, found.high)
    inside = later["value"].between(found.low, found.high)
    rows = pd.DataFrame(
        {
            "n": later["n"].map("{:,}".format),
            "times": (later["n"] / seen["n"].max()).map("{:.0f}×".format),
            "predicted": [f"{one:.4f}" for one in found.median],
            "between": [f"{low:.4f} to {high:.4f}" for low, high in ends],
            "measured": later["value"].map("{:.4f}".format),
            "theory": [f"{one:.4f}" for one in theory(later["n"])],
            "inside": np.where(inside, "yes", "**no**"),
        }
    )
    grade = f"(trust: {found.grade})"
    head = f"student, forecast from sizes up to n = {seen['n'].max():,} {grade}:"
    return f"{head}\n\n{markdown(rows)}"


def local_exponents(curve: pd.DataFrame) -> pd.DataFrame:
    slopes = -np.diff(np.log(curve["excess"])) / np.diff(np.log(curve["n"]))
    between = [f"{a:,} to {b:,}" for a, b in pairwise(curve["n"])]
    row = pd.DataFrame([[f"{slope:.2f}" for slope in slopes]], columns=between)
    name = "exponent of the excess over the teacher's loss"
    return row.set_axis([name]).reset_index(names="from n")


def teacher_loss(name: str) -> float:
    """Mean cross-entropy in nats of a teacher's own probabilities for its test labels."""
    logits = getattr(synthetic, f"{name}_logits", None)
    if logits is None:
        return 0.0  # its labels are certain
    *_, images, labels = getattr(synthetic, name)()
    z = logits(images)
    return float(np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), labels]))
