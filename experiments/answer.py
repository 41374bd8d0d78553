"""The door of `answer`: a question, and the study that answers it at least cost.

mlflow run . -e answer -P study=digits -P dataset=digits -P hours=0.1
python -m experiments.answer --study digits --dataset digits --target_error 0.05
"""

from collections.abc import Sequence

from experiments.orchestration.question import OPTIONS, parse
from tracking.command import run

__all__ = ["OPTIONS", "main", "parse"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer a question. Raises InputError for what was asked wrongly."""
    asked, options = parse(arguments)
    # late: --help needs neither torch nor MLflow
    from experiments.orchestration.answering import answer
    from experiments.orchestration.ready import ready

    answer(asked, *ready(options))


if __name__ == "__main__":
    run(main)
