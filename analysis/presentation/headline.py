"""The answer in a few sentences: how many examples the target takes, what that costs, and how sure it is."""

from dataclasses import dataclass

from analysis.costs.advice import amount
from analysis.evidence import Evidence, Question
from analysis.language import Text, joined
from analysis.presentation.wording import size, sizes, value

METRICS = {"loss": Text("loss"), "error": Text("error")}
TRUST = {
    "good": Text("the interval is narrow and the curve has foretold its own past"),
    "fair": Text("good enough to plan with, not to sign a contract"),
    "poor": Text("the interval is wide; treat the number as an order of magnitude"),
    "cannot say": Text("the data do not carry an answer"),
}


@dataclass(frozen=True)
class Headline:
    """sentence: the answer. money: what to do, and what it costs. grade: good, fair, poor or cannot say; because: what
    that means here. surer: what to measure next. facts: the numbers by their names, for whoever reads no sentences."""

    sentence: Text
    money: tuple[Text, ...]
    grade: str
    because: Text
    surer: Text | str
    facts: dict[str, str]


def headline(evidence: Evidence, question: Question) -> Headline:
    """The answer to a question; where no law can be fitted it says why."""
    asked = evidence.asked(question)
    if asked is None:
        return _without_law(evidence, question)
    decision = evidence.decision(question)
    prices, name = decision.prices, asked.architecture
    needed = evidence.needed(name, prices.target, question.confidence)
    return Headline(
        sentence=_sentence(evidence, question, name, needed, decision),
        money=tuple(text for text in decision.words if not needed.reason or needed.reason not in text),
        grade=needed.grade,
        because=_because(needed),
        surer=decision.measure,
        facts=_facts(evidence, asked, needed, decision),
    )


def _sentence(evidence, question, name, needed, decision):
    prices = decision.prices
    known = {"metric": METRICS[evidence.metric], "name": name, "target": value(prices.target, evidence.metric)}
    known |= {"n": f"{prices.n:,.0f}", "median": size(needed.median), "confidence": f"{question.confidence:.0%}"}
    known |= {"between": sizes(needed.low, needed.high)}
    if decision.choice == "nothing":
        return Text("The {name} reaches {metric} {target} with the {n} examples you have.", **known)
    if needed.reason:
        return Text(
            "Nobody can say yet how many examples the {name} needs for {metric} {target}; you have {n}.", **known
        )
    return Text(
        "To reach {metric} {target} with the {name} you need about {median} examples ({confidence}: {between}); "
        "you have {n}.",
        **known,
    )


def _because(needed):
    if needed.reason:
        return Text("{reason}.", reason=needed.reason)
    return TRUST[needed.grade]


def _facts(evidence, asked, needed, decision):
    """Label -> value; money only where it can be said."""
    prices, currency = decision.prices, decision.prices.currency
    facts = {
        Text("measured now"): value(getattr(asked, evidence.metric), evidence.metric),
        Text("target"): value(prices.target, evidence.metric),
        Text("examples needed"): Text("cannot say") if needed.reason else size(needed.median),
        Text("you have"): f"{prices.n:,.0f}",
    }
    for name, label in (("data", Text("by data")), ("model", Text("by engineers"))):
        outcome = decision.outcome(name)
        known = outcome.grade != "cannot say" and not outcome.shortfall and decision.choice != "nothing"
        facts[label] = f"{amount(outcome.cost)} {currency}" if known else "–"
    return facts


def _without_law(evidence, question):
    found = evidence.conclusions(question.confidence)
    why = joined(Text("{name}: {reason}.", name=one.architecture, reason=one.reason) for one in found)
    return Headline(
        sentence=Text("No power law can be fitted yet."),
        money=(),
        grade="cannot say",
        because=why,
        surer=Text("Measure more sizes: a law takes at least 3, a forecast that tests itself 5."),
        facts={},
    )
