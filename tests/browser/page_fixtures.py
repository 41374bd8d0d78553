"""The real page in a real browser, started as README says, on a store with two studies."""

import pytest
from conftest import store_in
from mlflow import MlflowClient
from mlflow.entities import Metric
from pages import BROWSER, CHART, WAIT, page_on, ready, watch
from records import SIZES, record_measured, record_study


@pytest.fixture(scope="session")
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
    return folder


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


@pytest.fixture(scope="session")
def address(folder):
    with page_on(folder / "mlflow.db", folder / "page.log") as address:
        yield address


@pytest.fixture(scope="session")
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
        page.locator(CHART).first.wait_for(timeout=WAIT)
        ready(page)
        return page

    yield start
    for context, errors in opened:
        context.close()
        assert errors == []
