"""The door of `restore`: a study's files back into a tracking store, where it goes on.

python -m analysis.restore app/example/fashion_mnist
"""

from dataclasses import replace
from pathlib import Path

from tracking.command import Parser, check_name, command_line, file_name, run
from tracking.export import read_export


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("analysis.restore", "Write an exported study back into a tracking store.")
    folder_help = "an exported study, such as app/example/digits"
    parser.add_argument("folder", type=file_name, help=folder_help)
    parser.add_argument(
        "--study", default="", help="name it gets in the store, if not its own"
    )
    dataset_help = "npz:PATH or folder:PATH, spelled as the study was given it"
    parser.add_argument("--dataset", default="", help=dataset_help)
    options = parser.parse_args(arguments)
    from tracking.restore import found_at, restore  # MLflow, which --help needs not
    from tracking.store import shown

    study = read_export(Path(options.folder))
    study = found_at(study, options.dataset) if options.dataset else study
    check_name("study", options.study)
    study = replace(study, name=options.study or study.name)
    print(f"{restore(study):,} trials of study '{study.name}' restored to {shown()}")
    print(f"next: {command_line('analysis.report', study=study.name)}")


if __name__ == "__main__":
    run(main)
