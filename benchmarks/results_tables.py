"""How the parts of docs/results.md are written and drawn."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.theme import picture

DOCS = Path(__file__).parents[1] / "docs"
NOT_YET = "*Not yet run.*"
Parts = Iterator[tuple[str, str]]  # name and Markdown


def markdown(table: pd.DataFrame) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def draw(chart: Any, name: str) -> None:
    (DOCS / f"{name}.png").write_bytes(picture(chart, "png"))
