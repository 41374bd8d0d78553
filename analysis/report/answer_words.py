"""The answers to the three questions in sentences; how sure they are, and what is next."""

import math
from dataclasses import dataclass
from typing import Any

from analysis.decision.decide import NOTHING
from analysis.decision.gains import ForBudget, Gain, MoreData
from analysis.decision.next_step import Do, NextStep
from analysis.decision.questions import Answer, ForTarget
from analysis.diagnostics.evidence import CANNOT_SAY, Sureness
from analysis.reasons import Finding, Reason
from analysis.report.amounts import between, count, duration, money, values
from analysis.report.messages import say
from analysis.report.numbers import chance, in_units, said_of
from tracking.text import Text, Verbatim, joined, template

STEPS = {
    "good": Text("sure enough to sign for"),
    "fair": Text("good enough to plan with, not to sign a contract"),
    "poor": Text("a rough guess"),
    CANNOT_SAY: Text("the data do not support an answer"),
}
PLAIN = {
    Reason.BACKTEST_MISSES: Text("its past forecasts missed by too much"),
    Reason.ANSWER_FAR_BEYOND_DATA: Text("the answer lies far beyond the data"),
    Reason.NO_BACKTEST: Text("there are too few sizes to test a forecast"),
}
DOES = {
    Do.COLLECT: template(
        "Next: collect {examples} more examples ({price}, {time}), train and ask again."
    ),
    Do.ENGINEERS: template("Next: pay the engineers ({price}, {time})."),
    Do.BETTER_MODEL: template(
        "Next: look for a better model, as more data will not do ({price} for engineers, "
        "{time})."
    ),
    Do.TRAIN_ON_ALL: template(
        "Next: train on all {n} examples at hand and ask again ({price}, {time})."
    ),
    Do.TRAIN_AGAIN: template(
        "Next: train today's model again with other data seeds ({price}, {time})."
    ),
    Do.MEASURE_SIZES: template(
        "Next: train on more sizes up to {n} examples, with several data seeds, and ask again "
        "({price}, {time} for one training)."
    ),
    Do.NOTHING: template("Next: nothing needs to be done."),
}


@dataclass(frozen=True)
class Subject:
    """What an answer is about.

    name: of the architecture.
    measure: its text (tracking/measures.py).
    currency: of the prices.
    """

    name: str
    measure: str
    currency: str

    @property
    def known(self) -> dict[str, str]:
        """What most sentences name."""
        return {"measure": said_of(self.measure), "name": Verbatim(self.name)}

    def money(self, price: float) -> str:
        """A price as people write it."""
        return money(price, self.currency)

    def values(self, gaps: list[float], low: float, high: float) -> list[str]:
        """Values as precise as their interval, whose smaller number comes first."""
        said = values([*gaps, low, high], low, high, self.measure)
        return said if _number(said[-2]) <= _number(said[-1]) else [*said[:-2], *said[:-3:-1]]


def _number(said: str) -> float:
    return float(said.rstrip("%").replace(",", ""))


def answer_words(answer: Answer, about: Subject) -> Text:
    """The answer; where there is none, what can be promised, and why not what was asked."""
    if isinstance(answer, MoreData):
        return _more(answer, about)
    if isinstance(answer, ForBudget):
        return _budget(answer, about)
    if answer.instead is None:
        return _target(answer, about)
    return joined([_more(answer.instead, about), _not_promised(answer, about)])


def dominant(answer: Answer) -> str:
    """The name of the one number of an answer that a reader looks for first."""
    if isinstance(answer, ForTarget) and answer.instead is None:
        return "n" if answer.choice == NOTHING else "price"
    return "value"


def sure_words(sure: Sureness, reason: Text | None = None) -> Text:
    """What the grade means, and the evidence for it.

    reason: why nothing can be said.
    """
    evidence = [plain(finding) for finding in sure.evidence]
    parts = [STEPS[sure.grade], *evidence] if reason is None else [reason, *evidence]
    return joined(parts, by="; ")


def plain(finding: Finding, measure: str = "loss") -> Text:
    """A finding for whoever does not ask by how much: no number that needs explaining."""
    return PLAIN.get(finding.reason) or say(finding, measure)


def step_words(step: NextStep, about: Subject) -> Text:
    """What to do next, with its price and its time."""
    if step.do is Do.BETTER_MODEL and math.isinf(step.price):
        return Text("Next: choose another target, as more data will not do.")
    return Text(
        DOES[step.do],
        examples=count(step.examples),
        n=f"{step.n:,.0f}",
        price=about.money(step.price),
        time=Text("at once") if step.months == 0 else duration(step.months),
    )


