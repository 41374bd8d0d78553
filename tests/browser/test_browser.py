"""The real page in a real browser, started as README says, on a store with one study."""

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
from conftest import ROOT, environment, store_in
from mlflow import MlflowClient
from mlflow.entities import Metric
from records import SIZES, record_measured, record_study

BROWSER = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"),
    reason="no Chromium on PATH (Debian: apt-get install chromium)",
)
WAIT = 60_000  # ms
TABS = ("The curve", "Architectures", "Engineers or data", "Can I trust it?", "Runs")


@contextmanager
def serving(log, port, health, *command):
    """A server process, from its first healthy answer to its end."""
    with open(log, "w") as file:  # noqa: PTH123
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    folder = tmp_path_factory.mktemp("browser")
    with store_in(folder, empty_store):
        record_measured("own", {"accuracy": lambda gap: 1 - gap}, {"mine": 0.5}, SIZES)
        record_study(
            "demo",
            architectures={"cnn": 0.5, "linear": 0.3},
            sizes=SIZES,
            samples=2,
        )
        record_history("cnn-800-2")
        yield folder


def record_history(trial):
    """Losses over steps, which the part on runs draws."""
    client = MlflowClient()
    (run,) = client.search_runs(
        [client.get_experiment_by_name("demo").experiment_id], f"tags.trial = '{trial}'"
    )
    client.log_batch(
        run.info.run_id,
        metrics=[Metric("val_loss", 1 / step, 0, step) for step in range(1, 50)],
    )


@pytest.fixture(scope="module")
def address(folder):
    port = free_port()
    command = (
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app/main.py",
        "--server.port",
        str(port),
    )
    with serving(folder / "page.log", port, "_stcore/health", *command) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """Open the page, at an address and as somebody (options of a browser context); at the end
    nothing went wrong.
    """
    opened = []

    def start(query="", **somebody):
        context = browser.new_context(
            **{"viewport": {"width": 1300, "height": 900}} | somebody
        )
        page = context.new_page()
        errors = watch(page)
        opened.append((context, errors))
        page.goto(address + query)
        page.get_by_role("tab").first.wait_for(timeout=WAIT)
        ready(page)
        return page

    yield start
    for context, errors in opened:
        context.close()
        assert errors == []


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


def facts(page):
    """The numbers below the answer."""
    shown = page.locator("[data-testid=stMetric]")
    shown.last.wait_for(timeout=WAIT)
    return shown.all_inner_texts()


