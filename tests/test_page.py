"""The page in every state, as Streamlit's own test runner sees it."""

import re

import numpy as np
import pytest
from conftest import ROOT, store_in
from records import multiply, record_study
from streamlit.testing.v1 import AppTest

from analysis.report.glossary import glossary
from app import cache
from app.source import EXAMPLES
from tracking.export import exports

SIZES = (50, 100, 200, 400, 800)
TABS = ("decision", "models", "trust", "runs")


def page(tab="", session=None, **address) -> AppTest:
    """The page at an address (query parameters), with one of its parts open."""
    shown = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    for name, value in address.items():
        shown.query_params[name] = str(value)
    for name, value in (session or {}).items():
        shown.session_state[name] = value
    if tab:
        shown.query_params["part"] = tab
    return looked_at(shown.run())


def looked_at(shown: AppTest) -> AppTest:
    assert not shown.exception, shown.exception
    return shown


def answer(shown) -> str:
    return plain(shown.title[0].value)


def plain(text) -> str:
    """As it is read: without Markdown."""
    return re.sub(r":primary\[(.*?)\]", r"\1", text.replace("\\", ""))


def said(shown) -> str:
    """All that is written in paragraphs and boxes."""
    return "\n".join(
        text.value for text in [*shown.title, *shown.markdown, *shown.info, *shown.caption]
    ).replace("\\", "")


def headings(shown) -> list[str]:
    return [heading.value.replace("\\", "") for heading in shown.subheader]


def widget(shown, label):
    kinds = (
        shown.selectbox,
        shown.radio,
        shown.text_input,
        shown.number_input,
        shown.multiselect,
        shown.toggle,
    )
    (found,) = [one for kind in kinds for one in kind if plain(one.label) == label]
    return found


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, empty_store):
    """A store with a study of two architectures, to copy."""
    folder = tmp_path_factory.mktemp("recorded")
    with store_in(folder, empty_store):
        record_study("demo", architectures={"cnn": 0.5, "linear": 0.3}, sizes=SIZES, samples=2)
    return folder / "mlflow.db"


@pytest.fixture
def study(tmp_path, recorded):
    with store_in(tmp_path, recorded):
        yield tmp_path


@pytest.fixture
def curve(tmp_path):
    """A CSV with one exact power law."""
    file = tmp_path / "mine.csv"
    file.write_text(
        "n,loss\n" + "".join(f"{n},{3 * n**-0.5}\n" for n in (1000, 2000, 4000, 8000, 16000))
    )
    return file


def test_the_first_start_shows_the_example_and_marks_it_as_one(store):
    shown = page()
    assert "Example: the results of a real study, “fashion_mnist”" in said(shown)
    assert answer(shown)


def test_without_a_study_what_to_run_is_shown(store):
    shown = page(source="study")
    assert "no finished run" in said(shown)
    assert "make study" in shown.code[0].value
    assert not shown.title


