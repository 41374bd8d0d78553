"""The table of a run's fields, and what follows from it: keys, types, fairness."""

from dataclasses import asdict, fields
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.fairness import fair_cells
from tracking import schema
from tracking.errors import InputError
from tracking.runs import as_table
from tracking.schema import Field, Kept, Role, RunSettings

HYPERPARAMETERS = {
    "lr": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.0001,
    "batch_size": 32,
    "lr_drops": 1,
    "conv1_size": 6,
    "conv2_size": 16,
    "fc1_size": 120,
    "fc2_size": 84,
}
OLD = {"precision": "fp32", "max_steps": 10_000, "patience_epochs": 0.0}
OLD_KEY = "0518f259ec043350"  # of the trial below, in the first stores
LATER = Field("warmup", int, Role.BUDGET, Kept.PARAM, default=3, before=0)
BY_NAME = {one.name: one for one in schema.FIELDS}


def trial(**settings):
    """The settings of a trial, with its hyperparameters."""
    asked = asdict(RunSettings(**OLD | settings))
    return asked | {"hyperparameters": dict(HYPERPARAMETERS)}


def two_values(name):
    """Two values that a field may have."""
    if name == "precision":
        return "fp32", "bf16"  # others match any
    field = BY_NAME[name]
    if field.choices:
        return field.choices[:2]
    return {str: ("one", "two"), int: (7, 8), float: (0.25, 0.5)}[field.type]


# --- the table -------------------------------------------------------------------------------


def test_every_field_has_a_name_of_its_own_a_role_and_a_place():
    names = [one.name for one in schema.FIELDS]
    assert len(set(names)) == len(names)
    for one in schema.FIELDS:
        assert isinstance(one.role, Role), one.name
        assert isinstance(one.kept, Kept), one.name
        assert one.type in (str, int, float, bool), one.name


def test_every_setting_of_a_run_is_a_field():
    assert [one.name for one in fields(RunSettings)] == [one.name for one in schema.SETTINGS]
    settings = RunSettings()
    for one in schema.SETTINGS:
        value = getattr(settings, one.name)
        assert type(value) is one.type and value == one.default, one.name


def test_what_a_command_offers_is_explained():
    for one in schema.asked():
        assert one.help, one.name


# --- which values are allowed ----------------------------------------------------------------


def test_a_value_that_is_not_among_the_choices_is_refused_by_name():
    with pytest.raises(InputError) as refused:
        BY_NAME["search_space"].check("wide")
    assert (
        str(refused.value)
        == "search_space 'wide' is unknown; allowed: default, augmented, notebook"
    )


def test_a_value_that_is_too_small_is_refused_by_name():
    with pytest.raises(InputError) as refused:
        BY_NAME["max_steps"].check(0)
    assert str(refused.value) == "max_steps 0 is too small; allowed: 1 step or more"
    with pytest.raises(InputError) as refused:
        BY_NAME["sample"].check(-1)
    assert str(refused.value) == "sample -1 is too small; allowed: 0, 1, 2, …"


def test_a_value_that_only_a_program_finds_is_allowed_and_not_offered():
    BY_NAME["precision"].check("none")
    with pytest.raises(InputError, match=r"allowed: auto, fp32, bf16$"):
        BY_NAME["precision"].check("fp8")


def test_settings_check_each_of_their_values():
    with pytest.raises(InputError, match=r"patience 0 is too small"):
        RunSettings(patience=0)
    with pytest.raises(InputError, match=r"fraction 1\.5 is outside \(0, 1\]"):
        RunSettings(fraction=1.5)


# --- the key of a trial ----------------------------------------------------------------------


def test_equal_settings_have_one_key_in_any_order():
    turned = dict(reversed(trial().items()))
    assert schema.key(turned) == schema.key(trial())


@pytest.mark.parametrize("name", [one.name for one in schema.SETTINGS])
def test_the_key_changes_with_every_setting(name):
    first, second = two_values(name)
    assert schema.key(trial(**{name: first})) != schema.key(trial(**{name: second}))


def test_the_key_changes_with_a_hyperparameter():
    other = trial()
    other["hyperparameters"]["lr"] = 0.02
    assert schema.key(other) != schema.key(trial())


def test_a_trial_keeps_the_key_that_the_first_stores_gave_it():
    assert schema.key(trial()) == OLD_KEY


