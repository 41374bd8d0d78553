"""What the page remembers of a study that is being trained."""

import itertools

import pandas as pd
import pytest

from app import cache
from tracking.study import Study


@pytest.fixture
def trained(monkeypatch):
    """A study that changes whenever it is looked at, with so many runs; and a clock."""
    clock = [1000.0]
    stamps = map(str, itertools.count())
    monkeypatch.setattr(cache.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(cache, "newest", lambda study, store: next(stamps))

    def of(runs):
        found = Study("s", pd.DataFrame({"status": ["FINISHED"] * runs}))
        monkeypatch.setattr(cache.kept, "load_study", lambda study, store: found)
        cache.load.clear()
        cache.load("s", f"store of {runs}", "read")
        return f"store of {runs}"

    yield of, clock
    cache.load.clear()
    cache._read.clear()


def test_a_large_study_is_read_again_only_after_a_while(trained):
    of, clock = trained
    store = of(10_000)
    clock[0] += 45
    assert cache.stamp("s", store) == "read"
    clock[0] += 10
    assert cache.stamp("s", store) != "read"


def test_a_small_study_is_followed_at_once(trained):
    of, clock = trained
    store = of(60)
    clock[0] += 1
    assert cache.stamp("s", store) != "read"


def test_a_study_that_was_not_read_has_its_newest_stamp(trained):
    assert cache.stamp("s", "another store") == "0"
