"""The tables and figures of docs/results.md, from the exported real studies: python benchmarks/results.py

app/example holds what `python -m analysis.export --study NAME --to app/example` wrote. Draws docs/*.png, and writes
anew what stands between <!-- NAME --> and <!-- end --> on the page. It says which parts changed: the words around those
are written by hand and have to be read again.
"""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis import fit_power_law, forecast
from analysis.compare import compare
from analysis.evidence import Evidence, Question
from analysis.export import exports, read_export
from analysis.presentation.charts import Lines, learning_curves
from analysis.presentation.comparison_sections import summary
from analysis.presentation.decision_sections import decision_sections
from analysis.presentation.headline import headline
from analysis.presentation.look import picture
from analysis.presentation.sections import curves
from analysis.presentation.wording import value
from analysis.runs import best_runs, is_replica, points, untuned
from analysis.study import METRICS

ROOT = Path(__file__).parents[1]
EXAMPLES, PAGE = ROOT / "app" / "example", ROOT / "docs" / "results.md"
DATASETS = "fashion_mnist", "digits", "cifar10", "cifar10-five"
SPACES = {"cifar10-notebook": "notebook's space", "cifar10": "our space"}
PUBLISHED = {  # the 2019 notebook: images drawn with replacement -> tuned validation accuracy
    200: 0.20, 400: 0.28, 800: 0.29, 1600: 0.43, 3200: 0.42, 6400: 0.51, 12_800: 0.60, 25_600: 0.63, 40_000: 0.65,
}  # fmt: skip
POOL = 40_000  # images it drew from
FIRST_CUT = 4  # sizes that a forecast sees at least
SHARES = 0.01, 0.05  # of the teacher's pool that the forecasts see

Parts = Iterator[tuple[str, str]]  # name and Markdown


def markdown(table: pd.DataFrame) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def bullets(lines) -> str:
    return "\n".join(f"- {line}" for line in lines)


def draw(chart, name: str) -> None:
    (ROOT / "docs" / f"{name}.png").write_bytes(picture(chart, "png"))


# --- 1: the notebook's claim -----------------------------------------------------------------------


def claim(studies: dict) -> Parts:
    tables, worths = {}, []
    for metric in reversed(METRICS):
        parts = []
        for name, space in SPACES.items():
            runs = studies[name].runs.query("architecture == 'cnn'")
            runs = runs[~is_replica(runs)]  # the two spaces on the same images
            for kind, part in (("tuned", runs), ("untuned", untuned(runs))):
                parts.append(points(best_runs(part), metric).assign(architecture=f"{space}, {kind}"))
            said = compare(None, runs=runs, metric=metric).words
            worths += [f"- {space}, by the {metric}: {line}" for line in said if line.startswith("tuning")]
        tables[metric] = pd.concat(parts, ignore_index=True)
    table = tables["error"]
    wide = 1 - table.pivot(index="n", columns="architecture", values="loss")
    distinct = pd.Series({round(POOL * (1 - (1 - 1 / POOL) ** n)): accuracy for n, accuracy in PUBLISHED.items()})
    wide["the notebook, 2019"] = [
        distinct[distinct.index >= n].iloc[0] if (distinct.index >= n).any() else np.nan for n in wide.index
    ]
    shown = wide.map(lambda accuracy: f"{accuracy:.1%}" if accuracy == accuracy else "–").reset_index()
    yield "accuracy", markdown(shown.assign(n=[f"{n:,.0f}" for n in shown["n"]]))
    rows = [straightness(*group, metric) for metric, each in tables.items() for group in each.groupby("architecture")]
    yield "straightness", markdown(pd.DataFrame(rows))
    yield "worth", "\n".join(worths)
    laws = {name: fit_power_law(curve["n"], curve["loss"]) for name, curve in table.groupby("architecture")}
    draw(learning_curves(table, Lines(laws, {}), "error"), "notebook")


