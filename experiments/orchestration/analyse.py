"""Has the analysis answer, in a process of its own, which loads no torch."""

import os
import subprocess
import sys
from pathlib import Path

from tracking.store import default_store

ROOT = Path(__file__).parents[2]


def analyse(study: str, otherwise: str, *wanted: str) -> None:
    """Have the analysis do its part; print what it says.

    otherwise: how the line begins that says why it cannot.
    wanted: further arguments of its command.
    """
    command = [sys.executable, "-m", "analysis.report", "--study", study]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        "MLFLOW_TRACKING_URI": default_store(),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    done = subprocess.run(
        [*command, *wanted],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout if done.returncode == 0 else f"{otherwise}: {done.stderr}"
    print(said.strip(), flush=True)
