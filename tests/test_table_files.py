"""CSV and Parquet files become tables, whatever wrote them."""

import codecs
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.tasks import memory
from experiments.tasks.table_files import read_csv, read_parquet
from tracking.errors import InputError

FRAME = pd.DataFrame({"größe": [1.5, 2.25, np.nan], "farbe": ["rot", None, "grün"]})


def assert_same(frame):
    assert frame.dtypes.tolist() == FRAME.dtypes.tolist()
    assert frame.fillna("gap").to_dict("list") == FRAME.fillna("gap").to_dict("list")


def write_csv(path, encoding="utf-8", **options):
    text = FRAME.to_csv(index=False, **options)
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    path.write_bytes(mark + text.encode(encoding))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sep": ";"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t"},
        {"sep": "|"},
        {"encoding": "utf-8-sig"},
        {"encoding": "utf-16-le"},
        {"encoding": "latin-1"},
    ],
    ids=lambda options: " ".join(map(str, options.values())) or "plain",
)
def test_separators_decimals_and_encodings_give_the_same_table(tmp_path, options):
    write_csv(tmp_path / "a.csv", **options)
    assert_same(read_csv(tmp_path / "a.csv"))


def test_a_parquet_file_keeps_its_types(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    assert_same(read_parquet(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (read_csv, None, ["does not exist"]),
        (read_csv, b"", ["no heading"]),
        (read_csv, b"a,b\n1,2\n1,2,3\n", ["not a readable CSV", "line 3"]),
        (read_csv, b"PK\x03\x04\x00\x00\xff\xfe\n" * 9, ["is no text", "UTF-8"]),
        (read_parquet, None, ["does not exist"]),
        (read_parquet, b"", ["no readable Parquet"]),
        (read_parquet, b"a,b\n1,2\n", ["no readable Parquet"]),
    ],
)
def test_a_missing_or_broken_file_is_refused_in_one_line(tmp_path, read, content, words):
    path = tmp_path / "table"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        read(path)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_that_memory_cannot_hold_is_refused_before_it_is_read(
    tmp_path, monkeypatch, ending
):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 50)))
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.set_axis(map(str, frame.columns), axis=1).to_parquet(path)
    little = SimpleNamespace(available=1e6)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: little)
    with pytest.raises(InputError, match=f"a.{ending}.* GB of memory .* free"):
        {"csv": read_csv, "parquet": read_parquet}[ending](path)
