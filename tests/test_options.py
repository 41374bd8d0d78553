"""Whatever is typed as an option is taken as it is meant, or refused in one line."""

import io
import shlex
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report import __main__ as report
from experiments import run, study
from experiments.orchestration import options
from tracking import schema
from tracking.command import Parser, command_line
from tracking.errors import InputError

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--note", "--"], ["note", "'--'"]),
        (["--note=--"], ["note", "'--'"]),
        (["--"], ["'--'"]),
        (["--study", "--dry_run"], ["study", "'--dry_run'"]),
        (["--study", "-x"], ["study", "'-x'"]),
        (["--study=-x"], ["study", "'-x'"]),
        (["--note", "-rf /"], ["note", "'-rf /'"]),
        (["--study"], ["study", "no value"]),
        (["--study", LONG], ["study", "xxx…", "5,000 letters"]),
        (["--dataset", LONG], ["dataset", "5,000 letters"]),
        (["--note", LONG], ["note", "5,000 letters"]),
        (["--architectures", f"linear,{LONG}"], ["5,007 letters", "allowed: up to"]),
        (["--study", "a\nb"], ["study", "cannot be printed"]),
        (["--study", "a\x00b"], ["study", "cannot be printed"]),
        (["--study", "a\udcff"], ["study", "cannot be printed"]),
        (["--samples", "999999999"], ["samples 999999999", "allowed: up to 100,000"]),
        (["--replicas", "999999999"], ["replicas 999999999", "trials"]),
        (
            ["--data_seeds", ",".join(map(str, range(9999)))],
            ["data_seeds", "letters; allowed"],
        ),
        (["--workers", "999999999"], ["workers 999999999", "allowed: up to"]),
        (["--retries", "999999999"], ["retries 999999999", "allowed: up to"]),
        (["--samples", "1_0"], ["samples", "'1_0' is not a whole number"]),
        (["--samples", "١"], ["samples", "is not a whole number"]),
        (["--samples", "9" * 5000], ["samples", "is not a whole number"]),
        (["--fractions", "0_1"], ["fractions", "'0_1' is not a number"]),
        (["--samples", "-1"], ["samples -1", "allowed: 0"]),
        (["--max_steps", "1000000000000"], ["max_steps", "too large"]),
        (["--patience_epochs", "nan"], ["patience_epochs", "nan"]),
        (["--patience_epochs", "inf"], ["patience_epochs", "inf"]),
        (["--seed", "99999999999999"], ["seed", "too large"]),
        (["--device", "meta"], ["'meta'", "allowed: auto, cpu"]),
        (["--device", "xla"], ["'xla'", "allowed: auto, cpu"]),
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry_run"]])
def test_what_cannot_be_meant_is_refused_in_a_dry_run_too(arguments, words, more):
    more = [] if arguments == ["--study"] else more
    said = refusal(study.main, [*arguments, *more])
    assert [word for word in words if word not in said] == [], said
    assert len(said) < 900


def refusal(main, arguments):
    """The one line in which a command refuses its options."""
    with redirect_stderr(io.StringIO()) as err, redirect_stdout(io.StringIO()):
        try:
            main(arguments)
        except InputError as error:
            return str(error)
        except SystemExit as stop:
            assert stop.code == 2
            said = err.getvalue()
            assert said.count("\n") == 1
            return said
    raise AssertionError(f"{arguments} were not refused")


@pytest.mark.parametrize("value", ["1e-300", "0", "1", "nan", "0.9_9", "0.9999999999"])
def test_a_confidence_that_no_interval_has_is_refused(value):
    assert "confidence" in refusal(report.main, ["nofile.csv", "--confidence", value])


def test_a_sample_of_one_run_is_refused_with_the_same_words():
    assert "sample -1 is too small; allowed: 0, 1, 2" in refusal(run.main, ["--sample", "-1"])


@pytest.mark.parametrize("name", ["it's", "a b", "$(reboot)", "`x`", '"', "a;b", "数据", "*"])
def test_a_printed_command_can_be_pasted(name):
    words = shlex.split(command_line("analysis.report", study=name))
    assert words == ["python", "-m", "analysis.report", "--study", name]
    assert options.parse(["--study", name]).study == name


NAMES = [one.name for one in options.OPTIONS]
values = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["--", "-1", "1e999", "nan", "", " ", ",", "1_0", "true", LONG, "0x10"]),
    st.integers().map(str),
    st.floats().map(repr),
)


@settings(max_examples=150)
@given(given=st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=4))
def test_any_options_are_taken_or_refused_in_one_line(given):
    """Of what is taken the grid is bounded, and its words are those that were given."""
    words = [word for name, value in given for word in (f"--{name}", value)]
    with redirect_stderr(io.StringIO()) as err, redirect_stdout(io.StringIO()):
        try:
            taken = options.parse(words)
        except InputError as error:
            assert "\n" not in str(error)
            return
        except SystemExit as stop:
            assert stop.code == 2
            assert err.getvalue().count("\n") == 1
            return
    assert taken.samples < options.MOST_TRIALS
    last = dict(given)
    if "study" in last:
        assert taken.study == last["study"]


@settings(max_examples=100)
@given(value=st.text(max_size=8))
def test_a_value_is_never_taken_for_another_option(value):
    parser = Parser("any", "", [*options.OPTIONS])
    with redirect_stderr(io.StringIO()):
        try:
            taken = parser.parse_args(["--note", value, "--study", "s"])
        except SystemExit:
            return
    assert (taken.note, taken.study) == (value, "s")
    assert {one.name for one in schema.shared()} <= set(vars(taken))


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("analysis.report", [LONG]),
        ("analysis.report", ["x" * 400]),
        ("analysis.restore", ["x" * 400]),
        ("analysis.export", ["--study", "a", "--to", "x" * 400]),
    ],
)
def test_a_name_that_no_file_can_have_is_refused_in_one_line(
    refuses, store, module, arguments
):
    refuses(module, *arguments, words=["xxx…", "allowed: up to"])


def test_a_metric_of_any_length_is_refused_in_a_short_line(refuses, store):
    (store / "a.csv").write_text("n,loss\n100,0.5\n200,0.4\n400,0.3\n")
    refuses("analysis.report", "a.csv", "--metric", "x" * 1500, words=["xxx…", "loss"])
