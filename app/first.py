"""The first screen: the question, its answer in a sentence, how sure, what next, a chart."""

from dataclasses import replace

import streamlit as st

from analysis.decision.questions import Asks
from analysis.report.answer_chart import answer_chart
from analysis.report.answer_words import dominant
from analysis.report.finding_words import finding_words
from analysis.report.headline import Headline, headline
from analysis.report.messages import say_error
from analysis.report.numbers import best_of
from analysis.report.sections import curve_sections
from analysis.report.study_analysis import Question, StudyAnalysis
from app import address
from app.show import draw, emphasised, label, labels, say, stop, theme, words
from tracking.measures import Measure, find_measure
from tracking.text import Text, template

ASKS = {
    Asks.MORE_DATA: Text("What does more data bring?"),
    Asks.TARGET: Text("How much for a target?"),
    Asks.BUDGET: Text("What does my budget buy?"),
}
TIMES = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # the data: stops of the slider
LEAST_GAP = 1e-6  # between the best value and a target
MOST_VALUE = 1e12  # of a measure without end
MOST_MONEY = 1e15
BUDGET = 10_000.0
EXAMPLES = template("{n:,.0f} examples")
STEPS = {"good": 3, "fair": 2, "poor": 1, "cannot say": 0}
ALT = Text("Chart: what was measured, the forecast in its interval, and the answer.")


def ask(analysis: StudyAnalysis, question: Question) -> Question:
    """The question that is chosen, with its target or budget."""
    with st.container(key="ask", horizontal=True, vertical_alignment="bottom"):
        asks = _asks()
        target = _target(analysis) if asks is Asks.TARGET else None
        budget = _budget(question) if asks is Asks.BUDGET else None
    address.start("times", Question().times, _a_times)
    # its stops may be called otherwise than before: the browser is told again where it stands
    st.session_state["times"] = st.session_state["times"]
    prices = replace(question.prices, target=target)
    return replace(question, prices=prices, budget=budget, asks=asks)


def _asks() -> Asks:
    """The first by default; a link with a target or a budget asks for it."""
    first = Asks.MORE_DATA
    if any(key.startswith("target_") for key in st.query_params):
        first = Asks.TARGET
    if "budget" in st.query_params:
        first = Asks.BUDGET
    names = [one.value for one in Asks]
    address.start("asks", first.value, address.one_of(names))
    chosen = st.segmented_control(
        say(Text("Question")),
        names,
        format_func=labels({one.value: text for one, text in ASKS.items()}),
        key="asks",
        required=True,
        label_visibility="collapsed",
    )
    return Asks(chosen)


def _target(analysis: StudyAnalysis) -> float | None:
    """As the reader knows the measure, shares in per cent; returned as a gap to the best."""
    found = find_measure(analysis.measure)
    key = f"target_{found.name}"
    scale = 100 if found.is_share else 1
    least, most = (scale * end for end in _targets(found))
    address.start(key, None, address.number(least, most))
    empty = Text("20 % below today's")
    if found.is_score:
        empty = Text("closes 20 % of the gap to {best}", best=best_of(found.text))
    value = st.number_input(
        say(_target_label(found)),
        least,
        most,
        None,
        format="%g",
        key=key,
        placeholder=say(empty),
        width=260,
    )
    return None if value is None else found.gap(value / scale)


def _targets(found: Measure) -> tuple[float, float]:
    """The smallest and the largest value that may be asked for."""
    if found.is_score:
        return found.best - min(found.most, MOST_VALUE), found.best - LEAST_GAP
    return found.best + LEAST_GAP, min(found.most, MOST_VALUE)


def _target_label(found: Measure) -> Text:
    if found.is_share:
        return Text("Target {measure} (%)", measure=found.said)
    return Text("Target {measure}", measure=found.said)


def _budget(question: Question) -> float:
    address.start("budget", BUDGET, address.number(0.0, MOST_MONEY))
    value = st.number_input(
        label(Text("Budget ({currency})", currency=question.prices.currency)),
        0.0,
        MOST_MONEY,
        None,
        1000.0,
        "%g",
        key="budget",
        width=260,
    )
    return BUDGET if value is None else value


# --- the answer ------------------------------------------------------------------------------


@st.fragment
def answer(analysis: StudyAnalysis, question: Question) -> None:
    """The answer beside its chart; the slider moves both without the rest of the page.

    Ends the page with a plain box where the question has no answer.
    """
    with st.container(key="first"):
        left, right = st.columns([5, 8], gap="large", vertical_alignment="center")
    with left:
        if question.asks is Asks.MORE_DATA:
            question = replace(question, times=_times(analysis, question))
        try:
            found = headline(analysis, question)
        except ValueError as error:  # FitError, or what prices refuse
            stop(say_error(error, analysis.measure))
        _say(analysis, question, found)
    with right, st.container(key="chart"):
        _draw(analysis, question)
    address.write()


def _times(analysis: StudyAnalysis, question: Question) -> float:
    """How many times today's examples; the slider says how many these are."""
    asked = analysis.asked(question)
    if asked is None:
        return Question().times
    n = question.prices.n or asked.largest_n
    return st.select_slider(
        say(Text("With how many examples?")),
        TIMES,
        format_func=labels({times: Text(EXAMPLES, n=times * n) for times in TIMES}),
        key="times",
        label_visibility="collapsed",
    )


def _a_times(text: str) -> float:
    known = {f"{one:g}": one for one in TIMES} | {str(one): one for one in TIMES}
    return known[address.one_of(known, [f"{one:g}" for one in TIMES])(text)]


def _say(analysis: StudyAnalysis, question: Question, found: Headline) -> None:
    sentence = words(found.sentence)
    if analysis.asked(question) is not None:
        sentence = emphasised(found.sentence, dominant(analysis.answer(question)))
    with st.container(key="sentence"):
        st.title(sentence, anchor=False)
    if found.doubt:
        with st.container(key="doubt"):
            st.markdown(words(found.doubt))
    with st.container(key="sure", horizontal=True, wrap=False):
        st.html(_bar(found.grade), width="content")
        sure = Text("How sure: {because}.", because=found.because)
        st.markdown(words(sure), width="stretch")
    with st.container(key="next", horizontal=True, wrap=False):
        st.markdown("→", width="content")
        st.markdown(words(found.surer), width="stretch")


def _bar(grade: str) -> str:
    """Three steps, of which as many are filled as the answer is sure."""
    filled = STEPS[grade]
    steps = "".join(f"<i class='{'on' if i < filled else ''}'></i>" for i in range(3))
    said = say(Text("How sure: {grade}", grade=grade))
    kind = "steps dark" if theme().dark else "steps"
    return f"<div class='{kind}' role='img' aria-label='{said}'>{steps}</div>"


def _draw(analysis: StudyAnalysis, question: Question) -> None:
    if analysis.asked(question) is None:  # the points alone
        chart = curve_sections(analysis, question)[0].chart
        assert chart is not None
        draw(chart(theme=theme()), "answer", say(ALT))
        return
    twice = analysis.doublings(question)[0]
    st.markdown(f"**{words(finding_words(twice, analysis.measure))}**")
    draw(answer_chart(analysis, question, theme=theme()), "answer", say(ALT))
