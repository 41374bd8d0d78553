"""The command `scaling-study` hands its arguments to the doors, and says what is allowed."""

import sys

import pytest
from records import record_study

from tracking import main as console


@pytest.fixture
def console_says(monkeypatch, capsys):
    """Run `scaling-study ARGUMENTS` within this process: (exit code, out, err)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["scaling-study", *arguments])
        code = 0
        try:
            console.main()
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_without_a_command_it_lists_them(console_says):
    code, out, _ = console_says()
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == list(console.COMMANDS)


def test_an_unknown_command_is_refused_with_those_there_are(console_says):
    code, _, err = console_says("nosuch")
    assert code == 2
    assert err == (
        "error: command 'nosuch' is unknown; "
        "allowed: train, study, answer, report, export, restore\n"
    )


@pytest.mark.parametrize("command", console.COMMANDS)
def test_each_command_explains_itself(console_says, command):
    code, out, _ = console_says(command, "--help")
    assert code == 0
    assert out.startswith("usage: ")


@pytest.mark.parametrize("command", ["train", "study", "answer", "report", "export"])
def test_each_command_refuses_an_unknown_option_in_one_line(console_says, command):
    code, _, err = console_says(command, "--nosuch", "1")
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_study_is_reported_exported_and_restored(console_says, store, tmp_path):
    record_study("demo", architectures={"cnn": 0.5}, sizes=(50, 100, 200), samples=1)
    code, out, _ = console_says("report", "--study", "demo")
    assert (code, "Law of cnn" in out) == (0, True)
    assert console_says("export", "--study", "demo", "--to", str(tmp_path))[0] == 0
    code, out, _ = console_says("restore", str(tmp_path / "demo"), "--study", "again")
    assert code == 0
    assert "6 trials of study 'again' restored" in out