def straightness(name: str, curve: pd.DataFrame, metric: str) -> dict:
    """How far a curve is from a straight line in log-log axes, and its exponents early and late."""
    x, y = np.log(curve["n"].to_numpy()), np.log(curve["loss"].to_numpy())
    slope, start = np.polyfit(x, y, 1)
    scatter = np.sqrt(np.mean((y - slope * x - start) ** 2))
    half = len(x) // 2
    early, late = (-np.polyfit(x[part], y[part], 1)[0] for part in (slice(None, half + 1), slice(half, None)))
    law = fit_power_law(curve["n"], curve["loss"])
    return {
        "curve": f"{name}, {metric}",
        "straight line misses by (rms)": f"{np.expm1(scatter):.1%}",
        "R²": f"{1 - scatter**2 / np.var(y):.3f}",
        "slope, smaller half": f"{early:.3f}",
        "larger half": f"{late:.3f}",
        "sizes in the law": law.points,
        "its exponent b": f"{law.b:.3f} [{law.b_low:.3f}, {law.b_high:.3f}]",
        "its floor c": f"{law.c:.2f} [{law.c_low:.2f}, {law.c_high:.2f}]",
    }


# --- 2 to 4: each dataset --------------------------------------------------------------------------


def dataset(study) -> Parts:
    evidence, question = Evidence(study, study.datasets[0], "loss"), Question()
    draw(curves(evidence, question).chart(), study.name)
    yield "laws", markdown(laws(evidence, question))
    comparison = evidence.comparison(question.confidence)
    lines, test = list(summary(comparison).lines), comparison.exponents
    lines += [f"test of one exponent: p = {test.p:.3g}"] if test.p == test.p else []
    yield "comparison", bullets(lines)
    if (told := evidence.diagnosis(question.confidence).held_out)["measured"].notna().any():
        by = {metric: Evidence(study, study.datasets[0], metric) for metric in METRICS}
        yield "foretold", held_out(by, question.confidence)
        foretold(evidence, told)
    yield from decision(evidence, question)


def laws(evidence: Evidence, question: Question) -> pd.DataFrame:
    rows = []
    for found in evidence.conclusions(question.confidence):
        law = found.law
        values = {"architecture": found.architecture, "sizes": found.sizes, "of them in the law": 0}
        values |= {"largest n": f"{found.largest_n:,.0f}"}
        values |= {"test loss": f"{found.loss:.3f}", "test error": f"{found.error:.1%}"}
        if law:
            n = evidence.table.query(f"architecture == {found.architecture!r}")["n"]
            values |= {"of them in the law": n[n >= law.n_min].nunique()}
            values |= {"exponent b": f"{law.b:.3f} [{law.b_low:.3f}, {law.b_high:.3f}]"}
            values |= {"floor c": f"{law.c:.3f} [{law.c_low:.3f}, {law.c_high:.3f}]"}
        rows.append(values)
    return pd.DataFrame(rows).fillna("–")


def held_out(by: dict[str, Evidence], confidence: float) -> str:
    """What was logged before training, what was measured, and what a power law through the same points would say."""
    scores, parts = [], []
    for metric, evidence in by.items():
        told = evidence.diagnosis(confidence).held_out
        known = told[told["measured"].notna()].sort_values(["architecture", "n"])
        alone = np.concatenate([_law_alone(evidence, *group) for group in known.groupby("architecture")])
        misses = known["miss"], known["measured"] / alone - 1
        typical = " and ".join(f"{np.abs(miss).mean():.1%}" for miss in misses)
        scores.append(
            f"By the {metric}, {int(known['inside'].sum())} of {len(known)} measurements inside their 90 % "
            f"intervals; mean miss of the forecast and of a power law alone: {typical}."
        )
        predicted, low, high, measured = (
            [value(number, metric) for number in known[name]] for name in ("predicted", "low", "high", "measured")
        )
        parts.append(pd.DataFrame({
            f"{metric} predicted": [f"{middle} [{least}, {most}]" for middle, least, most in zip(predicted, low, high)],
            "measured": [text if inside else f"**{text}**" for text, inside in zip(measured, known["inside"])],
            "miss": [f"{miss:+.1%}" for miss in misses[0]],
            "law alone": [f"{miss:+.1%}" for miss in misses[1]],
        }))  # fmt: skip
    cells = zip(known["architecture"], known["n"].map("{:,}".format), known["from_n"].map("{:,}".format))
    names = pd.DataFrame(cells, columns=["architecture", "n", "from"])  # the same for both metrics
    return " ".join(scores) + "\n\n" + markdown(pd.concat([names, *parts], axis=1))


