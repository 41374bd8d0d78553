"""A study as files that need no tracking store: what the page and the report show of it."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from tracking import schema
from tracking.csv_cells import as_csv, as_it_was
from tracking.data_check import as_tags, checks_in
from tracking.errors import InputError, StoreError, one_line
from tracking.export_check import check_about, check_forecasts, check_runs, check_steps
from tracking.plain import plain
from tracking.runs import choosers, is_pruned, typed
from tracking.secrets import masked
from tracking.slices import check_slices, no_slices
from tracking.study import Study, histories
from tracking.text import Text, template

RUNS = "runs.csv"
ABOUT = "study.json"
FORECASTS = "held_out.csv"
STEPS = "steps.csv"
SLICES = "slices.csv"  # of studies that tell classes or groups apart
COMMIT = "mlflow.source.git.commit"
MOST_BYTES = 200  # of a folder's name
FILES = ("folder", "npz", "csv", "parquet")  # kinds of datasets that lie at a path
MOST_STEPS = 60  # points of a history that are kept


def export(
    study: Study,
    folder: Path,
    shown: list[str],
    hardware: str = "",
    best: Collection[str] = (),
) -> Path:
    """Write a study to a folder of its own within `folder`, which is returned.

    shown: ids of the runs whose losses over steps are kept.
    best: ids of those whose slices are kept, where they have some.
    hardware: what it was trained on; "" for what its run says, or else this machine.
    Raises StoreError where another study is there already.
    """
    assert study.runs is not None
    place = folder / _folder_of(study.name)
    if (other := name_in(place)) not in ("", study.name):
        taken = template(
            "folder '{place}' holds the study '{other}'; export '{study}' to another folder"
        )
        raise StoreError(Text(taken, place=place, other=other, study=study.name))
    place.mkdir(parents=True, exist_ok=True)
    runs = study.runs.drop(columns=_private(), errors="ignore")
    names = _names_without_folders(study)
    _write(place / RUNS, as_csv(runs.assign(dataset=names)))
    _write(place / FORECASTS, as_csv(study.logged_forecasts))
    steps = histories(shown, measures=choosers(study.runs))
    _write(place / STEPS, as_csv(thinned(steps), float_format="%.5g"))
    slices = study.slices_of(best)
    if len(slices):
        _write(place / SLICES, as_csv(slices))
    about = {
        "name": study.name,
        "note": study.note,
        **describe(study, hardware),
        **as_tags(study.checks),
    }
    text = json.dumps(plain(about), indent=2, ensure_ascii=False)
    _write(place / ABOUT, masked(text) + "\n")
    return place


def _folder_of(study: str) -> str:
    """The name of a study as that of a folder."""
    name = study.replace("/", "_").replace("..", "__")
    if name == "." or len(name.encode()) > MOST_BYTES:
        digest = hashlib.sha256(study.encode()).hexdigest()[:8]
        return f"{name[:40].replace('.', '_')}_{digest}"
    return name


def _write(file: Path, text: str) -> None:
    """At one go: whoever reads the file never finds half of it."""
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def _private() -> list[str]:
    return [one.name for one in schema.FIELDS if one.private]


def _names_without_folders(study: Study) -> pd.Series:
    """Of the datasets of its runs. Raises StoreError where two become one."""
    assert study.runs is not None
    names = study.runs["dataset"].map(without_folder)
    if names.nunique() < study.runs["dataset"].nunique():
        same = template(
            "without their folders these datasets of '{study}' have one name: {names}; "
            "rename the files"
        )
        several = ", ".join(sorted(study.runs["dataset"].unique()))
        raise StoreError(Text(same, study=study.name, names=several))
    return names


def read_export(place: Path) -> Study:
    """What `export` wrote: the runs that load_runs gave. Raises StoreError otherwise."""
    if not (place / ABOUT).exists():
        none = template(
            "folder '{place}' holds no exported study ({file}); see python -m analysis.export"
        )
        raise StoreError(Text(none, place=place, file=ABOUT))
    try:
        about = _read_about(place)
        runs = _read_runs(place)
        forecasts = _read_forecasts(place)
        steps = _read_steps(place, runs["run_id"])
        slices = _read_slices(place, runs["run_id"])
        name = about.pop("name")
        note = about.pop("note")
        checks = checks_in(about)
    except (OSError, ValueError, KeyError, RecursionError) as error:
        broken = template("folder '{place}' is not a whole export: {reason}")
        raise StoreError(Text(broken, place=place, reason=one_line(error))) from None
    return Study(
        name,
        typed(runs),
        note=note,
        logged_forecasts=forecasts,
        about=about,
        checks=checks,
        histories=steps,
        slices=slices,
    )


def _read_about(place: Path) -> dict[str, str]:
    about = json.loads((place / ABOUT).read_text(encoding="utf-8"))
    with _file(ABOUT):
        check_about(about)
    return about


def _read_runs(place: Path) -> pd.DataFrame:
    with _file(RUNS):
        check_runs(_cells(place / RUNS))
    runs = _read_csv(place / RUNS, dtype=dict.fromkeys(schema.text_columns(), str))
    # some with milliseconds, some without
    runs["started"] = pd.to_datetime(runs["started"], format="ISO8601", utc=True)
    return runs


def _read_forecasts(place: Path) -> pd.DataFrame:
    with _file(FORECASTS):
        check_forecasts(_cells(place / FORECASTS))
    return _read_csv(place / FORECASTS)


def _read_steps(place: Path, run_ids: pd.Series) -> pd.DataFrame:
    with _file(STEPS):
        check_steps(_cells(place / STEPS), run_ids)
    return _read_csv(place / STEPS, dtype={"run_id": str})


def _read_slices(place: Path, run_ids: pd.Series) -> pd.DataFrame:
    if not (place / SLICES).exists():
        return no_slices()
    with _file(SLICES):
        check_slices(_cells(place / SLICES), run_ids)
    return _read_csv(place / SLICES, dtype={"run_id": str, "slice": str})


@contextmanager
def _file(name: str) -> Iterator[None]:
    """Says in which file an error is."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _cells(path: Path) -> pd.DataFrame:
    """All cells as they are written; the heading too, which pandas would make unique."""
    table = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, na_filter=False)
    rows = table.iloc[1:].reset_index(drop=True)
    rows.columns = table.iloc[0]
    return as_it_was(rows)


