"""The tables and figures of docs/results.md, from the exported real studies.

python benchmarks/results.py

app/example holds what `python -m analysis.export --study NAME --to app/example` wrote. Draws
docs/*.png, and writes anew what stands between <!-- NAME --> and <!-- end --> on the page. It
says which parts changed: the words around those are written by hand and have to be read again.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.results_continued import all_continued
from benchmarks.results_notebook import claim
from benchmarks.results_studies import dataset
from benchmarks.results_tables import Parts, markdown
from benchmarks.results_truth import truth
from tracking.export import exports, read_export
from tracking.schema import FINISHED
from tracking.study import Study

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "app" / "example"
PAGE = ROOT / "docs" / "results.md"
DATASETS = ("fashion_mnist", "digits", "cifar10", "cifar10-five")
NOTEBOOK = "cifar10-notebook"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, text in parts():
        page, change = placed(page, name, text)
        print(f"{name}: {change}", flush=True)
    PAGE.write_text(page, encoding="utf-8")


def placed(page: str, name: str, text: str) -> tuple[str, str]:
    """The page with a part's new text, and what changed."""
    place = rf"<!-- {re.escape(name)} -->\n\n(.*?)\n\n<!-- end -->"
    found = re.search(place, page, re.DOTALL)
    if not found:
        return page, "has no place on the page"
    if found[1] == text:
        return page, "as before"
    return page[: found.start(1)] + text + page[found.end(1) :], "changed"


def parts() -> Parts:
    """Everything that docs/results.md shows, by the name it has there."""
    studies = {name: read_export(EXAMPLES / name) for name in exports(EXAMPLES)}
    yield "compute", compute(studies)
    yield "continued", all_continued([studies[name] for name in (*DATASETS, NOTEBOOK)])
    for name, text in claim(studies):
        yield f"notebook {name}", text
    for name, study in studies.items():
        for part, text in told(study):
            yield f"{name} {part}", text


def told(study: Study) -> Parts:
    """What one study's export says."""
    if study.name.startswith("teacher-"):
        return truth(study)
    return dataset(study) if study.name in DATASETS else iter(())


def compute(studies: dict[str, Study]) -> str:
    return markdown(pd.DataFrame(_computed(studies)))


def _computed(studies: dict[str, Study]) -> Iterator[dict[str, str]]:
    for name, study in studies.items():
        yield {
            "study": name,
            "trials that ended": f"{(study.runs['status'] == FINISHED).sum():,}",
            "core hours of training": f"{study.runs['seconds'].sum() / 3600:.2g}",
            **{key: study.about[key] for key in ("date", "commit", "hardware")},
        }


if __name__ == "__main__":
    main()