def _law_alone(evidence: Evidence, name: str, part: pd.DataFrame) -> np.ndarray:
    seen = seen_then(evidence, name, part)
    return fit_power_law(seen["n"], seen["loss"])(part["n"].to_numpy())


def seen_then(evidence: Evidence, name: str, told: pd.DataFrame) -> pd.DataFrame:
    """The points of an architecture that had been measured when its forecasts were made."""
    runs = evidence.runs.query(f"architecture == {name!r} and n_train <= {told['from_n'].max()}")
    return points(best_runs(runs[runs["started"] < pd.Timestamp(told["made"].min())]), evidence.metric)


def foretold(evidence: Evidence, told: pd.DataFrame) -> None:
    """Laws and forecasts of what had been measured when the forecasts were made; of the rest, what came after it."""
    table, laws, forecasts, shown = evidence.table, {}, {}, []
    known = told[told["measured"].notna()]
    for name, part in known.groupby("architecture"):
        seen = seen_then(evidence, name, part)
        later = table[(table["architecture"] == name) & (table["n"] > part["from_n"].max())]
        shown += [seen, later]
        laws[name] = fit_power_law(seen["n"], seen["loss"])
        forecasts[name] = forecast(seen["n"], seen["loss"], part["n"])
        assert np.allclose(forecasts[name].median, part["predicted"], rtol=0.01)  # as it was logged then
    metric, beyond = evidence.metric, (known["n"] / known["from_n"]).max()
    lines = Lines(laws, forecasts, chosen=evidence.names[0], beyond=beyond)
    draw(learning_curves(pd.concat(shown, ignore_index=True), lines, metric), f"{evidence.study.name}-foretold")


def decision(evidence: Evidence, question: Question) -> Parts:
    answer, sections = headline(evidence, question), decision_sections(evidence, question)
    said = [line for line in (answer.sentence, answer.trust, *answer.money, answer.surer) if line]
    parts = ["\n>\n".join(f"> {line}" for line in said)]
    if answer.grade != "cannot say":
        parts.append(markdown(sections[0].table.drop(columns="because")))
    words = evidence.comparison(question.confidence).words
    worth = [line for line in words if " is worth " in line or "makes up for" in line]
    worth = [line for line in worth if evidence.names[0] in line and line.count("cannot say") < 3]
    yield "decision", "\n\n".join([*parts, bullets([*worth, *evidence.break_even(question).words])])
    for section in sections:
        if section.command:
            yield "next", f"```\n{section.command}\n```"


def continued(study, metric: str) -> pd.DataFrame:
    """All curves of a study, tuned and untuned, cut at each size from the fourth on and continued to the later ones."""
    rows = []
    for runs in (study.runs, untuned(study.runs)):
        for _, curve in points(best_runs(runs), metric).groupby("architecture"):
            means = curve.groupby("n", as_index=False)["loss"].mean()  # over data seeds
            for cut in range(FIRST_CUT, len(means)):
                seen, later = means[:cut], means[cut:]
                told = forecast(seen["n"], seen["loss"], later["n"])
                law = fit_power_law(seen["n"], seen["loss"])(later["n"].to_numpy())
                loss = later["loss"].to_numpy()
                inside = (told.low <= loss) & (loss <= told.high)
                rows += zip(np.log(loss / told.median), np.log(loss / law), inside, np.log(told.high / told.low))
    return pd.DataFrame(rows, columns=["ours", "law", "inside", "width"])


def all_continued(studies: dict) -> str:
    rows = []
    for name in (*DATASETS, "cifar10-notebook"):
        for metric in METRICS if name in studies else ():
            table = continued(studies[name], metric)
            rows.append({
                "study": name, "by": metric, "forecasts": len(table),
                "ours misses by (rms)": f"{np.expm1(np.sqrt((table['ours'] ** 2).mean())):.1%}",
                "a power law alone": f"{np.expm1(np.sqrt((table['law'] ** 2).mean())):.1%}",
                "inside 90 %": f"{table['inside'].mean():.0%}",
                "median high / low": f"{np.exp(table['width'].median()):.2f}",
            })  # fmt: skip
    return markdown(pd.DataFrame(rows))


# --- 5: known truth --------------------------------------------------------------------------------


