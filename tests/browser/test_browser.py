"""The real page in a real browser, started as README says."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import ROOT, environment
from records import record_study

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"), reason="no Chromium on PATH (Debian: apt-get install chromium)"
)


@pytest.fixture
def address(store):
    """`streamlit run app/main.py` on a store with one study; its address."""
    record_study("demo", architectures={"cnn": 0.5, "linear": 0.3}, sizes=(50, 100, 200, 400, 800), samples=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    with open(store / "page.log", "w") as log:  # noqa: PTH123
        server = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/_stcore/health", server)
            yield url
        finally:
            server.terminate()
            server.wait(10)


def wait_for(url, server, seconds=60):
    for _ in range(seconds * 5):
        assert server.poll() is None, "streamlit ended"
        try:
            return urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.mark.parametrize("width", [390, 1300], ids=["phone", "desk"])
def test_the_page_shows_the_curve_and_no_console_errors(address, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("heading", name="Learning curves on digits").wait_for(timeout=60_000)
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for(
        timeout=60_000
    )
    page.get_by_role("heading", name="The runs behind each point").wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing hangs over the edge
    assert errors == []


def test_choosing_error_changes_the_axis(address, browser):
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(address)
    page.get_by_role("heading", name="The runs behind each point").wait_for(timeout=60_000)
    page.get_by_text("Error", exact=True).first.click()
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
    page.wait_for_function(
        "document.querySelector('[data-testid=stVegaLiteChart]').outerHTML.includes('test error (fraction)')",
        timeout=30_000,
    )
