"""Has the analysis answer, in a process of its own, which loads no torch."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tracking.errors import InputError
from tracking.store import default_store

ROOT = Path(__file__).parents[2]


def analyse(study: str, otherwise: str, *wanted: str) -> None:
    """Have the analysis do its part; print what it says.

    otherwise: how the line begins that says why it cannot.
    wanted: further arguments of its command.
    """
    done = _run("analysis.report", "--study", study, *wanted)
    said = done.stdout if done.returncode == 0 else f"{otherwise}: {done.stderr}"
    print(said.strip(), flush=True)


def ask(module: str, told: Mapping[str, object]) -> str:
    """What a command of the analysis prints. Raises InputError with its line where it fails.

    told: its options.
    """
    done = _run(module, *(f"--{name}={value}" for name, value in told.items()))
    if done.returncode:
        raise InputError(done.stderr.strip().removeprefix("error: "))
    return done.stdout


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        "MLFLOW_TRACKING_URI": default_store(),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
