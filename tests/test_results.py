"""The page of results is written from whatever studies there are."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import results_tables
from benchmarks.results import parts, placed
from benchmarks.results_notebook import steepening
from benchmarks.results_searches import searches
from tracking.study import Study

LN_N = np.log(200 * 2.0 ** np.arange(9))


def test_without_a_study_the_page_says_that_none_was_run(monkeypatch, tmp_path):
    monkeypatch.setattr(results_tables, "DOCS", tmp_path)
    said = dict(parts({}))
    missing = [name for name in said if name not in ("commands", "compute")]
    assert {said[name] for name in missing} == {results_tables.NOT_YET}
    assert "notebook straightness" in missing and "fashion_mnist laws" in missing
    named = {line.split("--study ")[1].split()[0] for line in launches_in(said["commands"])}
    assert said["compute"].count("not yet run") == len(named)
    assert not list(tmp_path.iterdir())


def launches_in(text):
    return [line for line in text.splitlines() if line.startswith("python")]


def test_a_part_of_the_page_is_replaced_and_the_rest_stays():
    page = "before\n\n<!-- a -->\n\nold\n\n<!-- end -->\n\nafter"
    assert placed(page, "a", "new")[0] == page.replace("old", "new")
    assert placed(page, "a", "old") == (page, "as before")
    assert placed(page, "b", "new") == (page, "has no place on the page")


@pytest.mark.parametrize("bend", [-0.02, 0.0, 0.02])
def test_a_bend_is_found_with_its_sign_and_none_where_there_is_none(bend):
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(LN_N))
    gained, half = steepening(LN_N, -0.3 * LN_N - bend * (LN_N - LN_N.mean()) ** 2 + noise)
    true = 2 * bend * (LN_N[-1] - LN_N[0])
    assert abs(gained - true) < half < 0.1
    assert (abs(gained) > half) == (bend != 0)


def search(name, n=400.0, **losses):
    rows = [
        {"architecture": one, "test_loss": loss, "best_val_loss": loss, "run_id": one}
        for one, loss in losses.items()
    ]
    shared = {"status": "FINISHED", "dataset": "d", "n_train": n, "data_seed": 0}
    shared |= {"sample": 1, "seed": 0}
    table = pd.DataFrame(rows).assign(**shared)
    return Study(name, table.assign(test_error=table["test_loss"], classes=10))


def test_searches_stand_side_by_side_and_the_best_of_each_is_marked():
    table = searches([search("a", cnn=0.50, mlp=0.60), search("b", cnn=0.70, mlp=0.55)])
    cnn, mlp = table.splitlines()[2:]
    assert cnn == "| 400 | cnn | **0.5000** | 0.7000 | 23.8% |"
    assert mlp == "| 400 | mlp | 0.6000 | **0.5500** | 6.2% |"


def test_the_exponent_of_each_search_is_told_where_there_are_two_sizes():
    few = search("a", cnn=0.80)
    many = search("a", n=1600.0, cnn=0.40)
    both = Study("a", pd.concat([few.runs, many.runs], ignore_index=True))
    table = searches([both, both])
    assert "Exponent between 400 and 1,600:" in table
    assert table.splitlines()[-1] == "| cnn | 0.50 | 0.50 |"
