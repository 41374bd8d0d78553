"""What a reader does with the page, in a real browser."""

import sys
from urllib.request import urlopen

import pytest
from pages import TABS, WAIT, answer, free_port, needs_browser, ready, serving, watch
from playwright.sync_api import TimeoutError

pytest_plugins = ("page_fixtures",)
pytestmark = needs_browser


@pytest.mark.parametrize("width", [390, 1300], ids=["phone", "desk"])
def test_every_part_fits_the_screen_and_the_console_stays_empty(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            tab
        )  # nothing hangs over the edge


def test_a_server_can_be_told_to_load_the_page_before_anybody_opens_it(address):
    with urlopen(f"{address}/_stcore/script-health-check") as answer:
        assert answer.read() == b"ok"


def test_another_target_and_another_price_are_another_answer_and_the_address_keeps_them(visit):
    page = visit("/?target_loss=0.05")
    assert "to 0.05 with" in answer(page)
    target = page.get_by_label("Target loss")
    target.fill("0.04")
    target.press("Enter")
    page.get_by_role("heading", name="to 0.04 with").wait_for(timeout=WAIT)
    ready(page)
    before = answer(page)
    page.get_by_role("button", name="Prices").click()
    price = page.get_by_role("spinbutton", name="Price per label")
    price.fill("7")
    price.press("Enter")
    page.wait_for_function(
        "before => document.querySelector('h1').innerText !== before",
        arg=before,
        timeout=WAIT,
    )
    page.wait_for_url(lambda url: "label_price=7" in url, timeout=WAIT)
    ready(page)
    again = visit(page.url[page.url.index("/?") :])
    assert answer(again) == answer(page) != before


def test_an_accuracy_is_drawn_and_hovered_in_its_own_terms(visit):
    page = visit("/?study=own")
    chart = page.locator(".st-key-chart [data-testid=stVegaLiteChart]")
    chart.scroll_into_view_if_needed(timeout=WAIT)
    said = hovered(page, chart)
    assert said["measured"] == "96.46%"  # 1 - 800 ** -0.5, the last point
    assert said["examples"] == "800"


def hovered(page, chart):
    """What hovering the last point of a chart says: name -> value."""
    box = chart.bounding_box()
    tip = page.locator("#vg-tooltip-element.visible")
    for right in range(int(box["width"] * 0.8), 60, -5):
        for down in range(20, int(box["height"]) - 60, 5):
            page.mouse.move(box["x"] + right, box["y"] + down)
            if tip.count() and "measured" in tip.inner_text():
                cells = tip.locator("td").all_inner_texts()
                names = [cell.strip().rstrip(":") for cell in cells[::2]]
                return dict(zip(names, cells[1::2]))
    raise AssertionError("nothing said the accuracy measured")


def test_a_csv_of_ones_own_is_answered(visit, tmp_path):
    rows = "".join(f"{n},{3 * n**-0.5}\n" for n in (1000, 2000, 4000, 8000, 16000))
    (tmp_path / "mine.csv").write_text(f"n,loss\n{rows}")
    page = visit("/?source=csv")
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("heading", name="the model's loss").wait_for(timeout=WAIT)


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
    assert report.get_by_role("heading", level=2).all_inner_texts() == [*TABS]
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
    page = visit("/?part=models")
    page.get_by_text("The numbers of this chart").first.click()
    button = page.get_by_role("button", name=kind, exact=True).first
    assert downloaded(page, button).read_bytes().startswith(start)


def downloaded(page, button):
    """What a button brings; clicked again where the page was drawn anew under the click."""
    for _ in range(3):
        try:
            with page.expect_download(timeout=WAIT / 2) as download:
                button.click()
        except TimeoutError:
            continue
        return download.value.path()
    raise AssertionError("nothing is downloaded")


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
        page = visit("/?part=models")
        page.get_by_role("button", name="Data", exact=True).click()
        page.get_by_text("Where the runs are").click()
        place = page.get_by_role("textbox", name="MLflow UI")
        place.fill(ui)
        place.press("Enter")
        page.keyboard.press("Escape")
        ready(page)
        page.get_by_text("The numbers of this chart").first.click()
        with page.context.expect_page(timeout=WAIT) as opened:
            page.get_by_role("link", name="cnn · n=800 · #2").click()
        opened.value.get_by_text("cnn · n=800 · #2").first.wait_for(timeout=WAIT)
        opened.value.close()


def test_the_browsers_language_is_spoken_and_can_be_switched(visit):
    page = visit(locale="zh-CN")
    page.get_by_role("tab", name="哪个模型").wait_for(timeout=WAIT)
    page.get_by_role("radio", name="English").click()
    page.get_by_role("tab", name="Which model").wait_for(timeout=WAIT)


def test_charts_have_a_name_and_the_keyboard_reaches_the_tabs(visit):
    page = visit(color_scheme="dark")
    page.locator("[aria-label^='Chart: what was measured']").first.wait_for(timeout=WAIT)
    page.get_by_role("tab", name="Data or model").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Learning curves").wait_for(timeout=WAIT)
    page.wait_for_url(lambda url: "part=models" in url, timeout=WAIT)
