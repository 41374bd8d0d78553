"""The store is read page by page, however many runs it holds."""

from types import SimpleNamespace

from tracking.store import trial_runs


def test_trials_are_found_beyond_the_first_thousand_runs():
    class Pages:
        def search_runs(self, experiments, where, view, max_results, page_token):
            start = int(page_token or 0)
            page = Page(made[start : start + max_results])
            page.token = str(start + max_results) if start + max_results < len(made) else None
            return page

    class Page(list):
        token = None

    made = [
        SimpleNamespace(data=SimpleNamespace(tags={"trial": f"key {number}"}))
        for number in range(2500)
    ]
    assert trial_runs(Pages(), "0") == made
