"""What each real study says: laws, comparison, forecasts made before training, decision."""

import numpy as np
import pandas as pd

from analysis import fit_power_law, forecast
from analysis.comparison.compare import Comparison
from analysis.report.chart_lines import Lines
from analysis.report.charts import learning_curves
from analysis.report.comparison_sections import summary
from analysis.report.comparison_words import switch_words, tuning_words
from analysis.report.decision_sections import decision_sections
from analysis.report.headline import headline
from analysis.report.numbers import in_units
from analysis.report.plan_words import break_even_words
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import best_runs, datasets, points
from benchmarks.results_tables import Parts, bullets, draw, markdown
from tracking.schema import MEASURES
from tracking.study import Study

QUESTION = Question()
CONFIDENCE = QUESTION.confidence
BY = "architecture"


def dataset(study: Study) -> Parts:
    by = {one: StudyAnalysis(study, datasets(study)[0], one) for one in MEASURES}
    analysis = by["loss"]
    draw(curve_sections(analysis, QUESTION)[0].chart(), study.name)
    yield "laws", markdown(laws(analysis))
    yield "comparison", bullets(compared(analysis))
    logged = analysis.diagnosis(CONFIDENCE).held_out
    if logged["measured"].notna().any():
        yield "foretold", scores(by)
        draw_logged(analysis, logged)
    yield from decision(analysis)


def laws(analysis: StudyAnalysis) -> pd.DataFrame:
    rows = []
    for found in analysis.conclusions(CONFIDENCE):
        law = found.law
        values = {
            "architecture": found.architecture,
            "sizes": found.sizes,
            "of them in the law": 0,
            "largest n": f"{found.largest_n:,.0f}",
            "test loss": f"{found.loss:.3f}",
            "test error": f"{found.error:.1%}",
        }
        if law:
            n = analysis.curves[found.architecture]["n"]
            values["of them in the law"] = n[n >= law.n_min].nunique()
            values["exponent b"] = f"{law.b:.3f} [{law.b_low:.3f}, {law.b_high:.3f}]"
            values["floor c"] = f"{law.c:.3f} [{law.c_low:.3f}, {law.c_high:.3f}]"
        rows.append(values)
    return pd.DataFrame(rows).fillna("–")


def compared(analysis: StudyAnalysis) -> list[str]:
    found = analysis.comparison(CONFIDENCE)
    lines = [*summary(found).lines]
    if found.exponents.tested:
        lines.append(f"test of one exponent: p = {found.exponents.p:.3g}")
    return lines


# --- forecasts made before training ----------------------------------------------------------


def scores(by: dict[str, StudyAnalysis]) -> str:
    """What was logged before training, what was measured, and what a law alone would say."""
    lines = []
    tables = []
    for measure, analysis in by.items():
        known = _measured(analysis)
        alone = np.concatenate(
            [_law_alone(analysis, str(name), part) for name, part in known.groupby(BY)]
        )
        of_law = known["measured"] / alone - 1
        lines.append(_score(measure, known, of_law))
        tables.append(_beside(measure, known, of_law))
    names = pd.DataFrame(  # the same for both measures
        {
            "architecture": known[BY],
            "n": known["n"].map("{:,}".format),
            "from": known["from_n"].map("{:,}".format),
        }
    )
    table = pd.concat([names.reset_index(drop=True), *tables], axis=1)
    return " ".join(lines) + "\n\n" + markdown(table)


def _measured(analysis: StudyAnalysis) -> pd.DataFrame:
    logged = analysis.diagnosis(CONFIDENCE).held_out
    return logged[logged["measured"].notna()].sort_values([BY, "n"])


def _score(measure: str, known: pd.DataFrame, of_law: pd.Series) -> str:
    typical = " and ".join(f"{np.abs(miss).mean():.1%}" for miss in (known["miss"], of_law))
    return (
        f"By the {measure}, {int(known['inside'].sum())} of {len(known)} measurements inside "
        "their 90 % intervals; mean miss of the forecast and of a power law alone: "
        f"{typical}."
    )


