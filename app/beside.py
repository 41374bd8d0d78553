"""Two studies or datasets side by side, and prices that were saved under a name."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.report.side_by_side import Entry, side_by_side
from analysis.report.study_analysis import Question, StudyAnalysis
from analysis.selection import datasets
from app import address, cache, controls
from app.fields import NUMBERS
from app.show import inform, say, show
from app.shown import Source
from app.source import EXAMPLES
from tracking.errors import InputError
from tracking.export import exports
from tracking.study import Study
from tracking.text import Text

MOST = 4  # others beside the one that is shown
MOST_LETTERS = 40  # of the name of a scenario
SCENARIOS = "scenarios"  # in the session and the address: name -> numbers that differ


def begin() -> None:
    """What the address may say of it."""
    address.start(SCENARIOS, "{}", _scenarios)


def _scenarios(text: str) -> str:
    """The same text, where it holds names with numbers."""
    try:
        found = json.loads(text)
        for numbers in found.values():
            for key, value in numbers.items():
                field = NUMBERS[key]
                if value is not None and not field.lowest <= value <= field.highest:
                    raise ValueError(key)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise address.NotThereError(Text("names with their prices")) from None
    return text


def beside(source: Source, analysis: StudyAnalysis, question: Question) -> None:
    """Others to choose, prices to save, and the table of all of them."""
    with st.expander(say(Text("Side by side: other data, other prices"))):
        left, right = st.columns(2, gap="large")
        with left:
            others = _others(source, analysis)
        with right:
            _save()
        known = json.loads(st.session_state[SCENARIOS])
        entries = [Entry(source.study.name, analysis, question)]
        entries += [Entry(name, one, _asked(question)) for name, one in others.items()]
        entries += [
            Entry(name, analysis, _priced(question, numbers))
            for name, numbers in known.items()
        ]
        if len(entries) == 1:
            return
        try:
            show(side_by_side(entries), "beside")
        except (InputError, ValueError) as error:
            inform(str(error))


def _asked(question: Question) -> Question:
    """The same of other data: their own best model, their own examples and target."""
    prices = replace(question.prices, n=None, target=None)
    return replace(question, architecture=None, better=None, prices=prices)


def _others(source: Source, analysis: StudyAnalysis) -> dict[str, StudyAnalysis]:
    """Name -> analysis of each dataset, study or example that the reader adds."""
    names = _names(source)
    chosen = st.multiselect(
        say(Text("Other studies or datasets")),
        list(names),
        max_selections=MOST,
        key=f"beside-{source.kind}",
        placeholder=say(Text("Choose")),
    )
    found: dict[str, StudyAnalysis] = {}
    for name in chosen:
        try:
            found[name] = _analysis(source, *names[name], analysis.measure)
        except (InputError, OSError) as error:
            inform(str(error))
    return found


def _names(source: Source) -> dict[str, tuple[str, str | None]]:
    """What it is called -> study and dataset."""
    own = {one: (source.study.name, one) for one in datasets(source.study)[1:]}
    if source.kind == "study":
        others = [one for one in cache.studies(source.store) if one != source.study.name]
    else:
        others = [one for one in exports(EXAMPLES) if one != source.study.name]
    return own | {one: (one, None) for one in others}


def _analysis(source: Source, name: str, dataset: str | None, measure: str) -> StudyAnalysis:
    """By the same measure, where it was measured there."""
    study, key = _study(source, name)
    known = datasets(study)
    dataset = dataset or (known[0] if known else None)
    measures = study.measures_on(dataset)
    chosen = measure if measure in measures else measures[0]
    return cache.analysis(key, dataset, chosen, study)


def _study(source: Source, name: str) -> tuple[Study, tuple[str, ...]]:
    if name == source.study.name:
        return source.study, source.key
    if source.kind == "study":
        stamp = cache.stamp(name, source.store)
        return cache.load(name, source.store, stamp), (source.store, name, stamp)
    return cache.example(EXAMPLES / name), (name,)


# --- prices ----------------------------------------------------------------------------------


def _save() -> None:
    """Today's prices under a name, which the address keeps."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            say(Text("Save these prices as")),
            key="scenario",
            max_chars=MOST_LETTERS,
            placeholder=say(Text("cheap labels")),
        )
        st.button(say(Text("Save")), on_click=_keep, key="save")
        if st.session_state[SCENARIOS] != "{}":
            st.button(say(Text("Forget all")), on_click=_forget, key="forget", type="tertiary")


def _keep() -> None:
    name = str(st.session_state["scenario"]).strip()
    if not name:
        return
    defaults: Mapping[str, Any] = {key: one.default for key, one in NUMBERS.items()}
    chosen = {key: st.session_state[key] for key in NUMBERS}
    numbers = {key: value for key, value in chosen.items() if value != defaults[key]}
    known = json.loads(st.session_state[SCENARIOS])
    st.session_state[SCENARIOS] = json.dumps(known | {name: numbers}, ensure_ascii=False)
    st.session_state["scenario"] = ""


def _forget() -> None:
    st.session_state[SCENARIOS] = "{}"


def _priced(question: Question, numbers: Mapping[str, float | None]) -> Question:
    """The same question by saved prices."""
    chosen = {key: one.default for key, one in NUMBERS.items()} | dict(numbers)
    old = question.prices
    prices = controls.prices_of(chosen, old.n, old.currency)
    return replace(question, prices=replace(prices, target=old.target))
