"""The answer in a few sentences, with how sure it is and what is next."""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.curves.conclusion import Conclusion
from analysis.decision.gains import MoreData
from analysis.decision.prices import LOWER
from analysis.decision.questions import Answer, Asks, ForTarget
from analysis.diagnostics.evidence import CANNOT_SAY
from analysis.report.amounts import count, duration, money
from analysis.report.answer_words import Subject, answer_words, step_words, sure_words
from analysis.report.decision_words import decision_words
from analysis.report.examples_words import leak_words
from analysis.report.messages import say
from analysis.report.numbers import best_of, in_units, said_of
from analysis.report.study_analysis import Question, StudyAnalysis
from tracking.measures import find_measure
from tracking.text import Text, Verbatim, joined


@dataclass(frozen=True)
class Headline:
    """The first things to read.

    sentence: the answer.
    money: what stands behind it: the other ways, and how often they are cheaper.
    grade: good, fair, poor or cannot say.
    because: what that means here, and the evidence for it.
    surer: what to do next.
    facts: label -> number, for whoever reads no sentences.
    doubt: why all that was measured is too good; None where nothing says so.
    """

    sentence: Text
    money: tuple[Text, ...]
    grade: str
    because: Text
    surer: Text
    facts: dict[str, str]
    doubt: Text | None = None

    @property
    def trust(self) -> str:
        """The grade with its meaning, in one line."""
        return f"Trust: {self.grade} ({self.because.rstrip('.')})"


def headline(analysis: StudyAnalysis, question: Question) -> Headline:
    """The answer to a question; where no law can be fitted it says why."""
    asked = analysis.asked(question)
    if asked is None:
        return _without_law(analysis, question)
    decision = analysis.decision(question)
    answer = analysis.answer(question)
    about = Subject(asked.architecture, analysis.measure, decision.prices.currency)
    of_target = question.asked_for is Asks.TARGET
    next_steps = [step_words(answer.step, about), *_ahead(analysis, question, asked)]
    return Headline(
        sentence=answer_words(answer, about),
        money=decision_words(decision) if of_target else (),
        grade=answer.sure.grade,
        because=_because(answer, analysis.measure),
        surer=joined(next_steps),
        facts=_facts(answer, about),
        doubt=leak_words(analysis),
    )


def _because(answer: Answer, measure: str) -> Text:
    lawless = isinstance(answer, MoreData) and answer.reason
    return sure_words(answer.sure, say(lawless, measure) if lawless else None)


def _ahead(analysis: StudyAnalysis, question: Question, asked: Conclusion) -> Iterator[Text]:
    """Architectures without a law that have measured less than the one asked for."""
    measure = analysis.measure
    for one in analysis.conclusions(question.confidence):
        if one.reason is not None and one.value < asked.value:
            yield Text(
                "Look at the {name}, too: with {n:,.0f} examples its {measure} is {value} "
                "already, better than the {asked}'s {measured}, but nothing can be "
                "fitted yet ({reason}).",
                name=Verbatim(one.architecture),
                n=one.largest_n,
                asked=Verbatim(asked.architecture),
                reason=say(one.reason, measure),
                measure=said_of(measure),
                value=in_units(one.value, measure),
                measured=in_units(asked.value, measure),
            )


def assumed(analysis: StudyAnalysis, question: Question) -> str:
    """The target and the prices that the answer rests on, for those who did not choose them.

    "" without a law.
    """
    if analysis.asked(question) is None:
        return ""
    prices = analysis.decision(question).prices
    target = f"a target {1 - LOWER:.0%} below today's {said_of(analysis.measure)}; "
    gain = f"{prices.engineering.low:.0%} to {prices.engineering.high:.0%}"
    lower = f"bring the {said_of(analysis.measure)} {gain} lower"
    if find_measure(analysis.measure).is_score:
        gap = f"of the gap of the {said_of(analysis.measure)} to {best_of(analysis.measure)}"
        target = f"a target that closes {1 - LOWER:.0%} {gap}; "
        lower = f"close {gain} {gap}"
    currency = prices.currency
    return (
        f"Assumed: {target if question.prices.target is None else ''}"
        f"{money(prices.label_price, currency)} per label; {prices.people:g} people "
        f"for {prices.months:g} months at {money(prices.engineer_price, currency)} a month "
        f"each, expected to {lower}; "
        f"{money(prices.gpu_price, currency)} for an hour of training, "
        f"{prices.gpu_hours:g} of them at today's size; {prices.capacity:,g} labels a month."
    )


def _facts(answer: Answer, about: Subject) -> dict[str, str]:
    """Label -> number; money only where it can be said."""
    if isinstance(answer, ForTarget):
        unknown = answer.reason is not None
        facts: dict[str, str] = {
            Text("measured now"): in_units(answer.now, about.measure),
            Text("target"): in_units(answer.target, about.measure),
            Text("examples needed"): Text("cannot say") if unknown else count(answer.n),
            Text("you have"): f"{answer.n_now:,.0f}",
        }
        if unknown:
            return facts
    else:
        now, value, *_ = about.values([answer.now, answer.value], answer.low, answer.high)
        facts = {
            Text("measured now"): now,
            Text("expected"): value,
            Text("examples then"): count(answer.n),
        }
    return {
        **facts,
        Text("price"): about.money(answer.price),
        Text("time"): duration(answer.months) if answer.months else "–",
    }


def _without_law(analysis: StudyAnalysis, question: Question) -> Headline:
    found = analysis.conclusions(question.confidence)
    why = [
        Text(
            "{name}: {reason}.",
            name=Verbatim(one.architecture),
            reason=say(one.reason, analysis.measure),
        )
        for one in found
        if one.reason is not None
    ]
    return Headline(
        sentence=Text("No power law can be fitted yet."),
        money=(),
        grade=CANNOT_SAY,
        because=joined(why),
        surer=Text(
            "Measure more sizes: a law takes at least 3, a forecast that tests itself 4."
        ),
        facts={},
        doubt=leak_words(analysis),
    )
