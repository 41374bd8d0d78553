"""The page asks what a table of somebody's own does not say by itself."""

import hashlib
import io

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from test_page import answer, looked_at, page, said

SIZES = (1000, 2000, 4000, 8000, 16_000)


def upload(content, name="mine.csv", session=None):
    shown = page(source="csv", session=session)
    shown.file_uploader[0].upload(name, content, "text/csv")
    return looked_at(shown.run())


def rows(columns, line):
    return (columns + "\n" + "".join(line.format(n=n, v=3 * n**-0.5) for n in SIZES)).encode()


def question(shown):
    """The select box that has no choice yet."""
    (found,) = [one for one in shown.selectbox if one.value is None]
    return found


def test_a_column_that_separates_curves_is_asked_about_and_the_answer_is_used(store):
    shown = upload(rows("n,loss,epoch", "{n},{v},20\n{n},5,1\n"))
    assert "column epoch has 2 values in one curve (1, 20)" in said(shown)
    assert "--" not in said(shown)
    assert not shown.title
    asked = question(shown)
    assert "epoch" in asked.label
    assert "only epoch = 20" in asked.options
    looked_at(asked.select("only epoch = 20").run())
    assert "from 0.02" in answer(shown)
    assert "Read as: epoch = 20." in said(shown)


def test_several_questions_follow_one_another(store):
    shown = upload(rows("size,metric", "{n},{v}\n"))
    looked_at(question(shown).select("size").run())
    looked_at(question(shown).select("metric is loss").run())
    assert answer(shown)


def test_n_may_be_written_as_a_share_of_a_pool_that_no_list_has(store):
    shares = b"n,loss\n10,0.9\n20,0.7\n40,0.55\n80,0.43\n100,0.4\n"
    assert "as percentages do" in said(upload(shares))
    key = f"asked-{hashlib.sha256(shares).hexdigest()}-0-n"
    assert "37,000" in said(upload(shares, session={key: "370*n"}))


def test_an_accuracy_under_the_heading_error_is_asked_about(store):
    shown = upload(b"n,error\n1000,0.69\n2000,0.76\n4000,0.81\n8000,0.85\n16000,0.89\n")
    assert "error gets worse as n grows" in said(shown)
    looked_at(question(shown).select("error is accuracy").run())
    assert "accuracy" in answer(shown)


def test_an_excel_file_is_answered(store):
    content = io.BytesIO()
    table = pd.DataFrame({"n": SIZES, "loss": [3 * n**-0.5 for n in SIZES]})
    table.to_excel(content, index=False)
    assert answer(upload(content.getvalue(), "mine.xlsx"))


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08\x00", b"\x89PNG\r\n\x1a\n\x00\xff\xfe", b"PK\x03\x04"]
)
def test_a_file_that_cannot_be_read_is_named_as_the_reader_knows_it(store, content):
    shown = said(upload(content))
    assert "mine.csv" in shown
    assert "BytesIO" not in shown


def test_an_experiment_of_somebody_else_is_read_by_the_names_that_a_reader_chooses(store):
    client = MlflowClient()
    experiment = client.create_experiment("theirs")
    for n in SIZES:
        run = client.create_run(experiment).info.run_id
        client.log_param(run, "rows", n)
        client.log_metric(run, "val/nll", 3 * n**-0.5)
        client.set_terminated(run)
    shown = page(source="study", study="theirs")
    assert "it has: rows, val/nll" in said(shown)
    looked_at(question(shown).select("rows").run())
    looked_at(question(shown).select("val/nll is loss").run())
    assert "from 0.02" in answer(shown)
    assert "Read as: n = rows, loss = val/nll." in said(shown)
    assert mlflow.active_run() is None
