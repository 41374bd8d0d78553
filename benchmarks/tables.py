"""Two real tables, made from packages that are installed anyway, without a download.

    python benchmarks/tables.py functions functions.parquet
    python -m experiments.study --study functions --dataset parquet:functions.parquet \
        --target "log2 instructions" --fractions ladder
    python benchmarks/tables.py paragraphs paragraphs.parquet
    python -m experiments.study --study paragraphs --dataset parquet:paragraphs.parquet \
        --target package --text paragraph --fractions ladder

functions: the logarithm of how many instructions Python compiles a function to, from counts
    of its source. A regression; numbers, one category, gaps.
paragraphs: which package a paragraph of documentation comes from. Texts of 5 classes, none of
    which nearly repeats another: docstrings are copied and changed a little.
"""

import ast
import dis
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

PACKAGES = ("scipy", "sklearn", "pandas", "numpy", "mlflow")
COUNTED = (
    ast.Call, ast.Name, ast.Attribute, ast.Constant, ast.Assign, ast.If, ast.For, ast.Return,
    ast.BinOp, ast.Compare, ast.Subscript, ast.keyword, ast.Raise, ast.Try, ast.Tuple,
)  # fmt: skip
MOST = 30_000  # functions
SHORTEST = 60  # characters of a paragraph
# cosine of two paragraphs' words, rare ones weighing more, from which one is left out
ALIKE = 0.5
ROWS = 1000  # whose cosines with all others are in memory at once


def functions() -> pd.DataFrame:
    """One row per function of the packages; `log2 instructions` is its target."""
    rows = [row for name in PACKAGES for row in _functions_of(name)]
    frame = pd.DataFrame(rows)
    chosen = np.random.default_rng(0).permutation(len(frame))[:MOST]
    return frame.iloc[np.sort(chosen)].reset_index(drop=True)


def paragraphs() -> pd.DataFrame:
    """One row per paragraph of a docstring; `package` is its target."""
    rows = [
        {"paragraph": text, "package": name}
        for name in PACKAGES
        for text in sorted(set(_paragraphs_of(name)))
    ]
    frame = pd.DataFrame(rows).drop_duplicates("paragraph", keep=False, ignore_index=True)
    return frame[_unlike(frame["paragraph"])].reset_index(drop=True)


def _unlike(texts: pd.Series) -> np.ndarray:
    """Bool (texts,): so many that none is ALIKE another that is kept."""
    words = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    kept = np.ones(len(texts), dtype=bool)
    for start in range(0, len(texts), ROWS):
        cosines = (words[start : start + ROWS] @ words.T).tocoo()
        near = cosines.data > ALIKE
        pairs = pd.Series(cosines.col[near]).groupby(cosines.row[near] + start)
        for row, others in pairs:
            before = others[others < row]
            kept[row] = not kept[before].any()
    return kept


def _sources(package: str) -> Iterator[tuple[str, ast.Module]]:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        if "tests" in path.parts:
            continue
        try:
            source = path.read_text(encoding="utf-8")
            yield source, ast.parse(source)
        except (SyntaxError, UnicodeError):
            continue


def _nodes(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _functions_of(package: str) -> Iterator[dict[str, Any]]:
    for source, tree in _sources(package):
        code = {(one.co_name, one.co_firstlineno): one for one in _codes(source)}
        for node in _nodes(tree):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if (node.name, first) in code:
                count = sum(1 for _ in dis.get_instructions(code[node.name, first]))
                yield {
                    **_counts(node),
                    "package": package,
                    "log2 instructions": np.log2(count),
                }


def _codes(source: str) -> Iterator[Any]:
    """The compiled functions of a file, nested ones included."""
    waiting = [compile(source, "source", "exec", dont_inherit=True)]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [constant for constant in one.co_consts if hasattr(constant, "co_code")]


def _counts(node: ast.FunctionDef) -> dict[str, Any]:
    kinds = Counter(type(inner) for inner in ast.walk(node))
    defaults = len(node.args.defaults)
    return {
        "lines": (node.end_lineno or node.lineno) - node.lineno + 1,
        "arguments": len(node.args.args) + len(node.args.kwonlyargs),
        # a gap where there are no arguments that could have one
        "share of defaults": defaults / len(node.args.args) if node.args.args else np.nan,
        "documented": ast.get_docstring(node) is not None,
        "name": len(node.name),
        **{kind.__name__.lower(): kinds[kind] for kind in COUNTED},
    }


def _paragraphs_of(package: str) -> Iterator[str]:
    for _, tree in _sources(package):
        for node in _nodes(tree):
            for text in (ast.get_docstring(node) or "").split("\n\n"):
                plain = " ".join(text.split())
                if len(plain) >= SHORTEST and plain[0].isalpha():
                    yield plain


if __name__ == "__main__":
    table, file = sys.argv[1:]
    {"functions": functions, "paragraphs": paragraphs}[table]().to_parquet(file)
