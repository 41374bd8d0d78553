"""How quickly the page answers in a real browser: python benchmarks/page.py [RUNS ...]

Writes stores of two studies of so many runs (5 architectures, 12 sizes) to a temporary folder,
starts the page on each as README says, and opens it in Chromium. Seconds, medians of 5, of a
warm page: one that somebody has looked at before, whose scripts the browser keeps. "First" is
in a new window after the server's start; "warmed" once the server was asked to load the page.
Run it on a machine that does nothing else.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

ARCHITECTURES = {f"net{i}": 0.3 + i / 50 for i in range(5)}
SIZES = tuple(int(n) for n in np.geomspace(100, 50_000, 12))
OTHER = "others"  # a second study in each store, which nobody looks at before the end
TIMES = 5
SENTENCE = ".st-key-sentence h1"
SAID = "document.querySelector('.st-key-sentence h1')?.innerText"


Timed = tuple[float, float]  # seconds until the sentence is there, and until the chart is
Act = Callable[[Any, str], Timed]  # in a browser's page, of which the address is given


def measure(runs: int) -> dict[str, Timed]:
    """What a reader does -> how long it takes, with a store of so many runs."""
    from conftest import store_in
    from pages import BROWSER, page_on
    from playwright.sync_api import sync_playwright
    from records import multiply, record_study

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with store_in(folder, empty(folder)):
            for study in (OTHER, "many"):  # the page opens with the newest
                record_study(study, architectures=ARCHITECTURES, sizes=SIZES, samples=0)
        store = folder / "mlflow.db"
        multiply(store, round(runs / len(ARCHITECTURES) / len(SIZES)) - 1)
        print(f"{runs:,} runs")
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
            with page_on(store, folder / "log") as address:
                found = look(browser, address, ACTS)
            with page_on(store, folder / "log") as address:
                urlopen(f"{address}/_stcore/script-health-check").close()
                found |= look(browser, address, {"first opening, warmed": opened})
            browser.close()
    return found


def empty(folder: Path) -> Path:
    """An initialised store to copy."""
    import mlflow

    path = folder / "empty.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


def look(browser, address: str, acts: dict[str, Act]) -> dict[str, Timed]:
    """The page in a new window, and what a reader does there."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    found = {}
    for what, act in acts.items():
        found[what] = act(page, address)
        sentence, chart = found[what]
        print(f"  {what:<22} sentence {sentence:.2f} s   chart {chart:.2f} s", flush=True)
    return found


def middle(rows: Iterable[Timed]) -> Timed:
    sentences, charts = zip(*rows)
    return statistics.median(sentences), statistics.median(charts)


def opened(page, address: str) -> Timed:
    from pages import CHART, ready

    start = time.perf_counter()
    page.goto(address)
    page.locator(SENTENCE).first.wait_for(timeout=60_000)
    sentence = time.perf_counter() - start
    page.locator(CHART).first.wait_for(timeout=60_000)
    chart = time.perf_counter() - start
    ready(page)
    return sentence, chart


def moved(page, act: Callable[[int], None]) -> Timed:
    """Medians of the time to another sentence, and to a chart that stands still."""
    from pages import ready

    rows = []
    for i in range(TIMES):
        before = page.evaluate(SAID)
        drawn = picture(page)
        start = time.perf_counter()
        act(i)
        page.wait_for_function(
            f"before => {SAID} && {SAID} !== before", arg=before, timeout=60_000, polling=10
        )
        sentence = time.perf_counter() - start
        last = settled(page, drawn, start)
        rows.append((sentence, last))
        ready(page)
    return middle(rows)


def picture(page) -> bytes:
    return page.locator(".st-key-chart").screenshot()


def settled(page, before: bytes, start: float, still: float = 0.6) -> float:
    """Seconds from `start` to the last change of the chart."""
    last = time.perf_counter() - start
    while time.perf_counter() - start - last < still:
        now = picture(page)
        if now != before:
            before = now
            last = time.perf_counter() - start
    return last


def opened_again(page, address: str) -> Timed:
    return middle(opened(page, address) for _ in range(TIMES))


def opened_another(page, address: str) -> Timed:
    return opened(page, f"{address}/?study={OTHER}")


def slide(page) -> Callable[[int], None]:
    def act(i: int) -> None:
        page.locator(".st-key-times input").focus()
        page.keyboard.press("ArrowRight")

    return act


def ask(page) -> Callable[[int], None]:
    names = ("What does my budget buy?", "What does more data bring?")

    def act(i: int) -> None:
        page.get_by_role("radio", name=names[i % 2]).click()

    return act


def price(page) -> Callable[[int], None]:
    page.get_by_role("button", name="Prices").click()

    def act(i: int) -> None:
        field = page.get_by_role("spinbutton", name="Price per label")
        field.fill(str(0.1 + i / 10))
        field.press("Enter")

    return act


ACTS: dict[str, Act] = {
    "first opening": opened,
    "opened again": opened_again,
    "the slider": lambda page, address: moved(page, slide(page)),
    "another question": lambda page, address: moved(page, ask(page)),
    "another price": lambda page, address: moved(page, price(page)),
    "another study": opened_another,
}

if __name__ == "__main__":
    for count in map(int, sys.argv[1:] or (1000, 10_000)):
        measure(count)
