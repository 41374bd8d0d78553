"""The published studies: one list, from which they are run and described."""

import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import studies
from experiments.orchestration.grid import grid
from experiments.orchestration.options import parse
from tracking.study import Study

EVERY = [
    (name, options)
    for plan in studies.STUDIES.values()
    for name, launches in plan.items()
    for options in launches
]


@pytest.mark.parametrize("name, options", EVERY, ids=[name for name, _ in EVERY])
def test_every_published_study_is_one_that_the_command_understands(name, options):
    told = parse(studies.command(name, options)[2:])
    assert told.study == name
    form = "table" if told.settings.target else "images"
    assert len(grid(replace(told, settings=replace(told.settings, form=form)))) >= 27


def test_the_commands_that_are_printed_are_those_that_are_run():
    lines = [shlex.split(line) for line in studies.commands().splitlines()]
    assert lines == [["python", *studies.command(*one)] for one in EVERY]


def test_whatever_holds_cifar10_says_which_images_they_are():
    on_cifar10 = [options for _, options in EVERY if "cifar10" in options["dataset"]]
    assert on_cifar10 and all("not used" in options["note"] for options in on_cifar10)


@pytest.fixture
def called(monkeypatch):
    """What would be called, in a place with two exports: of today and of before."""
    epochs = {"of-today": 3.0, "of-before": 0.0}

    def read(place):
        return Study(place.name, pd.DataFrame({"patience_epochs": [3.0, epochs[place.name]]}))

    calls = []
    monkeypatch.setattr(studies, "exports", lambda folder: list(epochs))
    monkeypatch.setattr(studies, "BEGUN", Path("nowhere"))
    monkeypatch.setattr(studies, "read_export", read)
    monkeypatch.setattr(studies, "call", lambda arguments, *_: not calls.append(arguments))
    return calls


def test_models_too_slow_for_all_sizes_are_a_second_launch_of_the_study(called):
    studies.run("new", studies.STUDIES["cifar10"]["cifar10"], Path(), float("inf"))
    first, second = (one for one in called if one[1] == "experiments.study")
    names = [one[one.index("--architectures") + 1] for one in (first, second)]
    assert names == ["linear,mlp,cnn,forest", "resnet"]
    assert second[second.index("--study") + 1] == first[first.index("--study") + 1]


@pytest.mark.parametrize("name, restored", [("of-today", 1), ("of-before", 0), ("new", 0)])
def test_only_an_export_of_todays_protocol_is_gone_on_with(called, name, restored):
    studies.run(name, [{}], Path(), float("inf"))
    modules = [module for _, module, *_ in called]
    assert modules == [
        *["analysis.restore"] * restored,
        "experiments.study",
        "analysis.export",
    ]


def test_a_study_that_ran_out_of_time_is_stopped_as_by_hand(tmp_path):
    program = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: open('ended', 'w')"
    script = tmp_path / "long.py"
    script.write_text(
        f"import signal\nsignal.signal(15, signal.default_int_handler)\n{program}"
    )
    studies.call([str(script)], tmp_path, until=studies.time.monotonic() + 3)
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize("name, options", EVERY)
def test_a_study_with_too_few_sizes_for_a_law_is_no_example_of_the_page(name, options):
    few = "-search-" in name or name.endswith("-unpruned")
    assert studies.place_of([options]) == (studies.OTHERS if few else studies.EXAMPLES)