@pytest.mark.parametrize("uri", ["sqlite:////nowhere/mlflow.db", "http://127.0.0.1:9"])
def test_a_store_that_cannot_be_opened_gets_a_box_that_names_it(store, monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert uri in said(page(source="study"))


def test_what_is_wrong_with_a_store_is_said_in_the_readers_language(store, monkeypatch):
    uri = "sqlite:////nowhere/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    shown = page(source="study", language="zh")
    assert f"跟踪存储“{uri}”尚不存在" in said(shown)


def test_somebody_elses_experiment_gets_a_box(store):
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_run(client.create_experiment("not ours"), run_name="foreign")
    assert "study 'not ours' has no finished run" in said(
        page(source="study", study="not ours")
    )


def test_the_answer_comes_first_and_follows_the_target(study):
    shown = page(target_loss=0.05)
    assert answer(page()).startswith(
        "Twice the data (1,600 examples) would bring the cnn's error"
    )
    assert "cnn's loss from 0.0707 to 0.05 with 80% probability" in answer(shown)
    looked_at(widget(shown, "Target loss").set_value(0.04).run())
    assert "to 0.04 with 80% probability" in answer(shown)


def test_prices_change_what_it_costs(study):
    shown = page(target_loss=0.05)
    before = answer(shown)
    looked_at(widget(shown, "Price per label ($)").set_value(8.0).run())
    assert answer(shown) != before


def test_error_is_asked_for_in_per_cent(study):
    shown = page(target_error=2)
    assert "to 2.00% with 80% probability" in answer(shown)
    assert shown.query_params["target_error"] == "2.0"


def test_engineers_find_each_term_in_a_glossary_and_managers_none(study):
    terms = {str(term): str(meaning) for term, meaning in glossary("error")}
    shown = page("decision", engineers=True)
    found = {plain(one.value): one.help for one in shown.caption}
    assert found.items() >= terms.items()
    assert not terms.keys() & {plain(one.value) for one in page("decision").caption}


@pytest.mark.parametrize(
    ("tab", "titles"),
    [
        (
            "models",
            [
                "Learning curves",
                "Power law",
                "Forecasts",
                "Exponents side by side",
                "What switching is worth",
                "Crossovers",
                "What tuning is worth",
            ],
        ),
        (
            "decision",
            ["Engineers or data?", "Break-even", "Collect in rounds", "What to run next"],
        ),
        (
            "trust",
            [
                "Its own past forecasts",
                "Noise of a single point",
                "Warnings",
                "How the study was done",
            ],
        ),
    ],
)
def test_each_part_says_what_it_is_there_for(study, tab, titles):
    assert set(titles) <= set(headings(page(tab, engineers=True)))


def test_the_next_run_has_a_command_to_copy(study):
    record_study("small", architectures={"cnn": 0.5}, sizes=SIZES[:4], samples=1, pool=3200)
    assert any(
        "experiments.study" in code.value
        for code in page("decision", study="small", engineers=True).code
    )


def test_the_runs_behind_a_point_can_be_chosen(study):
    shown = page("runs")
    looked_at(widget(shown, "Training examples").set_value(200).run())
    runs = shown.dataframe[0].value
    assert len(runs) == 6
    assert set(runs["n_train"]) == {200}
    assert runs["MLflow"].str.startswith("http://127.0.0.1:5000/#/experiments/").all()


def test_one_architecture_alone_is_answered(store):
    record_study("one", architectures={"cnn": 0.5}, sizes=SIZES, samples=0)
    shown = page("models", engineers=True)
    assert "cnn" in answer(shown)
    assert "all architectures share one exponent: that takes two" in said(shown)


def test_two_sizes_only_are_shown_without_a_law(store):
    record_study("short", architectures={"cnn": 0.5}, sizes=(50, 100), samples=1)
    for tab in TABS:
        shown = page(tab)
        assert answer(shown) == "No power law can be fitted yet."
        assert "needs at least 3 distinct sizes n, got 2" in said(shown)


def test_what_the_images_are_is_said_and_nobodys_name_becomes_markup(store):
    names = {"![x](http://evil/x.png) <b>$a$ :red[b]": 0.5}
    record_study(
        "noted",
        architectures=names,
        sizes=SIZES,
        samples=0,
        note="the <b>test set</b> [click](http://evil)",
    )
    shown = page()
    raw = "\n".join(
        text.value for text in [*shown.title, *shown.markdown, *shown.caption, *shown.info]
    )
    assert "test set" in raw
    for markup in ("![x]", "](http", "<b>", ":red[", " $a$"):
        assert markup not in raw


def test_a_csv_of_ones_own_is_answered(store, curve):
    shown = page(source="csv")
    assert "Five sizes or more" in said(shown)
    shown.file_uploader[0].upload("mine.csv", curve.read_bytes(), "text/csv")
    looked_at(shown.run())
    assert "would bring the model's loss from" in answer(shown)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"n,loss\n100,1\n200,x\n", "row 3, column loss: 'x'"),
        (b"size,accuracy\n1,2\n", "needs columns n and loss"),
        (b"\xff\xfe\x00\x01", "CSV"),
        (b"n,loss\n" + b"1,1\n" * 600_000, "bytes"),
    ],
    ids=["a word", "other columns", "no text", "too long"],
)
def test_a_broken_csv_is_named_by_row_and_column(store, content, words):
    shown = page(source="csv")
    shown.file_uploader[0].upload("mine.csv", content, "text/csv")
    assert words in said(looked_at(shown.run()))


