"""A decision in words, and what to measure next."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from analysis.curves.forecast import lawless, needed_from
from analysis.decision.decide import NONE, NOTHING, Decision
from analysis.decision.outcomes import CANNOT_SAY, Outcome
from analysis.decision.sensitivity import Input
from analysis.reasons import Finding
from analysis.report.messages import say
from analysis.report.numbers import amount, chance, in_units
from tracking.text import Text

NAMES = {  # of the strategies
    "data": Text("data alone"),
    "model": Text("engineers alone"),
    "both": Text("engineers and data together"),
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


def decision_words(decision: Decision, reason_said: bool = False) -> tuple[Text, ...]:
    """The answer in sentences.

    reason_said: whether the reader knows already why the examples needed cannot be told; what
        only repeats it is left out.
    """
    if decision.choice == NOTHING:
        return () if decision.missed else (_met(decision),)
    if decision.recommended == CANNOT_SAY:
        known = reason_said and decision.reason == decision.outcome("data").reason
        return (*(() if known else (_cannot_say(decision),)), *_engineers_alone(decision))
    if decision.choice == NONE:
        return tuple(_none(decision))
    chosen = {"data": _data, "model": _model, "both": _both}[decision.choice](decision)
    return (
        chosen,
        *_halfway(decision),
        _other(decision),
        _surely(decision),
        *_value(decision),
    )


def next_measurement(decision: Decision) -> Text | None:
    """What to measure before asking again; None where the answer stands."""
    if decision.missed:
        return Text(
            "Train today's model again with other data seeds: with {p} probability one more "
            "training meets the target.",
            p=chance(decision.p_met),
        )
    if decision.recommended != CANNOT_SAY:
        return None
    today = decision.scenarios.today
    prices = decision.prices
    no_law = lawless(today) is not None
    if not no_law and needed_from(today, prices.target, decision.confidence).out_of_reach:
        return Text(
            "More of the same data will not help: choose another target, or measure a better "
            "model."
        )
    largest = today.curve.n[-1]
    if prices.n > largest:
        return Text("Train on all {n:,.0f} examples at hand and ask again.", n=prices.n)
    more = 2 * largest - prices.n
    cost = float(prices.labels(more))
    if no_law or math.isinf(cost):
        return Text(
            "Measure more sizes up to {n:,.0f} examples, with several data seeds, and ask "
            "again.",
            n=largest,
        )
    return Text(
        "Collect {more} more examples (about {cost} {currency}), train on twice the data and "
        "ask again.",
        more=amount(more),
        cost=amount(cost),
        currency=prices.currency,
    )


def decision_record(decision: Decision) -> dict[str, Any]:
    """Numbers and text only, for JSON; analysis/report/json_answer.py makes it plain."""
    return {
        "recommended": decision.recommended,
        "choice": decision.choice,
        "missed": decision.missed,
        "grade": decision.grade,
        "reason": said(decision.reason),
        "words": list(decision_words(decision)),
        "measure": next_measurement(decision) or "",
        "metric": decision.measure,
        "confidence": decision.confidence,
        "prices": asdict(decision.prices),
        "strategies": [_outcome_record(outcome) for outcome in decision.outcomes],
    }


def _outcome_record(outcome: Outcome) -> dict[str, Any]:
    words = {"reason": said(outcome.reason), "shortfall": said(outcome.shortfall)}
    return {**vars(outcome), **words}


def said(reason: Finding | None) -> str:
    """A reason in words, "" for none."""
    return "" if reason is None else say(reason)


def _met(decision: Decision) -> Text:
    prices = decision.prices
    today = decision.scenarios.today
    known = {
        "n": prices.n,
        "value": in_units(today.quantile(prices.n, 0.5)[0], decision.measure),
        "p": chance(decision.p_met),
        **_target(decision),
    }
    measured = today.curve.meets(prices.target, prices.n)
    if decision.p_met < prices.wanted and not measured:
        return Text(
            "With the {n:,.0f} examples at hand the {measure} is about {value}, so more "
            "likely than not nothing needs to be paid. But one more training of today's model "
            "meets the target {target} with only {p} probability, less than the {wanted} "
            "wanted; more examples make it surer.",
            wanted=chance(prices.wanted),
            **known,
        )
    return Text(
        "Nothing needs to be paid: with the {n:,.0f} examples at hand the {measure} is about "
        "{value}, and with {p} probability one more training of today's model meets the "
        "target {target} without more data.",
        **known,
    )


def _cannot_say(decision: Decision) -> Text:
    return Text(
        "Cannot say whether data or engineers are cheaper: {reason}.",
        reason=said(decision.reason),
    )


def _engineers_alone(decision: Decision) -> Iterator[Text]:
    model = decision.outcome("model")
    if model.shortfall is None:
        yield Text(
            "Engineers alone bring the {measure} to {target} with {p} probability, for about "
            "{team} {currency}.",
            p=chance(model.p_reached),
            team=amount(float(decision.prices.cost(1.0, 0.0))),
            currency=decision.prices.currency,
            **_target(decision),
        )


def _none(decision: Decision) -> Iterator[Text]:
    yield Text(
        "No option reaches {measure} {target} with the required probability ({p:.0%}).",
        p=decision.prices.wanted,
        **_target(decision),
    )
    for outcome in decision.outcomes:
        yield Text(
            "The option of {name} {shortfall}.",
            name=NAMES[outcome.name],
            shortfall=said(outcome.shortfall),
        )


def _data(decision: Decision) -> Text:
    return Text(
        "Collect data: about {more} more examples ({more_low} to {more_high}) bring the "
        "{measure} to {target}, for about {cost} {currency} ({cost_low} to {cost_high}).",
        **_numbers(decision),
    )


def _model(decision: Decision) -> Text:
    return Text(
        "Pay engineers: {months} months bring the {measure} to {target} with {p} probability, "
        "for about {cost} {currency}.",
        **_numbers(decision),
    )


def _both(decision: Decision) -> Text:
    if decision.outcome("both").more == 0:
        return Text(
            "Pay engineers for {months} months, and collect data only where the {measure} is "
            "still above {target} then, for about {cost} {currency} ({cost_low} to "
            "{cost_high}).",
            **_numbers(decision),
        )
    return Text(
        "Do both: engineers for {months} months, then about {more} more examples ({more_low} "
        "to {more_high}), bring the {measure} to {target}, for about {cost} {currency} "
        "({cost_low} to {cost_high}).",
        **_numbers(decision),
    )


def _halfway(decision: Decision) -> Iterator[Text]:
    if decision.outcome(decision.choice).more > 0:
        yield Text(
            "Half of the time this many will be too few: collect in rounds, and ask again "
            "after each."
        )


def _other(decision: Decision) -> Text:
    """The best way on the other side: with engineers if the choice is data, else data."""
    names = ("model", "both") if decision.choice == "data" else ("data",)
    other = min(
        (decision.outcome(name) for name in names),
        key=lambda outcome: (outcome.shortfall is not None, outcome.cost),
    )
    if other.shortfall is not None:
        return Text(
            "The other option, {name}, {shortfall}.",
            name=NAMES[other.name],
            shortfall=say(other.shortfall),
        )
    if other.name == "both":
        return Text(
            "The other option, engineers for {months} months and then data, costs about "
            "{cost} {currency}.",
            months=f"{other.share * decision.prices.months:.2g}",
            cost=amount(other.cost),
            currency=decision.prices.currency,
        )
    return Text(
        "The other option, {name}, costs about {cost} {currency}.",
        name=NAMES[other.name],
        cost=amount(other.cost),
        currency=decision.prices.currency,
    )


def _surely(decision: Decision) -> Text:
    """How often the choice is the cheapest.

    One that is so more often may have been too unsure to be chosen.
    """
    p = chance(decision.outcome(decision.choice).p_cheapest)
    likeliest = max(decision.outcomes, key=lambda outcome: outcome.p_cheapest)
    if likeliest.name != decision.choice and likeliest.shortfall is not None:
        return Text(
            "More often {name} would be the cheapest ({other} against {p}), but not as surely "
            "as wanted ({wanted}).",
            name=NAMES[likeliest.name],
            other=chance(likeliest.p_cheapest),
            p=p,
            wanted=chance(decision.prices.wanted),
        )
    return Text("The choice is the cheapest with {p} probability.", p=p)


def _value(decision: Decision) -> Iterator[Text]:
    net = decision.outcome(decision.choice).net_value
    if math.isnan(net):
        return
    known = {"net": amount(abs(net)), "currency": decision.prices.currency}
    if net >= 0:
        yield Text("On average that is worth {net} {currency} more than it costs.", **known)
    else:
        yield Text("On average that costs {net} {currency} more than it is worth.", **known)


def _numbers(decision: Decision) -> dict[str, str]:
    outcome = decision.outcome(decision.choice)
    return {
        "more": amount(outcome.more),
        "more_low": amount(outcome.more_low),
        "more_high": amount(outcome.more_high),
        "cost": amount(outcome.cost),
        "cost_low": amount(outcome.cost_low),
        "cost_high": amount(outcome.cost_high),
        "months": f"{outcome.share * decision.prices.months:g}",
        "currency": decision.prices.currency,
        "p": chance(outcome.p_in_time),
        **_target(decision),
    }


def _target(decision: Decision) -> dict[str, str]:
    target = in_units(decision.prices.target, decision.measure)
    return {"measure": decision.measure, "target": target}