def _read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """Every digit, and empty cells alone as missing."""
    table = pd.read_csv(
        path, float_precision="round_trip", keep_default_na=False, na_values=[""], **options
    )
    return as_it_was(table)


def name_in(place: Path) -> str:
    """Name of the study exported to a folder; "" where there is none, or it cannot be read."""
    try:
        return json.loads((place / ABOUT).read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError):
        return ""


def exports(folder: Path) -> list[str]:
    """Names of the studies that were exported to a folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{ABOUT}"))


def describe(study: Study, hardware: str) -> dict[str, str]:
    """When, with which code, settings and machine a study was run."""
    runs = study.runs
    assert runs is not None
    first = pd.to_datetime(runs["started"].min(), utc=True)
    last = pd.to_datetime(runs["started"].max(), utc=True)
    from tracking.store import open_store, study_run  # MLflow, only where runs are in a store

    parent = study_run(open_store(), study.name)
    tags = parent.data.tags if parent else {}
    commits = tags.get("commits", "").split() or [tags.get(COMMIT, "")[:7] or commit(first)]
    settings = {
        one.name: ", ".join(map(str, sorted(runs[one.name].dropna().unique().tolist())))
        for one in (*schema.SETTINGS, *schema.PLACES)
        if one.label and one.name in runs and not runs[one.name].eq(one.before).all()
    }
    return {
        "date": f"{last:%Y-%m-%d}",
        "commit": ", ".join(commits),
        # a study that was restored says where it was trained
        "hardware": hardware or tags.get("hardware") or machine(),
        **settings,
        "samples": f"{runs['sample'].max():.0f}",
        "pruning": "halving" if is_pruned(runs) else "off",
    }


def without_folder(dataset: str) -> str:
    """KIND:FILE or KIND:FOLDER without what is above them."""
    kind, _, path = dataset.partition(":")
    return f"{kind}:{Path(path).name}" if kind in FILES else dataset


def thinned(table: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_STEPS steps of each run, the first and the last among them."""
    place = table.groupby("run_id").cumcount()
    size = table.groupby("run_id")["step"].transform("size")
    every = ((size - 1) / (MOST_STEPS - 1)).clip(lower=1)
    nth = (place // every).groupby(table["run_id"])
    return table.loc[nth.diff().ne(0) | (place == size - 1)]


def commit(when: pd.Timestamp) -> str:
    """The last commit here before a time, for studies that name none; '' outside of git."""
    here = str(Path(__file__).parent)
    asked = ["git", "-C", here, "log", "-1", "--format=%h", f"--before={when.isoformat()}"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine() -> str:
    """This machine's processor."""
    name = platform.processor() or platform.machine()
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = [
        line.partition(":")[2].strip() for line in lines if line.startswith("model name")
    ]
    return f"{os.cpu_count()} cores of {models[0] if models else name}"
