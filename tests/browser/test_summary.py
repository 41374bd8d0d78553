"""The summary is one page to print, and the full report its appendix; both open offline."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from pages import WAIT, needs_browser, watch

from analysis.decision.prices import Prices
from analysis.report.__main__ import main_dataset
from analysis.report.html_report import as_html, summary_html
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.export import read_export
from tracking.study import Study

pytest_plugins = ("page_fixtures",)
pytestmark = needs_browser
MOST_BYTES = 400_000
PAPERS = ("A4", "Letter")
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def exported(name):
    study = read_export(ROOT / "app" / "example" / name)
    return StudyAnalysis(study, main_dataset(study))


def measured(sizes):
    n = 100.0 * 2 ** np.arange(sizes)
    table = pd.DataFrame({"architecture": "mine", "n": n, "value": 2 * n**-0.4, "se": np.nan})
    return StudyAnalysis(Study("mine", measured=table, measures=("error",)))


STUDIES = {
    "many models": lambda: exported("digits"),
    "a long note": lambda: exported("cifar10-notebook"),
    "a curve": lambda: measured(6),
    "no law": lambda: measured(2),
}
QUESTIONS = {
    "more data": Question(),
    "target": Question(prices=Prices(target=0.03)),
    "budget": Question(budget=50_000.0),
}


def pages(browser, folder, html, paper):
    """How many pages a printer would need."""
    file = folder / "summary.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_page(offline=True)
    page.goto(file.as_uri())
    printed = page.pdf(format=paper)
    page.close()
    return len(PAGE.findall(printed))


@pytest.mark.parametrize("study", STUDIES)
def test_the_summary_is_one_page(browser, tmp_path, study):
    analysis = STUDIES[study]()
    for language in ("en", "zh"):
        html = summary_html(analysis, Question(), language)
        assert len(html.encode()) < MOST_BYTES
        assert [pages(browser, tmp_path, html, paper) for paper in PAPERS] == [1, 1]


@pytest.mark.parametrize("asked", QUESTIONS)
def test_the_summary_of_each_question_is_one_page(browser, tmp_path, asked):
    html = summary_html(measured(6), QUESTIONS[asked])
    assert [pages(browser, tmp_path, html, paper) for paper in PAPERS] == [1, 1]


def test_the_summary_holds_the_four_things_and_the_options(browser, tmp_path):
    (tmp_path / "summary.html").write_text(summary_html(measured(6), Question()))
    page = browser.new_page(offline=True)
    errors = watch(page)
    page.goto((tmp_path / "summary.html").as_uri())
    assert page.locator(".answer").inner_text().startswith("Twice the data")
    assert re.match(r"[●○]{3}", page.locator(".steps").inner_text())
    assert page.get_by_text("Next: ").is_visible()
    assert page.locator("figure svg").bounding_box()["height"] > 200
    assert page.locator("table").count() == 2
    assert page.locator("script").count() == 0
    assert errors == []
    page.close()


def test_each_line_of_the_contents_leads_to_its_section(browser, tmp_path):
    (tmp_path / "report.html").write_text(as_html(measured(6), Question()))
    page = browser.new_page(offline=True)
    page.goto((tmp_path / "report.html").as_uri())
    page.locator(".chart svg.marks").last.wait_for(timeout=WAIT)
    places = page.locator("nav a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(places) == len(set(places)) > 8
    assert all(page.locator(place).count() == 1 for place in places)
    titles = page.locator("h2, h3").all_inner_texts()
    assert page.locator("nav a").all_inner_texts() == titles
    page.close()