def truth(study) -> Parts:
    """Forecasts from 1 % of a pool that theory describes, beside theory and what was measured up to all of it."""
    from experiments import teachers

    table = study.points(study.datasets[0], "loss")
    pool = study.runs["pool"].iloc[0]
    teacher = study.name.removeprefix("teacher-")
    floor, excess = teacher_loss(teacher), getattr(teachers, f"{teacher}_excess")
    draw(curves(Evidence(study, study.datasets[0]), Question()).chart(), study.name)
    curve = table.astype({"n": int}).sort_values("n")  # of the one student
    law = fit_power_law(curve["n"], curve["loss"], data_seed=curve["data_seed"])
    means = curve.groupby("n", as_index=False)["loss"].mean()  # over data seeds
    exponents = local_exponents(means.assign(excess=means["loss"] - floor).query("excess > 0"))
    said = (
        f"student, from {law.n_min:,.0f} images on: floor {law.c:.4f} [{law.c_low:.4f}, {law.c_high:.4f}], "
        f"exponent {law.b:.2f} [{law.b_low:.2f}, {law.b_high:.2f}]"
    )
    yield "law", f"{said}\n\n{markdown(exponents)}"
    for share in SHARES:
        seen, later = curve[curve["n"] <= share * pool], means[means["n"] > share * pool]
        told = forecast(seen["n"], seen["loss"], later["n"])
        rows = pd.DataFrame({
            "n": later["n"].map("{:,}".format),
            "times": (later["n"] / seen["n"].max()).map("{:.0f}×".format),
            "predicted": [f"{value:.4f}" for value in told.median],
            "between": [f"{low:.4f} to {high:.4f}" for low, high in zip(told.low, told.high)],
            "measured": later["loss"].map("{:.4f}".format),
            "theory": [f"{floor + value:.4f}" for value in excess(later["n"])],
            "inside": np.where(later["loss"].between(told.low, told.high), "yes", "**no**"),
        })  # fmt: skip
        grade = f"student, forecast from sizes up to n = {seen['n'].max():,} (trust: {told.grade}):"
        yield f"from {share:.0%}", f"{grade}\n\n{markdown(rows)}"


def local_exponents(curve: pd.DataFrame) -> pd.DataFrame:
    slopes = -np.diff(np.log(curve["excess"])) / np.diff(np.log(curve["n"]))
    between = [f"{a:,} to {b:,}" for a, b in pairwise(curve["n"])]
    row = pd.DataFrame([[f"{slope:.2f}" for slope in slopes]], columns=between)
    return row.set_axis(["exponent of the excess over the teacher's loss"]).reset_index(names="from n")


def teacher_loss(name: str) -> float:
    """Mean cross-entropy in nats of a teacher's own probabilities for the labels of its test images."""
    from experiments import teachers

    if not hasattr(teachers, f"{name}_logits"):
        return 0.0  # its labels are certain
    *_, images, labels = getattr(teachers, name)()
    z = getattr(teachers, f"{name}_logits")(images)
    return float(np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), labels]))


def compute(studies: dict) -> str:
    rows = [
        {
            "study": name,
            "trials that ended": f"{(study.runs['status'] == 'FINISHED').sum():,}",
            "core hours of training": f"{study.runs['seconds'].sum() / 3600:.2g}",
            **{key: study.about[key] for key in ("date", "commit", "hardware")},
        }
        for name, study in studies.items()
    ]
    return markdown(pd.DataFrame(rows))


# --- the page --------------------------------------------------------------------------------------


def parts() -> Parts:
    """Everything that docs/results.md shows, by the name it has there."""
    studies = {name: read_export(EXAMPLES / name) for name in exports(EXAMPLES)}
    yield "compute", compute(studies)
    yield "continued", all_continued(studies)
    for name, text in claim(studies):
        yield f"notebook {name}", text
    for name, study in studies.items():
        tell = truth if name.startswith("teacher-") else dataset if name in DATASETS else None
        for part, text in tell(study) if tell else ():
            yield f"{name} {part}", text


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, text in parts():
        found = re.search(rf"<!-- {re.escape(name)} -->\n\n(.*?)\n\n<!-- end -->", page, re.DOTALL)
        if found and found[1] != text:
            page = page[: found.start(1)] + text + page[found.end(1) :]
        said = "as before" if found and found[1] == text else "changed" if found else "has no place on the page"
        print(f"{name}: {said}", flush=True)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
