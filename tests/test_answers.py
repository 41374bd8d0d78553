"""One answer: headline, tables, rounds, break-even, JSON and charts say the same."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from known import LAST, known

from analysis.decision.decide import decide
from analysis.decision.gains import for_budget, more_data
from analysis.decision.prices import Engineering, Prices
from analysis.decision.questions import Asks, for_target
from analysis.diagnostics.evidence import Past, fitted_law, sureness
from analysis.reasons import Reason
from analysis.report.amounts import count, duration, money, values
from analysis.report.answer_words import Subject, answer_words
from analysis.report.decision_sections import doublings, plan, strategies, tornado
from analysis.report.headline import headline
from analysis.report.json_answer import as_json
from analysis.report.language import translate
from analysis.report.numbers import chance, in_units
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.export import read_export
from tracking.study import Study

EXAMPLES = sorted(path for path in (ROOT / "app" / "example").iterdir() if path.is_dir())


def measured(sizes, values, measure="loss"):
    table = pd.DataFrame({"architecture": "net", "n": sizes, "value": values, "se": math.nan})
    return StudyAnalysis(Study("mine", measured=table, measures=(measure,)), None, measure)


def noisy(seed, sizes, floor=0.0, noise=0.02):
    scatter = np.exp(noise * np.random.default_rng(seed).standard_normal(len(sizes)))
    return (floor + 3 * sizes**-0.4) * scatter


SIZES = 250 * 2.0 ** np.arange(8)
CURVES = {
    "falling": measured(SIZES, noisy(0, SIZES)),
    "levelling off": measured(SIZES, noisy(1, SIZES, floor=0.1)),
    "few and small": measured(SIZES[:5] / 20, noisy(2, SIZES[:5] / 20, noise=0.1)),
}

LAWLESS = (Reason.FLAT, Reason.TOO_MUCH_SCATTER, Reason.RISES)

# --- one model of the decision behind every number -------------------------------------------


@settings(max_examples=30)
@given(
    curve=st.sampled_from(list(CURVES)),
    share=st.sampled_from([0.5, 0.8, 0.9, 1.1]),
    label_price=st.sampled_from([0.0, 0.08, 30.0, math.inf]),
    engineer_price=st.sampled_from([0.0, 50.0, 12_000.0]),
    months=st.sampled_from([0.0, 6.0]),
    gain=st.sampled_from([Engineering(0.05, 0.2), Engineering(0.4, 0.6, 0.9)]),
    deadline=st.sampled_from([3.0, math.inf]),
    gpu_hours=st.sampled_from([0.0, 200.0]),
    wanted=st.sampled_from([0.6, 0.8, 0.95]),
)
def test_every_part_gives_one_answer(curve, share, gain, **prices):
    analysis = CURVES[curve]
    today = float(analysis.table["value"].iloc[-1])
    question = Question(prices=Prices(target=share * today, engineering=gain, **prices))
    decision = analysis.decision(question)
    written = as_json(analysis, question, {})["decision"]
    answer = analysis.answer(question)
    said = headline(analysis, question)
    assert written["recommended"] == answer.choice == decision.recommended
    probabilities_make_one(decision, written)
    law_is_not_contradicted(decision, answer)
    one_amount_is_next(analysis, question, answer, said)
    more_data_is_the_same_everywhere(analysis, question, written)
    if decision.chosen is not None:
        one_price_with_its_chance(analysis, question, written, said)
        break_even_agrees(analysis, question)


def probabilities_make_one(decision, written):
    shares = [row["p_cheapest"] for row in written["strategies"]]
    if None in shares:
        assert shares == [None] * 3 and written["p_none"] is None
    else:
        assert decision.grade in ("good", "fair")
        assert sum(shares) + written["p_none"] == pytest.approx(1)


def law_is_not_contradicted(decision, answer):
    law = fitted_law(decision.scenarios.today.curve)
    if law.c > decision.prices.target and answer.choice != "nothing":
        assert answer.choice != "data"
        lawless = answer.reason and answer.reason.reason in LAWLESS
        assert lawless or answer.step.do in ("better model", "engineers")


def one_amount_is_next(analysis, question, answer, said):
    """All that is to be collected next, in whatever words."""
    lines = [said.sentence, *said.money, said.surer, *plan(analysis, question).lines]
    amounts = set(re.findall(r"[Cc]ollect (\S+(?: [mbt]\w+illion)?) more", " ".join(lines)))
    wanted = {str(count(answer.step.examples))} if answer.step.do == "collect" else set()
    assert amounts <= wanted | first_round(analysis, question)
    assert not wanted or amounts == wanted


def first_round(analysis, question):
    """Of the plan after the engineers."""
    found = analysis.plan(question)
    return {str(count(found.sizes[0]))} if found.engineered and len(found.n) else set()


def more_data_is_the_same_everywhere(analysis, question, written):
    asked = replace(question, asks=Asks.MORE_DATA)
    answer = analysis.answer(asked)
    row = written["questions"]["more_data"]
    assert (row["value"], row["n"]) == (answer.value, answer.n)
    assert analysis.doublings(question)[0] == answer
    first = doublings(analysis, question).table.iloc[0]
    assert in_units(answer.value, "loss") in list(first)
    priced = str(money(answer.price, "$"))
    assert priced in list(first)
    if math.isfinite(answer.price) and answer.reason is None and not answer.hardly:
        assert priced in headline(analysis, asked).sentence


def one_price_with_its_chance(analysis, question, written, said):
    decision = analysis.decision(question)
    chosen = decision.chosen
    price = str(money(chosen.cost, "$"))
    assert price in said.sentence and chance(chosen.chance) in said.sentence
    assert chosen.chance >= decision.prices.wanted
    rows = {row["name"]: row for row in written["strategies"]}
    assert rows[decision.choice]["cost"] == written["questions"]["target"]["price"]
    assert rows[decision.choice]["cost"] == pytest.approx(chosen.cost)
    table = strategies(analysis, question).table
    assert price in list(
        table.iloc[[row.name for row in decision.outcomes].index(chosen.name)]
    )
    charted = analysis.costs(question)
    here = charted[charted["target"] == decision.prices.target].set_index("strategy")["cost"]
    assert list(here) == [
        math.inf if outcome.reason else outcome.cost for outcome in decision.outcomes
    ]
    assert_rounds(analysis, question, chosen, written)
    assert_months(decision)


def assert_rounds(analysis, question, chosen, written):
    rounds = analysis.plan(question)
    if len(rounds.n):
        assert (rounds.cost[-1], rounds.chance[-1]) == (chosen.cost, chosen.chance)
        assert rounds.months[-1] == chosen.duration
        last = plan(analysis, question).table.iloc[-1]
        assert str(money(chosen.cost, "$")) in list(last)
        assert written["rounds"][-1]["cost"] == pytest.approx(chosen.cost)


def assert_months(decision):
    prices = decision.prices
    for outcome in decision.outcomes:
        if math.isfinite(outcome.duration):
            engineered = 0.0 if outcome.name == "data" else prices.months
            assert outcome.duration == pytest.approx(
                engineered + outcome.more / prices.capacity
            )
    if prices.months == 0:
        data, _, both = decision.outcomes
        assert both.more == data.more


def break_even_agrees(analysis, question):
    decision = analysis.decision(question)
    found = analysis.break_even(question)
    if math.isfinite(found.label_price):
        cheap = decision.prices.label_price < found.label_price
        assert (decision.choice == "data") == cheap
        assert found.label_price_low <= found.label_price <= found.label_price_high
    data, *engineers = (outcome.cost for outcome in decision.outcomes)
    moved = analysis.tornado(question).attrs["difference"]
    if math.isfinite(data) and math.isfinite(min(engineers)):
        assert moved == pytest.approx(data - min(engineers))
        section = tornado(analysis, question)
        assert section is None or "data " in str(section.table.iloc[0, -1])


# --- every example promises something --------------------------------------------------------

PROMISE = re.compile(
    r"Twice the data \([\d,]+ examples\) would (bring|hardly improve) the \S+'s \S+"
    r".* from [\d.,]+%? to about [\d.,]+%? \([\d.,]+%? to [\d.,]+%?\)"
)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_every_example_opens_with_a_promise(folder: Path):
    study = read_export(folder)
    dataset = str(study.runs["dataset"].iloc[0])
    known = study.measures_on(dataset)
    measure = "error" if "error" in known else known[0]
    said = headline(StudyAnalysis(study, dataset, measure), Question())
    assert PROMISE.match(said.sentence), said.sentence
    assert said.surer.startswith("Next: ") and said.grade in ("good", "fair", "poor")
    assert len(re.findall(r"\d[\d,.]*", said.sentence + said.surer)) <= 12


def test_a_first_small_study_opens_with_a_promise():
    sizes = np.array([34, 67, 135, 270, 539, 1079])
    loss = [0.71, 0.42, 0.27, 0.17, 0.12, 0.082]
    said = headline(measured(sizes, loss), Question())
    assert PROMISE.match(said.sentence), said.sentence


def test_of_too_few_sizes_it_is_said_what_to_measure():
    said = headline(measured([100, 200], [0.5, 0.4]), Question())
    assert "Measure more sizes" in said.surer and said.grade == "cannot say"


# --- the three answers -----------------------------------------------------------------------

AT = Prices(target=0.5, label_price=0.1, gpu_hours=0.0)
ABOUT = Subject("net", "loss", "$")


def test_twice_the_data_of_a_power_law_is_known_in_closed_form():
    answer = more_data(decide(known(deviation=0.05), AT))
    assert answer.value == pytest.approx(2**-0.5, rel=1e-3)
    assert (answer.n, answer.more) == (2 * LAST, LAST)
    assert answer.price == pytest.approx(0.1 * LAST)
    assert answer.months == pytest.approx(LAST / AT.capacity)
    assert answer_words(answer, ABOUT) == (
        "Twice the data (256,000 examples) would bring the net's loss from 1.00 to about "
        "0.71 (0.64 to 0.78), for $13,000."
    )


def test_more_data_that_bring_hardly_anything_are_not_advised():
    answer = more_data(decide(known(at_last=0.01, floor=1.0, deviation=0.004), AT))
    assert answer.hardly and answer.step.do == "better model"
    assert answer.step.price == 144_000 and answer.step.months == 6


def test_what_cannot_be_answered_says_what_can_and_what_to_do_next():
    answer = for_target(decide(known(floor=0.3, deviation=0.05), replace(AT, target=0.2)))
    assert answer.choice == "cannot say" and answer.instead.n == 2 * LAST
    said = answer_words(answer, ABOUT)
    assert said.startswith("Twice the data") and "loss 0.2, cannot be promised" in said


def test_a_budget_that_buys_hardly_anything_is_not_spent_on_data():
    answer = for_budget(decide(known(), replace(AT, label_price=100.0)), 1_000.0)
    assert answer.hardly and answer.step.do == "better model"
    assert "would hardly improve" in answer_words(answer, ABOUT)


def test_a_score_is_said_as_its_reader_knows_it():
    answer = more_data(decide(known(0.1), AT, measure="accuracy"))
    said = answer_words(answer, Subject("net", "accuracy", "$"))
    assert "from 90.00% to about 92.93% (92.65% to 93.20%)" in said


@pytest.mark.parametrize("times", [1.0, 0.5, math.inf, math.nan])
def test_no_more_data_than_there_are_is_refused(times):
    with pytest.raises(ValueError, match="times must be above 1 and finite"):
        more_data(decide(known(), AT), times)


# --- how sure --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "past", "grade"),
    [
        ("good", Past(16, 16, 0.9), "good"),
        ("good", Past(3, 3, 0.9), "fair"),  # too few to tell
        ("good", Past(0, 0, 0.9), "fair"),
        ("good", Past(2, 4, 0.9), "poor"),
        ("poor", Past(75, 75, 0.9), "fair"),
        ("poor", Past(6, 6, 0.9), "poor"),
        ("fair", Past(11, 21, 0.9), "poor"),
        ("good", None, "good"),
    ],
)
def test_the_grade_agrees_with_the_evidence(width, past, grade):
    assert sureness(width, past).grade == grade


def test_the_evidence_has_its_counts():
    found = sureness("fair", Past(16, 16, 0.9))
    assert found.evidence[0] == Reason.PAST_HELD(inside=16, count=16)
    assert found.steps == 2


# --- as people write it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "currency", "said"),
    [
        (9_740, "$", "$9,700"),
        (23.6e9, "$", "$24 billion"),
        (1_240_000, "€", "€1.2 million"),
        (9_740, "CHF", "9,700 CHF"),
        (0, "$", "$0"),
        (math.inf, "$", "no limit"),
    ],
)
def test_money_is_written_as_people_do(number, currency, said):
    assert money(number, currency) == said


@pytest.mark.parametrize(
    ("months", "said"),
    [(5.86, "5.9 months"), (1.0, "30 days"), (0.02, "15 hours"), (0.0005, "1 hour")],
)
def test_a_time_is_said_as_people_do(months, said):
    assert duration(months) == said


def test_large_numbers_are_said_in_chinese_units():
    assert translate(count(24e9), "zh") == "240 亿"
    assert translate(count(1_240_000), "zh") == "120 万"


def test_values_have_no_digit_that_their_interval_does_not_know():
    assert values([0.0674, 0.0583], 0.0497, 0.0685, "error") == ["6.7%", "5.8%"]
    assert values([0.7967, 0.7953], 0.7892, 0.8014, "loss") == ["0.797", "0.795"]
