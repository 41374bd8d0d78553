"""Break-even, rounds and what to run next, in words."""

import math

import numpy as np

from analysis.decision.break_even import BreakEven
from analysis.decision.rounds import Plan
from analysis.planning.candidates import Kind, Step
from analysis.planning.next_trials import AHEAD, NextTrials
from analysis.report.amounts import count, money
from analysis.report.decision_words import said
from analysis.report.messages import say
from analysis.report.numbers import chance, in_units, said_of
from tracking.text import Text, template

STEPS = {
    Kind.LARGER_SIZE: template("a larger size, {n:,} examples"),
    Kind.SEED_AT_LARGEST_SIZE: template(
        "another data seed at the largest size, {n:,} examples"
    ),
    Kind.SEED_AT_ALL_SIZES: template("another data seed at all {count} sizes"),
    Kind.MORE_SAMPLES: template("{samples} samples instead of {before} at all {count} sizes"),
    Kind.SIZE_IN_GAP: template(
        "a size in the gap between {low:,} and {high:,}, {n:,} examples"
    ),
}


# --- break-even ------------------------------------------------------------------------------


def break_even_words(found: BreakEven, measure: str = "loss") -> tuple[Text, ...]:
    """A sentence on the price per label and one on the months; or why there is neither."""
    if found.reason is not None:
        return (say(found.reason, measure),)
    return _price_words(found), _months_words(found)


def _price_words(found: BreakEven) -> Text:
    if math.isnan(found.label_price):
        return Text("No price per label changes the choice.")
    currency = found.prices.currency
    return Text(
        "Data is cheaper up to {price} per label ({low} to {high}); now it is {now}.",
        price=money(found.label_price, currency),
        low=money(found.label_price_low, currency),
        high=money(found.label_price_high, currency),
        now=money(found.prices.label_price, currency),
    )


def _months_words(found: BreakEven) -> Text:
    if math.isnan(found.months):
        return Text("No number of engineering months changes the choice.")
    return Text(
        "Engineers are cheaper up to {months} months for the same gain ({low} to {high}); now "
        "it is {now}.",
        months=_three_digits(found.months),
        low=_three_digits(found.months_low),
        high=_three_digits(found.months_high),
        now=_three_digits(found.prices.months),
    )


def _three_digits(value: float) -> str:
    """As many as are needed to type the break-even in and try it."""
    return f"{value:.3g}" if math.isfinite(value) else Text("infinite")


# --- a plan in rounds ------------------------------------------------------------------------


def plan_words(plan: Plan, currency: str, measure: str = "loss") -> Text:
    """What to collect first, and what the rounds reach."""
    if plan.reached:
        return Text(
            "Nothing to collect: the target is reached with the {n:,.0f} examples at hand.",
            n=plan.n_now,
        )
    if not len(plan.n):
        if plan.reason is not None:
            return Text("No rounds: {reason}.", reason=said(plan.reason, measure))
        if plan.engineered:
            return Text("Nothing to collect: the engineers alone reach the target.")
        return Text("Nothing to collect: missing the target costs less.")
    known = {
        "more": count(plan.sizes[0]),
        "price": money(plan.cost[-1], currency),
        "chance": chance(plan.chance[-1]),
    }
    if len(plan.n) == 1:
        return Text(
            "Collect {more} more examples: {price} reaches the target with {chance} "
            "probability.",
            **known,
        )
    return Text(
        "Collect {more} more examples first, measure, and go on only if the target is missed: "
        "{rounds} rounds for {price} reach it with {chance} probability.",
        rounds=len(plan.n),
        **known,
    )


# --- what to run next ------------------------------------------------------------------------


def next_trials_words(found: NextTrials) -> Text:
    """The best set of trials and what it should bring; or why there is none."""
    quantity = quantity_words(found)
    if found.table.empty:
        return Text("{reason}", reason=said(found.reason, found.measure))
    if found.reason is not None:
        return Text(
            "nothing left to run: no further trial on this pool is expected to narrow "
            "{quantity} by {least:.0%}; only more data would",
            quantity=quantity,
            least=found.reason.numbers["least"],
        )
    best = found.table.iloc[0]
    return Text(
        "next: {what}; high / low of {quantity} is expected to fall from {before} to {after} "
        "in {hours:.2g} hours of one worker",
        what=step_words(best["step"]),
        quantity=quantity,
        before=_ratio(best["before"]),
        after=_ratio(best["after"]),
        hours=best["hours"],
    )


def step_words(step: Step) -> Text:
    """A set of trials, as the table calls it."""
    return Text(STEPS[step.kind], **step.numbers)


def quantity_words(found: NextTrials) -> Text:
    """What the trials would narrow the interval of."""
    if found.target is None:
        return Text(
            "the {measure} at {first} to {last} times the data",
            measure=said_of(found.measure),
            first=AHEAD[0],
            last=AHEAD[-1],
        )
    return Text(
        "the examples needed for {measure} {target}",
        measure=said_of(found.measure),
        target=in_units(found.target, found.measure),
    )


def _ratio(width: float) -> str:
    """high / low as text: three digits, or whole."""
    ratio = np.exp(width)
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
