"""A decision as it is said and written, outside a study."""

from analysis.decision.break_even import break_even
from analysis.decision.gains import for_budget, more_data
from analysis.decision.questions import for_target
from analysis.decision.rounds import plan_rounds
from analysis.report.answer_words import Subject, answer_words, step_words, sure_words
from analysis.report.decision_words import decision_record, decision_words
from analysis.report.plan_words import break_even_words, plan_words


def subject(decision):
    return Subject("model", decision.measure, decision.prices.currency)


def sentence(decision):
    """The answer to the question of the target."""
    return answer_words(for_target(decision), subject(decision))


def next_words(decision):
    """What to do next for the target."""
    return step_words(for_target(decision).step, subject(decision))


def answers(decision, budget=10_000.0):
    """To the three questions."""
    return {
        "more_data": more_data(decision),
        "target": for_target(decision),
        "budget": for_budget(decision, budget),
    }


def record(decision):
    """For machines, before it is made plain."""
    return decision_record(decision, answers(decision), plan_rounds(decision))


def every_word(decision):
    """All sentences about a decision."""
    about = subject(decision)
    found = answers(decision).values()
    return [
        *(answer_words(answer, about) for answer in found),
        *(sure_words(answer.sure) for answer in found),
        *(step_words(answer.step, about) for answer in found),
        *decision_words(decision),
        *break_even_words(break_even(decision)),
        plan_words(plan_rounds(decision), decision.prices.currency),
    ]
