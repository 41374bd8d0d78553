"""MLflow's own page, opened where a study's runs are: python -m tracking.ui [--study NAME]

MLflow would open an experiment on its page for language models; only an address that names the
workflow leads to the training runs.
"""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from contextlib import suppress

from tracking.command import Option, Parser, run, whole_number
from tracking.errors import InputError, StoreError
from tracking.store import default_store, find_experiment, open_store, shown, studies
from tracking.study import TRAINING

PORT = 5000  # MLflow's own
MOST = 65_535  # of ports
WAIT = 60.0  # seconds for the server to answer
OPTIONS = (
    Option("study", "", "name of the study; default: the one changed last"),
    Option("port", PORT, "of the page on this machine", whole_number),
)


def main(arguments: list[str] | None = None) -> None:
    """Start the page, say where the study is, and open it. Raises StoreError."""
    parser = Parser("tracking.ui", "Open a study's runs in MLflow.", OPTIONS)
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= MOST:
        raise InputError(f"port {options.port} is out of range; allowed: 1 to {MOST}")
    place = runs_page(options.study)
    store = default_store()
    if store.startswith("http"):
        _open(f"{shown()}/{place}")
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server ends with it
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(options.port)]
    with subprocess.Popen([*command, "--backend-store-uri", store]) as server:
        address = f"http://127.0.0.1:{options.port}"
        try:
            if _answers(f"{address}/health", server):
                _open(f"{address}/{place}")
            server.wait()
        except KeyboardInterrupt:
            server.terminate()


def runs_page(study: str = "") -> str:
    """Where the MLflow UI shows the training runs of a study; of the newest for "".

    Raises StoreError for an unknown study, or a store without any.
    """
    known = [study] if study else studies()
    if not known:
        raise StoreError(f"tracking store '{shown()}' holds no study yet; start: make study")
    found = find_experiment(open_store(), known[0])
    return f"#/experiments/{found.experiment_id}/runs?{TRAINING}"


def _answers(address: str, server: subprocess.Popen) -> bool:
    """Whether the server answers before it ends, or WAIT is over."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=2).close()
            return True
        time.sleep(0.2)
    return False


def _open(address: str) -> None:
    print(f"the study's runs: {address}", flush=True)
    with suppress(webbrowser.Error):
        webbrowser.open(address)


if __name__ == "__main__":
    run(main)
