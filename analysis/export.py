"""The door of `export`: a study as files that need no tracking store.

python -m analysis.export --study cifar10 --to app/example [--hardware "one H200"]
"""

from pathlib import Path

from analysis.report.failure_words import nothing_finished
from analysis.selection import best_runs
from tracking.command import Parser, file_name, run
from tracking.errors import StoreError
from tracking.export import export
from tracking.study import load_study

ONE_CURVE = ["dataset", "architecture", "n_train"]


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("analysis.export", "Write a study as files that need no tracking store.")
    study_help = "name of the study (an MLflow experiment)"
    parser.add_argument("--study", required=True, help=study_help)
    to_help = "folder in which the study gets a folder of its name"
    parser.add_argument("--to", type=file_name, required=True, help=to_help)
    hardware_help = "what it was trained on, if not on this machine"
    parser.add_argument("--hardware", default="", help=hardware_help)
    options = parser.parse_args(arguments)
    place = write(options.study, Path(options.to), options.hardware)
    megabytes = sum(file.stat().st_size for file in place.iterdir()) / 1e6
    print(f"{place}: {megabytes:.1f} MB")


def write(name: str, folder: Path, hardware: str = "") -> Path:
    """Export a study of the store, with the histories of its best runs; returns the folder.

    Raises StoreError where nothing has finished.
    """
    study = load_study(name)
    best = best_runs(study.runs)
    if best.empty:
        raise StoreError(nothing_finished(name, study.runs))
    shown = best.drop_duplicates(ONE_CURVE)["run_id"].tolist()
    return export(study, folder, shown, hardware, best["run_id"].tolist())


if __name__ == "__main__":
    run(main)
