"""A study as files that need no tracking store: what the page and the report show of it.

python -m analysis.export --study cifar10 --to app/example [--hardware "one H200"]
"""

import json
import os
import platform
import subprocess
from pathlib import Path

import pandas as pd

from analysis.answer import plain
from analysis.command import Parser, run
from analysis.runs import TEXT, StoreError, best_runs, is_pruned, one_line, open_store, study_run
from analysis.study import STEPS, Study, histories, load_study
from analysis.trust.failures import nothing_finished

RUNS, ABOUT, TOLD, STEPS_FILE = "runs.csv", "study.json", "held_out.csv", "steps.csv"
COMMIT = "mlflow.source.git.commit"
MOST_STEPS = 60  # points of a history that are kept
SETTINGS = ("search_space", "max_steps", "patience", "data_seed", "seed", "precision", "device")
MACHINE = {"run_id", "experiment_id", "name", "status", "trial", "failure", "dataset_fingerprint"}
LEFT_OUT = ("data_dir",)  # paths of somebody's machine say nothing about a study


def export(study: str, folder: Path, hardware: str = "") -> Path:
    """Write a study to a folder of its own within `folder`, which is returned. Raises StoreError without runs."""
    found = load_study(study)
    if best_runs(found.runs).empty:
        raise StoreError(nothing_finished(study, found.runs))
    place = folder / study.replace("/", "_").replace("..", "__")
    if (other := name_in(place)) not in ("", study):
        raise StoreError(f"folder '{place}' holds the study '{other}'; export '{study}' to another folder")
    place.mkdir(parents=True, exist_ok=True)
    runs = found.runs.drop(columns=list(LEFT_OUT), errors="ignore")
    names = runs["dataset"].map(without_folder)
    if names.nunique() < runs["dataset"].nunique():
        twice = ", ".join(sorted(runs["dataset"].unique()))
        raise StoreError(f"without their folders these datasets of '{study}' have one name: {twice}; rename the files")
    runs.assign(dataset=names).to_csv(place / RUNS, index=False)
    found.told.to_csv(place / TOLD, index=False)
    chosen = best_runs(found.runs).drop_duplicates(["dataset", "architecture", "n_train"])["run_id"].tolist()
    thinned(histories(chosen)).to_csv(place / STEPS_FILE, index=False, float_format="%.5g")
    about = {"name": study, "note": found.note, **describe(found, hardware)}
    (place / ABOUT).write_text(json.dumps(plain(about), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return place


def read_export(place: Path) -> Study:
    """What `export` wrote; the same runs as load_runs gave. Raises StoreError where it did not."""
    if not (place / ABOUT).exists():
        raise StoreError(f"folder '{place}' holds no exported study ({ABOUT}); see python -m analysis.export")
    exactly = {"float_precision": "round_trip", "keep_default_na": False, "na_values": [""]}
    text = dict.fromkeys(MACHINE | set(TEXT) | {"device"}, str)
    try:
        about = json.loads((place / ABOUT).read_text(encoding="utf-8"))
        runs = pd.read_csv(place / RUNS, dtype=text, **exactly)
        runs["started"] = pd.to_datetime(runs["started"], format="ISO8601")  # some with milliseconds, some without
        told, steps = (pd.read_csv(place / file, **exactly) for file in (TOLD, STEPS_FILE))
        name, note = about.pop("name"), about.pop("note")
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"folder '{place}' is not a whole export: {one_line(error)}") from None
    return Study(name, runs, note=note, told=told, about=about, histories=steps)


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
    first, last = (pd.to_datetime(value, utc=True) for value in (runs["started"].min(), runs["started"].max()))
    parent = study_run(open_store(), study.name)
    tags = parent.data.tags if parent else {}
    commits = tags.get("commits", "").split() or [tags.get(COMMIT, "")[:7] or commit(first)]
    settings = {name: sorted(runs[name].dropna().unique().tolist()) for name in SETTINGS if name in runs}
    said = {name: ", ".join(map(str, values)) for name, values in settings.items()}
    said |= {"samples": f"{runs['sample'].max():.0f}", "pruning": "halving" if is_pruned(runs) else "off"}
    hardware = hardware or tags.get("hardware") or machine()  # a study that was restored says where it was trained
    return {"date": f"{last:%Y-%m-%d}", "commit": ", ".join(commits), "hardware": hardware} | said


def without_folder(dataset: str) -> str:
    """npz:FILE and folder:FOLDER without what is above them."""
    kind, _, path = dataset.partition(":")
    return f"{kind}:{Path(path).name}" if kind in ("npz", "folder") else dataset


def thinned(table: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_STEPS steps of each run, the first and the last among them."""
    place = table.groupby("run_id").cumcount()
    size = table.groupby("run_id")["step"].transform("size")
    every = (size / MOST_STEPS).clip(lower=1)
    kept = (place // every).diff().ne(0) | (place == size - 1)
    return table.loc[kept, ["run_id", "step", *STEPS]]


def commit(when: pd.Timestamp) -> str:
    """The last commit here before a time, for studies that do not say theirs; '' outside of a repository."""
    asked = ["git", "-C", str(Path(__file__).parent), "log", "-1", "--format=%h", f"--before={when.isoformat()}"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine() -> str:
    """This machine's processor."""
    name = platform.processor() or platform.machine()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{os.cpu_count()} cores of {model}"


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("analysis.export", __doc__.split("\n")[0])
    parser.add_argument("--study", required=True, help="name of the study (an MLflow experiment)")
    parser.add_argument("--to", type=Path, required=True, help="folder in which the study gets a folder of its name")
    parser.add_argument("--hardware", default="", help="what it was trained on, if not on this machine")
    options = parser.parse_args(arguments)
    place = export(options.study, options.to, options.hardware)
    print(f"{place}: {sum(file.stat().st_size for file in place.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
