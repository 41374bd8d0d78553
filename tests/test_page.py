"""The page in every state, as Streamlit's own test runner sees it."""

import numpy as np
import pytest
from conftest import ROOT, store_in
from records import multiply, record_study
from streamlit.testing.v1 import AppTest

SIZES = (50, 100, 200, 400, 800)
TABS = ("The curve", "Architectures", "Engineers or data", "Can I trust it?", "Runs")


def page(tab="", session=None, **address) -> AppTest:
    """The page at an address (query parameters), with one of its tabs open."""
    shown = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    for name, value in address.items():
        shown.query_params[name] = str(value)
    for name, value in (session or {}).items():
        shown.session_state[name] = value
    if tab:
        shown.session_state[f"tabs-{address.get('language', 'en')}"] = tab
    return looked_at(shown.run())


def looked_at(shown: AppTest) -> AppTest:
    assert not shown.exception, shown.exception
    return shown


def answer(shown) -> str:
    return shown.title[0].value.replace("\\", "")


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
    (found,) = [one for kind in kinds for one in kind if one.label == label]
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
    assert "Example: the results of a real study, “fashion_mnist”, trained on 2026-" in said(
        shown
    )
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
    assert answer(page()).startswith("Twice the data (1,600 examples) would bring the loss")
    assert "loss of the cnn from 0.0707 to 0.05 with 80% probability" in answer(shown)
    looked_at(widget(shown, "Target loss (nats)").set_value(0.04).run())
    assert "to 0.04 with 80% probability" in answer(shown)


def test_prices_change_what_it_costs(study):
    shown = page(target_loss=0.05)
    before = [metric.value for metric in shown.metric]
    looked_at(widget(shown, "Price per label").set_value(8.0).run())
    assert [metric.value for metric in shown.metric] != before


def test_error_is_asked_for_in_per_cent(study):
    shown = page(metric="error", target_error=2)
    assert "to 2.00% with 80% probability" in answer(shown)
    assert shown.query_params["metric"] == "error"


@pytest.mark.parametrize(
    ("tab", "titles"),
    [
        ("The curve", ["Learning curves", "Power law", "Forecasts"]),
        (
            "Architectures",
            [
                "Exponents side by side",
                "What switching is worth",
                "Crossovers",
                "What tuning is worth",
            ],
        ),
        (
            "Engineers or data",
            ["Engineers or data?", "Break-even", "Collect in rounds", "What to run next"],
        ),
        (
            "Can I trust it?",
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
    assert set(titles) <= set(headings(page(tab)))


def test_the_next_run_has_a_command_to_copy(study):
    record_study("small", architectures={"cnn": 0.5}, sizes=SIZES[:4], samples=1, pool=3200)
    assert any(
        "experiments.study" in code.value
        for code in page("Engineers or data", study="small").code
    )


def test_the_runs_behind_a_point_can_be_chosen(study):
    shown = page("Runs")
    looked_at(widget(shown, "Training examples").set_value(200).run())
    runs = shown.dataframe[0].value
    assert len(runs) == 6
    assert set(runs["n_train"]) == {200}
    assert runs["MLflow"].str.startswith("http://127.0.0.1:5000/#/experiments/").all()


def test_one_architecture_alone_is_answered(store):
    record_study("one", architectures={"cnn": 0.5}, sizes=SIZES, samples=0)
    shown = page("Architectures")
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
    assert "Upload a CSV" in said(shown)
    shown.file_uploader[0].upload("mine.csv", curve.read_bytes(), "text/csv")
    looked_at(shown.run())
    assert "would bring the loss of the model from" in answer(shown)


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


@pytest.mark.parametrize(
    "tab", ["学习曲线", "架构对比", "工程师还是数据", "可以相信吗？", "运行"]
)
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
        "metric": "error",
        "target_error": 2.5,
        "confidence": 0.8,
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
    assert (
        page(capacity=0).session_state["capacity"]
        == page().session_state["capacity"]
        == 50_000
    )


def test_an_address_that_makes_no_sense_is_an_address_without_it(study):
    nonsense = {
        "metric": "accuracy",
        "confidence": "2",
        "architecture": "<b>",
        "label_price": "x",
        "study": "gone",
    }
    assert answer(page(**nonsense, n="nan", language="tlh")) == answer(page())


def test_a_running_study_says_how_far_it_is(study):
    from mlflow import MlflowClient

    client = MlflowClient()
    (experiment,) = client.search_experiments(filter_string="name = 'demo'")
    (parent,) = client.search_runs([experiment.experiment_id], "tags.role = 'study'")
    client.update_run(parent.info.run_id, "RUNNING")
    assert "still running: 30 trials finished" in said(page())


def test_a_store_of_many_runs_is_answered(store):
    sizes = tuple(int(n) for n in np.geomspace(100, 50_000, 12))
    record_study(
        "many",
        architectures={f"net{i}": 0.3 + i / 50 for i in range(5)},
        sizes=sizes,
        samples=0,
    )
    multiply(store / "mlflow.db", 24)
    shown = page("Runs")
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