def test_a_field_added_later_enters_the_key_where_older_runs_had_another(monkeypatch):
    asked = trial()
    monkeypatch.setattr(schema, "SETTINGS", (*schema.SETTINGS, LATER))
    assert schema.key(asked | {"warmup": 0}) == OLD_KEY
    assert schema.key(asked | {"warmup": LATER.default}) != OLD_KEY


# --- the types of a table of runs ------------------------------------------------------------


def recorded(**params):
    """A run as MLflow gives it back: params and tags are text."""
    texts = {str: "007", int: "7", float: "0.1234567890123456", bool: "true"}
    values = {one.name: texts[one.type] for one in schema.FIELDS} | params
    info = SimpleNamespace(
        run_id="r", experiment_id="1", run_name="cnn", status="FINISHED", start_time=0
    )
    data = SimpleNamespace(
        params={name: values[name] for name in (*schema.names(kept=Kept.PARAM), *params)},
        tags={name: values[name] for name in schema.names(kept=Kept.TAG)},
        metrics=dict.fromkeys(schema.names(kept=Kept.METRIC), 7.0),
    )
    return SimpleNamespace(info=info, data=data)


def test_runs_are_read_with_the_types_of_the_schema():
    table = as_table([recorded(), recorded()])
    for one in schema.FIELDS:
        if one.kept is Kept.INFO:
            continue
        column = table[one.name]
        if one.type is str:
            assert (column == "007").all(), one.name
        elif one.kept is Kept.METRIC:  # MLflow keeps all of them as fractions
            assert column.dtype == np.float64, one.name
        else:
            assert column.dtype == (np.int64 if one.type is int else np.float64), one.name


def test_a_fraction_keeps_its_last_digit():
    assert as_table([recorded()])["fraction"].iloc[0] == 0.1234567890123456


def test_hyperparameters_are_numbers_where_all_of_them_are():
    table = as_table([recorded(lr="0.01", gate="a"), recorded(lr="0.1", gate="3")])
    assert list(table["lr"]) == [0.01, 0.1]
    assert list(table["gate"]) == ["a", "3"]


def test_runs_from_before_a_field_was_added_have_what_they_were_trained_with(monkeypatch):
    monkeypatch.setattr(schema, "SETTINGS", (*schema.SETTINGS, LATER))
    assert list(as_table([recorded()])["warmup"]) == [0]
    both = as_table([recorded(), recorded(warmup="5")])
    assert list(both["warmup"]) == [0, 5]


# --- fairness --------------------------------------------------------------------------------

COMPARED = schema.names(Role.SPLIT, Role.BUDGET)


def study(**more):
    """Runs of two architectures that agree in every split and budget field."""
    cells = pd.MultiIndex.from_product(
        [("cnn", "mlp"), (100.0, 200.0, 400.0), (0, 1, 2)],
        names=["architecture", "n_train", "sample"],
    )
    runs = cells.to_frame(index=False)
    alike = {name: two_values(name)[0] for name in COMPARED}
    runs = runs.assign(**alike, data_seed=0, status="FINISHED", failure=None, **more)
    runs["best_val_loss"] = runs["n_train"] ** -0.3 + 0.01 * runs["sample"]
    return runs


def test_what_is_compared_is_every_field_of_the_split_and_the_budget():
    assert sorted(schema.fair()) == sorted(COMPARED)
    kept, left_out = fair_cells(study())
    assert len(kept) == len(study()) and left_out == []


@pytest.mark.parametrize("name", COMPARED)
def test_a_cell_with_another_split_or_budget_is_left_out(name):
    runs = study()
    usual, other = two_values(name)
    odd = runs["architecture"].eq("mlp") & runs["n_train"].eq(400)
    runs.loc[odd, name] = other
    kept, (found,) = fair_cells(runs)
    assert set(kept.index) == set(runs.index[~odd])
    assert found.numbers["what"] == name
    assert (found.numbers["other"], found.numbers["usual"]) == (str(other), str(usual))


@pytest.mark.parametrize("role", [Role.SEED, Role.SEARCH, Role.PLACE, Role.MEASURED])
def test_nothing_else_needs_to_agree(role):
    assert set(schema.names(role)).isdisjoint(schema.fair())


def test_unknown_values_match_any_other():
    assert schema.matches_any("precision") == ("none", "auto")
    assert schema.matches_any("max_steps") == ()
