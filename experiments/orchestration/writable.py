"""Whether the store's artifacts can be written: known before training, not after."""

import tempfile
from contextlib import suppress
from pathlib import Path

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from tracking.errors import InputError, one_line
from tracking.retry import away, persist
from tracking.secrets import masked

NAME = "can_be_written.txt"


def check_artifacts(run: Run) -> None:
    """Raises InputError where no file can be added to those of a run."""
    place = run.info.artifact_uri
    try:
        persist(_write, place)
    except (OSError, MlflowException, ValueError, ImportError) as error:
        if away(error):
            raise
        raise InputError(
            f"artifacts cannot be written to '{masked(place)}' ({one_line(error)[:200]}); "
            "nothing was trained; without them: keep_models=none and report=false"
        ) from None


def _write(place: str) -> None:
    """Add a file and take it away again."""
    repository = get_artifact_repository(place)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_text("written to see whether artifacts can be\n")
        repository.log_artifact(str(file))
    with suppress(OSError, MlflowException, NotImplementedError):
        repository.delete_artifacts(NAME)
