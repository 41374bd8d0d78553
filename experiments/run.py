"""`main`: one trial becomes one MLflow run.

mlflow run . -P fraction=0.05          or          python -m experiments.run --fraction 0.05
"""

from tracking import schema
from tracking.command import Parser, option_of, run
from tracking.schema import RunSettings

DESCRIPTION = "Train one trial and record it as one MLflow run."
EPILOG = "Every run is recorded in MLFLOW_TRACKING_URI, by default mlflow.db in this folder."
OPTIONS = [option_of(field) for field in schema.asked()]


def main(arguments: list[str] | None = None) -> None:
    """Train what the arguments ask for. Raises InputError."""
    parser = Parser("experiments.run", DESCRIPTION, OPTIONS, epilog=EPILOG)
    asked = vars(parser.parse_args(arguments))
    data_dir = asked.pop("data_dir")
    device = asked.pop("device")
    # late: --help needs neither torch nor MLflow
    from experiments.orchestration.one_trial import run_trial
    from experiments.training.spaces import space_text

    asked["space"] = space_text(asked["space"])
    run_trial(RunSettings(**asked), data_dir, device)


if __name__ == "__main__":
    run(main)
