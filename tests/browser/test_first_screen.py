"""What stands on the first screen, before any scrolling, at three widths."""

import re

import pytest
from pages import CHART, WAIT, answer, needs_browser, ready

pytest_plugins = ("page_fixtures",)
pytestmark = needs_browser
SCREENS = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
PARTS = {
    "question": ".st-key-ask",
    "answer": ".st-key-sentence h1",
    "how sure": ".st-key-sure",
    "next": ".st-key-next",
    "chart": ".st-key-chart",
}
QUESTIONS = {
    "en": ("What does more data bring?", "How much for a target?", "What does my budget buy?"),
    "zh": ("更多数据能带来什么？", "达到目标要多少？", "我的预算能买到什么？"),
}
MOST_NUMBERS = 12
MOST_WORDS = 110
MANAGERS_NEVER = ("nats", "exponent", "floor", "back-test", "quantile", "commit")


@pytest.fixture(scope="module")
def opened(browser, address):
    """One page for all tests of this file, which go from one question to the next."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/?study=demo&language=en")
    page.locator(CHART).first.wait_for(timeout=WAIT)
    ready(page)
    yield page
    context.close()


@pytest.fixture(params=SCREENS)
def screen(request, opened):
    width, height = SCREENS[request.param]
    opened.set_viewport_size({"width": width, "height": height})
    opened.wait_for_timeout(400)
    return opened, height


def ask(page, question):
    page.get_by_role("radio", name=question).click()
    ready(page)


def first_screen(page):
    """What can be read there, without the chart."""
    parts = [name for name in PARTS if name != "chart"]
    return "\n".join(page.locator(PARTS[name]).inner_text() for name in parts)


def numbers(text):
    return re.findall(r"(?<![\w.])\$?\d[\d,.]*%?", text)


@pytest.mark.parametrize("question", QUESTIONS["en"])
def test_all_of_the_answer_is_seen_without_scrolling(screen, question):
    page, height = screen
    ask(page, question)
    for name, place in PARTS.items():
        box = page.locator(place).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, name
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_the_chart_is_large_where_there_is_room(opened):
    opened.set_viewport_size({"width": 1440, "height": 900})
    opened.wait_for_timeout(400)
    assert opened.locator(CHART).first.bounding_box()["height"] >= 420


@pytest.mark.parametrize("question", QUESTIONS["en"])
def test_the_first_screen_is_short(opened, question):
    ask(opened, question)
    said = first_screen(opened)
    assert 3 <= len(numbers(said)) <= MOST_NUMBERS, numbers(said)
    assert len(said.split()) <= MOST_WORDS
    assert not [word for word in MANAGERS_NEVER if word in said.lower()]


def test_one_number_is_larger_than_all_others(opened):
    ask(opened, QUESTIONS["en"][0])
    large = opened.locator(".st-key-sentence .stMarkdownColoredText")
    assert large.count() == 1
    assert large.inner_text() in answer(opened)
    sizes = [
        one.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
        for one in (large, opened.locator("h1").first)
    ]
    assert sizes[0] > 1.3 * sizes[1]


def test_the_slider_moves_the_sentence_and_keeps_its_place_in_the_address(opened):
    ask(opened, QUESTIONS["en"][0])
    before = answer(opened)
    opened.locator(".st-key-times input").focus()
    opened.keyboard.press("ArrowRight")
    opened.wait_for_function(
        "before => document.querySelector('h1').innerText !== before",
        arg=before,
        timeout=WAIT,
    )
    assert "2.5 times the data (2,000 examples)" in answer(opened)
    opened.wait_for_url(lambda url: "times=2.5" in url, timeout=WAIT)
    opened.keyboard.press("ArrowLeft")
    opened.get_by_role("heading", name="Twice the data").wait_for(timeout=WAIT)


def test_nothing_jumps_when_the_slider_moves(opened):
    ask(opened, QUESTIONS["en"][0])
    places = [opened.locator(PARTS["chart"]).bounding_box()]
    for key in ("ArrowRight", "ArrowLeft"):
        opened.locator(".st-key-times input").focus()
        opened.keyboard.press(key)
        ready(opened)
        places.append(opened.locator(PARTS["chart"]).bounding_box())
    assert places[0] == places[1] == places[2]


def test_the_prices_are_reached_on_a_phone(opened):
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.get_by_role("button", name="Prices").click()
    price = opened.get_by_role("spinbutton", name="Price per label")
    price.wait_for(timeout=WAIT)
    box = price.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert "Press Enter" not in opened.locator("body").inner_text()
    opened.keyboard.press("Escape")


def test_the_three_questions_are_answered_in_chinese(opened):
    opened.set_viewport_size({"width": 1440, "height": 900})
    opened.get_by_role("radio", name="中文").click()
    ready(opened)
    said = []
    for question in QUESTIONS["zh"]:
        ask(opened, question)
        said.append(answer(opened))
        words = re.findall(r"[A-Za-z]{3,}", first_screen(opened))
        assert set(words) <= {"cnn", "English"}, words
    assert len(set(said)) == 3
    opened.get_by_role("radio", name="English").click()
    ready(opened)


@pytest.mark.parametrize("part", ["decision", "models", "trust", "runs"])
def test_nobody_is_shut_out(visit, part):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(f"/?part={part}")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:150]}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