def _beside(measure: str, known: pd.DataFrame, of_law: pd.Series) -> pd.DataFrame:
    rows = []
    for row, miss in zip(known.itertuples(), of_law):
        low = in_units(row.low, measure)
        high = in_units(row.high, measure)
        measured = in_units(row.measured, measure)
        rows.append(
            {
                f"{measure} predicted": f"{in_units(row.predicted, measure)} [{low}, {high}]",
                "measured": measured if row.inside else f"**{measured}**",
                "miss": f"{row.miss:+.1%}",
                "law alone": f"{miss:+.1%}",
            }
        )
    return pd.DataFrame(rows)


def _law_alone(analysis: StudyAnalysis, name: str, part: pd.DataFrame) -> np.ndarray:
    seen = seen_then(analysis, name, part)
    return fit_power_law(seen["n"], seen["value"])(part["n"].to_numpy())


def seen_then(analysis: StudyAnalysis, name: str, logged: pd.DataFrame) -> pd.DataFrame:
    """The points of an architecture that had been measured when its forecasts were made."""
    runs = analysis.runs[analysis.runs[BY] == name]
    runs = runs[runs["n_train"] <= logged["from_n"].max()]
    runs = runs[runs["started"] < pd.Timestamp(logged["made"].min())]
    return points(best_runs(runs), analysis.measure)


def draw_logged(analysis: StudyAnalysis, logged: pd.DataFrame) -> None:
    """Laws and forecasts as they were then; of the rest, what came after it."""
    laws = {}
    forecasts = {}
    shown = []
    known = logged[logged["measured"].notna()]
    for name, part in known.groupby(BY):
        seen = seen_then(analysis, str(name), part)
        curve = analysis.curves[str(name)]
        shown += [seen, curve[curve["n"] > part["from_n"].max()]]
        laws[str(name)] = fit_power_law(seen["n"], seen["value"])
        found = forecast(seen["n"], seen["value"], part["n"])
        assert np.allclose(found.median, part["predicted"], rtol=0.01), "not as it was logged"
        forecasts[str(name)] = found
    beyond = (known["n"] / known["from_n"]).max()
    lines = Lines(laws, forecasts, chosen=analysis.names[0], beyond=beyond)
    chart = learning_curves(pd.concat(shown, ignore_index=True), lines, analysis.measure)
    draw(chart, f"{analysis.study.name}-foretold")


# --- engineers or data -----------------------------------------------------------------------


def decision(analysis: StudyAnalysis) -> Parts:
    answer = headline(analysis, QUESTION)
    sections = decision_sections(analysis, QUESTION)
    said = filter(None, (answer.sentence, answer.trust, *answer.money, answer.surer))
    paragraphs = ["\n>\n".join(f"> {line}" for line in said)]
    if answer.grade != "cannot say":
        paragraphs.append(markdown(sections[0].table.drop(columns="because")))
    prices = break_even_words(analysis.break_even(QUESTION))
    paragraphs.append(bullets([*multipliers(analysis), *prices]))
    yield "decision", "\n\n".join(paragraphs)
    for section in sections:
        if section.command:
            yield "next", f"```\n{section.command}\n```"


def multipliers(analysis: StudyAnalysis) -> list[str]:
    """What the first architecture is worth next to the best, and what tuning it is."""
    found = analysis.comparison(CONFIDENCE)
    first = analysis.names[0]
    best = found.best
    lines = []
    for other in found.winners.columns:
        if other != best and first in (other, best) and _says(found, other, best):
            lines.append(switch_words(found, other, best))
    tuned = found.tuning.get(first)
    if tuned is not None and _known(tuned):
        lines.append(tuning_words(found, first))
    return lines


def _says(found: Comparison, a: str, b: str) -> bool:
    whole = found.endless(a, b) or found.constant(a, b)
    return whole or _known(found.data_multipliers[a, b])


def _known(multiplier) -> bool:
    """Whether it can be said at any of its sizes."""
    bounded = (multiplier.low > 0) | np.isfinite(multiplier.high)
    said = [grade != "cannot say" for grade in multiplier.grade]
    return bool((bounded & np.array(said)).any())
