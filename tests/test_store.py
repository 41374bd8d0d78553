"""What has run is found however much it is."""

from types import SimpleNamespace

from experiments.store import finished_keys


def test_finished_trials_are_found_beyond_the_first_thousand_runs():
    class Pages:
        def search_runs(self, experiments, where, view, max_results, page_token):
            start = int(page_token or 0)
            page = Page(made[start : start + max_results])
            page.token = str(start + max_results) if start + max_results < len(made) else None
            return page

    class Page(list):
        token = None

    def run(number):
        tags = {"trial": f"key {number}"}
        return SimpleNamespace(data=SimpleNamespace(tags=tags), info=SimpleNamespace(status="FINISHED"))

    made = [run(number) for number in range(2500)]
    assert finished_keys(Pages(), "0") == {f"key {number}" for number in range(2500)}
