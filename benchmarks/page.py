"""How quickly the page answers: python benchmarks/page.py [RUNS ...]

Writes stores of so many runs (5 architectures, 12 sizes) to a temporary folder and runs the
page on each with Streamlit's own test runner: the first answer of a new process after its
imports, the same for the next reader, and changed controls (medians of 5). Wall-clock seconds;
run it on a machine that does nothing else.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

ARCHITECTURES = {f"net{i}": 0.3 + i / 50 for i in range(5)}
SIZES = tuple(int(n) for n in np.geomspace(100, 50_000, 12))
CONTROLS = {  # label -> values to give it in turn
    "Target loss (nats)": [0.05, 0.04, 0.06, 0.045, 0.055],
    "Price per label": [0.1, 0.2, 0.3, 0.4, 0.5],
    "Architecture": ["net3", "net2", "net3", "net2", "net4"],
    "Confidence of the intervals": [0.8, 0.95, 0.5, 0.9, 0.8],
}


def timed(what) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def page():
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=600)


def controls(shown):
    for label, values in CONTROLS.items():
        kinds = (shown.number_input, shown.selectbox, shown.select_slider)
        seconds = []
        for value in values:
            (widget,) = [widget for kind in kinds for widget in kind if widget.label == label]
            seconds.append(timed(widget.set_value(value).run))
            kinds = (shown.number_input, shown.selectbox, shown.select_slider)
        assert not shown.exception, shown.exception
        yield label, statistics.median(seconds)


def measure(runs: int) -> None:
    from records import multiply, record_study

    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        os.chdir(folder)
        samples = round(runs / len(ARCHITECTURES) / len(SIZES)) - 1
        record_study("many", architectures=ARCHITECTURES, sizes=SIZES, samples=0)
        multiply(Path(folder) / "mlflow.db", samples)
        first = page()
        print(f"{runs:,} runs")
        print(f"  first answer                  {timed(first.run):.2f} s")
        assert not first.exception, first.exception
        print(f"  next reader                   {timed(page().run):.2f} s")
        for label, seconds in controls(first):
            print(f"  {label:<29} {seconds:.2f} s", flush=True)
        os.chdir(ROOT)


if __name__ == "__main__":
    import analysis.report.html_report
    import analysis.report.parts  # noqa: F401  what a server has imported before anybody asks

    for count in map(int, sys.argv[1:] or (1000, 10_000)):
        measure(count)