@pytest.mark.parametrize("tab", TABS)
def test_the_page_speaks_chinese(study, tab):
    shown = page(tab, language="zh", target_loss=0.05)
    assert "的概率使 cnn 的损失从" in answer(shown)
    assert "变为 0.05" in answer(shown)
    for text in said(shown).splitlines():
        assert len([word for word in text.split() if word.isascii() and word.isalpha()]) < 8, (
            text
        )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"n,loss\n100,1\n200,x\n", "第 3 行，loss 列：“x”；允许：大于 0 的数"),
        (b"size,accuracy\n1,2\n", "表格需要 n 和 loss（或其他指标）列；现有：size, accuracy"),
    ],
    ids=["a word", "other columns"],
)
def test_a_broken_csv_is_named_in_the_readers_language(store, content, words):
    shown = page(source="csv", language="zh")
    shown.file_uploader[0].upload("mine.csv", content, "text/csv")
    assert words in said(looked_at(shown.run()))


def test_the_address_reproduces_the_view(study):
    address = {
        "target_error": 2.5,
        "confidence": 0.8,
        "part": "trust",
        "engineers": True,
        "architecture": "linear",
        "label_price": 0.5,
    }
    shown = page(**address)
    known = dict(shown.query_params)
    about = {"source": "study", "study": "demo", "language": "en"}
    assert known == {name: str(value) for name, value in address.items()} | about
    assert answer(page(**known)) == answer(shown)


def test_the_address_names_the_study_and_the_architecture_that_were_shown_unasked(study):
    assert dict(page().query_params) == {
        "source": "study",
        "study": "demo",
        "architecture": "cnn",
        "language": "en",
    }


def test_the_address_holds_a_field_that_was_cleared(study):
    cleared = page(capacity="none", target_loss=500)
    assert (
        cleared.query_params["capacity"] == "none"
        and cleared.query_params["target_loss"] == "500.0"
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("study", "gone", "the study “gone”, which is not there. There is: demo."),
        ("example", "gone", "the example “gone”, which is not there. There is: cifar10,"),
        ("architecture", "<b>", "the architecture “<b>”, which is not there"),
        ("metric", "accuracy", "the measure “accuracy”, which is not there. There is: loss"),
        ("language", "tlh", "the language “tlh”, which is not there. There is: en, zh."),
        ("confidence", "2", "“confidence=2”. Allowed: 0.5, 0.8, 0.9, 0.95."),
        ("label_price", "x", "“label_price=x”. Allowed: 0 to 1,000,000."),
        ("capacity", "0", "“capacity=0”. Allowed: 1 to "),
        ("n", "nan", "“n=nan”. Allowed: 50 to 80,000."),
        ("times", "1000", "“times=1000”. Allowed: 1.25, "),
        ("asks", "x", "“asks=x”. Allowed: more data, target, budget."),
        ("part", "x", "“part=x”. Allowed: decision, models, trust, runs."),
    ],
)
def test_a_link_to_what_is_not_there_says_so_and_shows_nothing_else(study, name, value, words):
    shown = page(**{name: value})
    assert words in said(shown)
    assert not shown.title
    looked_at(shown.button(key="without").click().run())
    assert answer(shown)


def test_a_running_study_says_how_far_it_is(study):
    from mlflow import MlflowClient

    client = MlflowClient()
    (experiment,) = client.search_experiments(filter_string="name = 'demo'")
    (parent,) = client.search_runs([experiment.experiment_id], "tags.role = 'study'")
    client.update_run(parent.info.run_id, "RUNNING")
    assert "still running: 30 trials finished" in said(page())


def test_what_a_study_that_plans_itself_does_next_is_shown(study):
    from mlflow import MlflowClient

    title = "This study plans itself: what it said last"
    assert title not in [one.label for one in page().expander]
    client = MlflowClient()
    (experiment,) = client.search_experiments(filter_string="name = 'demo'")
    (parent,) = client.search_runs([experiment.experiment_id], "tags.role = 'study'")
    client.set_tag(parent.info.run_id, "plan", "next: 540 examples for the mlp")
    cache.newest.clear()  # it is looked at every three seconds
    (plan,) = (one for one in page().expander if one.label == title)
    assert plan.text[0].value == "next: 540 examples for the mlp"


