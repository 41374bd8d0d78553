"""Servers, and pages that a browser has open."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest
from conftest import ROOT, environment

BROWSER = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
needs_browser = pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"),
    reason="no Chromium on PATH (Debian: apt-get install chromium)",
)
WAIT = 60_000  # ms
TABS = ("Data or model", "Which model", "Can I trust it?", "Runs")
CHART = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg.marks"


@contextmanager
def serving(log, port, health, *command, **more):
    """A server process, from its first healthy answer to its end.

    more: variables of its environment.
    """
    with open(log, "w") as file:  # noqa: PTH123
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment() | more,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/{health}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # with the workers of its own
            server.wait(20)


@contextmanager
def page_on(store, log):
    """The page on a SQLite file, started as README says: its address."""
    port = free_port()
    command = (sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port")
    where = {"MLFLOW_TRACKING_URI": f"sqlite:///{store}"}
    with serving(log, port, "_stcore/health", *command, str(port), **where) as address:
        yield address


def wait_for(url, server, seconds=90):
    for _ in range(seconds * 5):
        assert server.poll() is None, "the server ended"
        try:
            return urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def watch(page):
    errors = []
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def ready(page):
    """Until the page has nothing left to compute."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(
        timeout=WAIT
    )


def answer(page):
    return page.get_by_role("heading", level=1).inner_text()
