"""What stands behind the answer to a target: the other ways, how often they are cheaper."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from analysis.decision.decide import NOTHING, Decision
from analysis.decision.gains import MoreData
from analysis.decision.next_step import NextStep
from analysis.decision.outcomes import Outcome
from analysis.decision.questions import Answer
from analysis.decision.rounds import Plan
from analysis.decision.sensitivity import Input
from analysis.diagnostics.evidence import Sureness
from analysis.reasons import Finding
from analysis.report.amounts import money
from analysis.report.messages import say
from analysis.report.numbers import chance, in_units, said_of
from tracking.measures import find_measure
from tracking.text import Text

NAMES = {  # of the strategies
    "data": Text("data alone"),
    "model": Text("engineers alone"),
    "both": Text("engineers first, then data"),
}
INPUTS = {
    Input.TODAY: Text("curve of today's model"),
    Input.BETTER: Text("curve of the better model"),
    Input.GAIN: Text("what engineering brings"),
    Input.SUCCESS: Text("engineering succeeds"),
    Input.LABEL_PRICE: Text("price per label"),
    Input.FIXED_COST: Text("fixed cost of collecting"),
    Input.ENGINEER_PRICE: Text("engineer's price per month"),
    Input.MONTHS: Text("engineering months"),
    Input.GPU_PRICE: Text("GPU price per hour"),
}


def decision_words(decision: Decision) -> tuple[Text, ...]:
    """What is to be known beside the answer (analysis/report/answer_words.py)."""
    chosen = decision.chosen
    if decision.choice == NOTHING:
        return ()
    if chosen is None:
        return tuple(_out_of_the_running(decision))
    return (_other(decision, chosen), *_surely(decision, chosen), *_value(decision, chosen))


def _out_of_the_running(decision: Decision) -> Iterator[Text]:
    """Why each way is, or what engineers alone would do."""
    for outcome in decision.outcomes:
        reason = outcome.reason or outcome.shortfall
        if reason is not None:
            yield _why_not(outcome, reason, decision.measure)
        elif outcome.name == "model":
            yield Text(
                "Engineers alone would bring the {measure} to {target} with {p} probability, "
                "for {price}.",
                measure=said_of(decision.measure),
                target=in_units(decision.prices.target, decision.measure),
                p=chance(outcome.chance),
                price=money(outcome.cost, decision.prices.currency),
            )


def _why_not(outcome: Outcome, reason: Finding, measure: str) -> Text:
    """A way with the reason against it."""
    said = say(reason, measure)
    if outcome.reason is None:  # it says what the way does
        return Text(
            "The option of {name} {shortfall}.", name=NAMES[outcome.name], shortfall=said
        )
    return Text("No price for {name}: {reason}.", name=NAMES[outcome.name], reason=said)


def _other(decision: Decision, chosen: Outcome) -> Text:
    """The best way on the other side: with engineers if the choice is data, else data."""
    names = ("model", "both") if chosen.name == "data" else ("data",)
    other = min(
        (decision.outcome(name) for name in names),
        key=lambda outcome: (outcome.shortfall is not None, outcome.cost),
    )
    reason = other.reason or other.shortfall
    if reason is not None:
        return _why_not(other, reason, decision.measure)
    return Text(
        "The other option, {name}, takes {price} for the same chance.",
        name=NAMES[other.name],
        price=money(other.cost, decision.prices.currency),
    )


def _surely(decision: Decision, chosen: Outcome) -> Iterator[Text]:
    """How often the choice is the cheapest, where the evidence allows to say so.

    One that is so more often may have been too unsure to be chosen.
    """
    if math.isnan(chosen.p_cheapest):
        return
    p = chance(chosen.p_cheapest)
    likeliest = max(decision.outcomes, key=lambda outcome: outcome.p_cheapest)
    if likeliest.p_cheapest > chosen.p_cheapest:
        yield Text(
            "More often {name} turns out the cheapest ({other} against {p}), but not as "
            "surely as wanted ({wanted}).",
            name=NAMES[likeliest.name],
            other=chance(likeliest.p_cheapest),
            p=p,
            wanted=chance(decision.prices.wanted),
        )
    else:
        yield Text("The choice turns out the cheapest with {p} probability.", p=p)


def _value(decision: Decision, chosen: Outcome) -> Iterator[Text]:
    net = chosen.net_value
    if math.isnan(net):
        return
    known = {"net": money(abs(net), decision.prices.currency)}
    if net >= 0:
        yield Text("On average that is worth {net} more than it costs.", **known)
    else:
        yield Text("On average that costs {net} more than it is worth.", **known)


# --- for machines ----------------------------------------------------------------------------


def decision_record(
    decision: Decision, answers: Mapping[str, Answer | None], plan: Plan
) -> dict[str, Any]:
    """Numbers and text only, for JSON; analysis/report/json_answer.py makes it plain.

    Values are as the reader knows the measure.

    answers: to the questions, by name.
    plan: the rounds to collect in.
    """
    shown = find_measure(decision.measure).shown
    prices = asdict(decision.prices)
    return {
        "recommended": decision.recommended,
        "choice": decision.choice,
        "missed": decision.missed,
        **_sure_record(decision.sure),
        "reason": said(decision.reason, decision.measure),
        "words": list(decision_words(decision)),
        "metric": find_measure(decision.measure).name,
        "confidence": decision.confidence,
        "prices": prices | {"target": shown(prices["target"]), "now": shown(prices["now"])},
        "strategies": [_outcome_record(one, decision.measure) for one in decision.outcomes],
        "p_none": decision.p_none,
        "questions": {
            name: None if answer is None else _answer_record(answer, decision.measure)
            for name, answer in answers.items()
        },
        "rounds": _plan_record(plan),
    }


def _outcome_record(outcome: Outcome, measure: str) -> dict[str, Any]:
    words = {
        "reason": said(outcome.reason, measure),
        "shortfall": said(outcome.shortfall, measure),
    }
    record = {**vars(outcome), **_sure_record(outcome.sure), **words}
    if outcome.reason is not None:  # no number is promised
        record |= dict.fromkeys(("chance", "more", "cost", "duration"))
    return record


def _sure_record(sure: Sureness) -> dict[str, Any]:
    return {"grade": sure.grade, "sure": [said(finding) for finding in sure.evidence]}


def _plan_record(plan: Plan) -> list[dict[str, Any]]:
    rows = zip(plan.n, plan.sizes, plan.cost, plan.months, plan.chance)
    names = ("n", "more", "cost", "months", "chance")
    return [dict(zip(names, row)) for row in rows]


def _answer_record(answer: Answer, measure: str) -> dict[str, Any]:
    """The fields of an answer; values turned into the reader's."""
    steps = {"step": _step_record(answer.step)}
    record = {**vars(answer), **_sure_record(answer.sure), **steps}
    for name in ("now", "value", "target"):
        if name in record:
            record[name] = find_measure(measure).shown(record[name])
    if "low" in record:
        ends = [find_measure(measure).shown(record[name]) for name in ("low", "high")]
        record["low"], record["high"] = sorted(ends)
    record["reason"] = said(record["reason"], measure)
    instead = record.get("instead")
    if isinstance(instead, MoreData):
        record["instead"] = _answer_record(instead, measure)
    return record


def _step_record(step: NextStep) -> dict[str, Any]:
    return {**vars(step), "do": str(step.do)}


def said(reason: Finding | None, measure: str = "loss") -> str:
    """A reason in words, "" for none."""
    return "" if reason is None else say(reason, measure)