def test_a_store_of_many_runs_is_answered(store):
    sizes = tuple(int(n) for n in np.geomspace(100, 50_000, 12))
    record_study(
        "many",
        architectures={f"net{i}": 0.3 + i / 50 for i in range(5)},
        sizes=sizes,
        samples=0,
    )
    multiply(store / "mlflow.db", 24)
    shown = page("runs")
    assert "1,500 of 1,500 runs" in said(shown)
    assert "net4" in answer(shown)


# --- whose stores are shown ------------------------------------------------------------------


def started_with(monkeypatch, *more):
    """The page as `streamlit run app/main.py -- ARGUMENTS` starts it."""
    monkeypatch.setattr("sys.argv", ["app/main.py", *more])


def test_a_visitor_cannot_name_a_store(study, monkeypatch, tmp_path):
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(b"")
    for given in (f"sqlite:///{foreign}", "http://127.0.0.1:9"):
        started_with(monkeypatch)
        shown = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
        shown.session_state["store"] = given
        shown.query_params["store"] = str(given)
        shown.query_params["source"] = "study"
        shown.run()
        assert str(given) not in said(shown)
    assert foreign.read_bytes() == b""


def test_further_stores_are_those_of_the_start_and_show_no_password(study, monkeypatch):
    started_with(monkeypatch, "--store", "http://me:s3cret@127.0.0.1:9")
    shown = page(source="study")
    field = widget(shown, "MLflow tracking store")
    assert field.options == [f"sqlite:///{study}/mlflow.db", "http://***@127.0.0.1:9"]
    looked_at(field.set_value(1).run())
    assert "http://***@127.0.0.1:9" in said(shown)
    assert "s3cret" not in said(shown)
    assert "s3cret" not in widget(shown, "MLflow UI").value


# --- side by side ----------------------------------------------------------------------------


def table_of(shown, column):
    """The table that has the column."""
    (found,) = [one.value for one in shown.table if column in one.value.columns]
    return found


def test_two_studies_stand_side_by_side(study):
    record_study("other", architectures={"forest": 0.4}, sizes=SIZES, samples=0)
    shown = page(study="demo")
    looked_at(widget(shown, "Other studies or datasets").set_value(["other"]).run())
    table = table_of(shown, "case")
    assert table["case"].tolist() == ["demo", "other"]
    assert table["model"].tolist() == ["cnn", "forest"]


def test_prices_are_saved_under_a_name_and_the_address_keeps_them(study):
    shown = page(label_price=5, target_error=2)
    looked_at(widget(shown, "Save these prices as").set_value("dear labels").run())
    looked_at(shown.button(key="save").click().run())
    looked_at(widget(shown, "Price per label ($)").set_value(0.01).run())
    table = table_of(shown, "case")
    assert table["case"].tolist() == ["demo", "dear labels"]
    assert table["price"].map(plain).tolist() == ["$48", "$4,000"]
    again = page(**shown.query_params)
    assert table_of(again, "case").equals(table)


def test_a_failed_single_run_is_no_study_and_a_study_without_points_is_not_opened(study):
    from mlflow import MlflowClient

    client = MlflowClient()
    failed = client.create_run(client.create_experiment("one-off"), run_name="failed")
    client.set_terminated(failed.info.run_id, "FAILED")
    begun = client.create_run(client.create_experiment("begun"), tags={"role": "study"})
    assert begun
    shown = page(source="study")
    assert widget(shown, "Study (an MLflow experiment)").options == ["demo", "begun"]
    assert "cnn" in answer(shown)


# --- the examples ----------------------------------------------------------------------------


@pytest.mark.parametrize("example", exports(EXAMPLES))
def test_every_example_opens_with_a_sentence_that_promises_something(store, example):
    said = answer(page(source="example", example=example))
    assert said.startswith("Twice the data (")
    assert " would " in said
    assert "cannot" not in said