@pytest.mark.parametrize("width", [390, 1300], ids=["phone", "desk"])
def test_every_part_fits_the_screen_and_the_console_stays_empty(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        ready(page)
        page.locator(
            "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
        ).first.wait_for(timeout=WAIT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            tab
        )  # nothing hangs over the edge


def test_another_target_and_another_price_are_another_answer_and_the_address_keeps_them(visit):
    from playwright.sync_api import expect

    page = visit("/?target_loss=0.05")
    first = answer(page)
    assert "to 0.05 with" in first
    target = page.get_by_label("Target loss (nats)")
    target.fill("0.04")
    target.press("Enter")
    page.get_by_role("heading", name="to 0.04 with").wait_for(timeout=WAIT)
    ready(page)  # the numbers come after the heading
    page.get_by_text("Prices and inputs").click()
    price = page.get_by_label("Price per label")
    cost = page.locator("[data-testid=stMetric]").filter(has_text="price")
    before = cost.inner_text()
    price.fill("7")
    price.press("Enter")
    page.wait_for_function(
        "before => ![...document.querySelectorAll('[data-testid=stMetric]')]"
        ".some(one => one.innerText === before)",
        arg=before,
        timeout=WAIT,
    )
    page.wait_for_url(lambda url: "label_price=7" in url, timeout=WAIT)
    ready(page)
    again = visit(page.url[page.url.index("/?") :])
    assert answer(again) == answer(page)
    metrics = again.locator("[data-testid=stMetric]")  # they appear one after the other
    expect(metrics).to_have_text(facts(page), use_inner_text=True, timeout=WAIT)


def test_an_accuracy_is_drawn_and_hovered_in_its_own_terms(visit):
    page = visit("/?study=own")
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    chart.scroll_into_view_if_needed(timeout=WAIT)
    said = hovered(page, chart)
    assert said["test accuracy"] == "96.46%"  # 1 - 800 ** -0.5, the last point
    assert said["examples"] == "800"


def hovered(page, chart):
    """What hovering the last point of a chart says: name -> value."""
    box = chart.bounding_box()
    tip = page.locator("#vg-tooltip-element.visible")
    for right in range(int(box["width"]) - 20, 60, -6):
        for down in range(50, int(box["height"]) - 60, 8):
            page.mouse.move(box["x"] + right, box["y"] + down)
            if tip.count() and "test accuracy" in tip.inner_text():
                cells = tip.locator("td").all_inner_texts()
                names = [cell.strip().rstrip(":") for cell in cells[::2]]
                return dict(zip(names, cells[1::2]))
    raise AssertionError("nothing said the test accuracy")


def test_a_csv_of_ones_own_is_answered(visit, tmp_path):
    rows = "".join(f"{n},{3 * n**-0.5}\n" for n in (1000, 2000, 4000, 8000, 16000))
    (tmp_path / "mine.csv").write_text(f"n,loss\n{rows}")
    page = visit()
    page.get_by_role("radio", name="Your CSV").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("heading", name="the loss of the model").wait_for(timeout=WAIT)


def test_the_report_opens_offline_with_its_charts(visit, browser, tmp_path):
    page = visit()
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name="Download the whole report").click()
    download.value.save_as(tmp_path / "report.html")
    context = browser.new_context(offline=True)
    report = context.new_page()
    errors = watch(report)
    report.goto((tmp_path / "report.html").as_uri())
    report.locator(".chart svg.marks").last.wait_for(timeout=WAIT)
    assert report.locator(".chart svg.marks").count() == report.locator(".chart").count() >= 6
    assert report.get_by_role("heading", level=2).all_inner_texts() == list(TABS)
    report.locator(".chart svg.marks path[aria-roledescription=point]").first.hover(force=True)
    report.locator("#vg-tooltip-element.visible").wait_for(
        timeout=WAIT
    )  # they are still interactive
    assert errors == []
    context.close()


@pytest.mark.parametrize(
    ("kind", "start"), [("CSV", b"architecture"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")]
)
def test_a_chart_can_be_taken_away(visit, kind, start):
    page = visit()
    page.get_by_text("The numbers of this chart").first.click()
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name=kind).first.click()
    assert download.value.path().read_bytes().startswith(start)


def test_a_point_leads_to_its_run_in_the_mlflow_ui(visit, folder):
    port = free_port()
    store = f"sqlite:///{folder / 'mlflow.db'}"
    command = (
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        store,
        "--port",
        str(port),
        "--workers",
        "1",
    )
    with serving(folder / "ui.log", port, "health", *command) as ui:
        page = visit()
        page.get_by_text("Where the runs are").click()
        place = page.get_by_role("textbox", name="MLflow UI")
        place.fill(ui)
        place.press("Enter")
        ready(page)
        page.get_by_text("The numbers of this chart").first.click()
        with page.context.expect_page(timeout=WAIT) as opened:
            page.get_by_role("link", name="cnn · n=800 · #2").click()
        opened.value.get_by_text("cnn · n=800 · #2").first.wait_for(timeout=WAIT)
        opened.value.close()


def test_the_browsers_language_is_spoken_and_can_be_switched(visit):
    page = visit(locale="zh-CN")
    page.get_by_role("tab", name="学习曲线").wait_for(timeout=WAIT)
    page.get_by_role("radio", name="English").click()
    page.get_by_role("tab", name="The curve").wait_for(timeout=WAIT)


def test_charts_have_a_name_and_the_keyboard_reaches_the_tabs(visit):
    page = visit(color_scheme="dark")
    page.locator("[aria-label^='Chart: Learning curves']").first.wait_for(timeout=WAIT)
    page.get_by_role("tab", name="The curve").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Exponents side by side").wait_for(timeout=WAIT)