# --- what does more data bring? --------------------------------------------------------------


def _more(answer: MoreData, about: Subject) -> Text:
    known: dict[str, Any] = {"data": _times(answer.times), **_of_gain(answer, about)}
    if answer.reason is not None:
        return Text(
            "More data has not improved the {name}'s {measure} so far: with {n} examples "
            "it would be about {value} ({low} to {high}).",
            **known,
        )
    if answer.hardly:
        return Text(
            "{data} ({n} examples) would hardly improve the {name}'s {measure}: from "
            "{now} to about {value} ({low} to {high}).",
            **known,
        )
    if math.isinf(answer.price):
        return Text(
            "{data} ({n} examples) would bring the {name}'s {measure} from {now} to "
            "about {value} ({low} to {high}).",
            **known,
        )
    return Text(
        "{data} ({n} examples) would bring the {name}'s {measure} from {now} to about "
        "{value} ({low} to {high}), for {price}.",
        **known,
    )


def _of_gain(answer: Gain, about: Subject) -> dict[str, str]:
    """What the sentences about a gain name."""
    gaps = [answer.now, answer.value]
    now, value, low, high = about.values(gaps, answer.low, answer.high)
    return {
        "n": f"{answer.n:,.0f}",
        "more": count(answer.more),
        "now": now,
        "value": value,
        "low": low,
        "high": high,
        "price": about.money(answer.price),
        **about.known,
    }


def _times(times: float) -> Text:
    if times == 2:
        return Text("Twice the data")
    return Text("{times:g} times the data", times=times)


# --- how much for a target? ------------------------------------------------------------------


def _target(answer: ForTarget, about: Subject) -> Text:
    known: dict[str, Any] = {
        "now": in_units(answer.now, about.measure),
        "target": in_units(answer.target, about.measure),
        "n": f"{answer.n_now:,.0f}",
        "price": about.money(answer.price),
        "chance": chance(answer.chance),
        "more": count(answer.n - answer.n_now),
        "between": between(answer.n_low - answer.n_now, answer.n_high - answer.n_now),
        "time": duration(answer.months),
        **about.known,
    }
    if answer.choice == NOTHING:
        return _met(answer, known)
    if answer.choice == "model":
        return Text(
            "{price} would bring the {name}'s {measure} from {now} to {target} with "
            "{chance} probability: engineers for {time}.",
            **known,
        )
    if answer.choice == "both":
        return Text(
            "{price} would bring the {name}'s {measure} from {now} to {target} with "
            "{chance} probability: engineers first, then {more} more examples ({between} may "
            "be needed).",
            **known,
        )
    return Text(
        "{price} would bring the {name}'s {measure} from {now} to {target} with {chance} "
        "probability: {more} more examples ({between} may be needed).",
        **known,
    )


def _met(answer: ForTarget, known: dict[str, Any]) -> Text:
    if answer.step.do is Do.TRAIN_AGAIN:
        return Text(
            "By its fitted curve the {name} reaches {measure} {target} with the {n} examples "
            "you have, with {chance} probability, but {now} was measured.",
            **known,
        )
    return Text(
        "The {name} reaches {measure} {target} with the {n} examples you have: nothing needs "
        "to be paid.",
        **known,
    )


def _not_promised(answer: ForTarget, about: Subject) -> Text:
    known = {"target": in_units(answer.target, about.measure), **about.known}
    assert answer.reason is not None, "what has no answer has a reason"
    return Text(
        "The target, {measure} {target}, cannot be promised: {reason}.",
        reason=plain(answer.reason, about.measure),
        **known,
    )


# --- what does my budget buy? ----------------------------------------------------------------


def _budget(answer: ForBudget, about: Subject) -> Text:
    known = {
        "budget": about.money(answer.budget),
        **_of_gain(answer, about),
    }
    if answer.hardly:
        return Text(
            "{budget} would hardly improve the {name}'s {measure}: from {now} to about "
            "{value} ({low} to {high}).",
            **known,
        )
    if not answer.engineered:
        return Text(
            "{budget} would bring the {name}'s {measure} from {now} to about {value} "
            "({low} to {high}): {more} more examples.",
            **known,
        )
    if answer.more < 1:
        return Text(
            "{budget} would bring the {name}'s {measure} from {now} to about {value} "
            "({low} to {high}): engineers alone.",
            **known,
        )
    return Text(
        "{budget} would bring the {name}'s {measure} from {now} to about {value} ({low} "
        "to {high}): engineers first, then {more} more examples.",
        **known,
    )
