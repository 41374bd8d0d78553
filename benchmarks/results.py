"""The tables and figures of docs/results.md, from the exported real studies.

    python benchmarks/results.py [--studies FOLDER …] [--page FILE] [--only NAME,NAME]

The folders (app/example, benchmarks/exports) hold what `python benchmarks/studies.py NAME`
exported. Draws docs/*.png, and writes anew what stands between <!-- NAME --> and <!-- end -->
on the page; of a study that is not there it says so. It tells which parts changed: the words
around those are written by hand and have to be read again.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.results_choices import MEASURES
from benchmarks.results_foretold import all_runs, graded, totals
from benchmarks.results_notebook import claim
from benchmarks.results_searches import searches
from benchmarks.results_studies import analyses, dataset, table
from benchmarks.results_tables import NOT_YET, Parts, markdown
from benchmarks.results_truth import truth
from benchmarks.studies import EXAMPLES, OTHERS, STUDIES, commands
from tracking.export import exports, read_export
from tracking.schema import FINISHED
from tracking.study import Study

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results.md"
DATASETS = ("fashion_mnist", "cifar10", "digits")
SEARCHED = ("fashion_mnist", "cifar10")
TEACHER = "teacher-"
TABLES = ("functions", "paragraphs")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of docs/results.md.")
    folders = {"nargs": "+", "type": Path, "default": [EXAMPLES, OTHERS]}
    parser.add_argument("--studies", help="folders of exports", **folders)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--only", default="", help="studies, comma-separated")
    told = parser.parse_args()
    only = told.only.split(",") if told.only else None
    page = told.page.read_text(encoding="utf-8")
    for name, text in parts(read_studies(told.studies), only):
        page, change = placed(page, name, text)
        print(f"{name}: {change}", flush=True)
        told.page.write_text(page, encoding="utf-8")


def read_studies(folders: Iterable[Path]) -> dict[str, Study]:
    """The exports of today's protocol, by name."""
    found = {name: read_export(one / name) for one in folders for name in exports(one)}
    return {name: study for name, study in found.items() if _counts(study)}


def _counts(study: Study) -> bool:
    assert study.runs is not None
    return bool(study.runs["patience_epochs"].gt(0).all())


def placed(page: str, name: str, text: str) -> tuple[str, str]:
    """The page with a part's new text, and what changed."""
    place = rf"<!-- {re.escape(name)} -->\n\n(.*?)\n\n<!-- end -->"
    found = re.search(place, page, re.DOTALL)
    if not found:
        return page, "has no place on the page"
    if found[1] == text:
        return page, "as before"
    return page[: found.start(1)] + text + page[found.end(1) :], "changed"


def parts(studies: dict[str, Study], only: list[str] | None = None) -> Parts:
    """Everything that docs/results.md shows, by the name it has there."""
    yield "commands", f"```\n{commands()}\n```"
    yield "compute", compute(studies)
    if only is None:
        for name, text in claim(studies):
            yield f"notebook {name}", text
        yield "foretold", foretold(studies)
    for name in SEARCHED:
        if only is None or name in only:
            yield f"{name} searches", searched(studies, name)
    teachers = [one for one in studies if one.startswith(TEACHER)]
    for name in (*DATASETS, *TABLES, *teachers):
        if only is None or name in only:
            for part, text in of_study(studies, name):
                yield f"{name} {part}", text


def of_study(studies: dict[str, Study], name: str) -> Parts:
    """What one study's export says."""
    if name not in studies:
        return iter([("laws", NOT_YET)])
    study = studies[name]
    if name.startswith(TEACHER):
        return truth(study)
    if name in TABLES:
        return table(study, all_runs(list(studies.values()), study))
    return dataset(study, all_runs(list(studies.values()), study))


def foretold(studies: dict[str, Study]) -> str:
    """All forecasts that were logged before training, counted."""
    found = []
    for name, study in studies.items():
        if name.startswith(TEACHER) or study.logged_forecasts.empty:
            continue
        runs = all_runs(list(studies.values()), study)
        for analysis in analyses(study).values():
            found.append(graded(analysis, runs).assign(study=name))
    known = [one for one in found if len(one)]
    return totals(known) if known else NOT_YET


def searched(studies: dict[str, Study], name: str) -> str:
    """The searches of one dataset, side by side."""
    names = list(STUDIES[name])
    if any(one not in studies for one in names):
        return NOT_YET
    found = [studies[one] for one in names]
    tables = [f"By the {one}:\n\n{searches(found, one)}" for one in MEASURES]
    return "\n\n".join(tables)


def compute(studies: dict[str, Study]) -> str:
    """What each study took; those of the list that are missing are named."""
    return markdown(pd.DataFrame(_computed(studies)).fillna("–"))


def _computed(studies: dict[str, Study]) -> Iterator[dict[str, str]]:
    planned = [name for plan in STUDIES.values() for name in plan]
    for name in dict.fromkeys([*planned, *studies]):
        if name not in studies:
            yield {"study": name, "trials that ended": "not yet run"}
            continue
        study = studies[name]
        assert study.runs is not None
        yield {
            "study": name,
            "trials that ended": f"{(study.runs['status'] == FINISHED).sum():,}",
            "core hours of training": f"{study.runs['seconds'].sum() / 3600:.2g}",
            **{key: study.about.get(key, "–") for key in ("date", "commit", "hardware")},
        }


if __name__ == "__main__":
    main()
