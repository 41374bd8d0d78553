"""Break-even, a budget, rounds and what to run next, in words."""

import math

import numpy as np

from analysis.decision.break_even import BreakEven
from analysis.decision.budget import Split
from analysis.decision.candidates import Kind, Step
from analysis.decision.next_trials import AHEAD, NextTrials
from analysis.decision.rounds import Plan
from analysis.report.decision_words import said
from analysis.report.messages import say
from analysis.report.numbers import amount, in_units
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


def break_even_words(found: BreakEven) -> tuple[Text, ...]:
    """A sentence on the price per label and one on the months; or why there is neither."""
    if found.reason is not None:
        return (say(found.reason),)
    return _price_words(found), _months_words(found)


def _price_words(found: BreakEven) -> Text:
    if math.isnan(found.label_price):
        return Text("No price per label changes the choice.")
    return Text(
        "Data is cheaper up to {price} {currency} per label ({low} to {high}); now it is "
        "{now}.",
        price=_three_digits(found.label_price),
        low=_three_digits(found.label_price_low),
        high=_three_digits(found.label_price_high),
        now=_three_digits(found.prices.label_price),
        currency=found.prices.currency,
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


# --- a budget, and a plan in rounds ----------------------------------------------------------


def budget_words(split: Split) -> tuple[Text, ...]:
    """What a budget reaches, and how far that can be trusted."""
    spent = Text(
        "The budget brings the {measure} to about {value} ({low} to {high}): {labels} "
        "{currency} for labels, {n} examples in all, {engineers} {currency} for {months} "
        "months of engineering and {gpu} {currency} for training.",
        measure=split.measure,
        value=in_units(split.value, split.measure),
        low=in_units(split.low, split.measure),
        high=in_units(split.high, split.measure),
        labels=amount(split.labels),
        n=amount(split.n),
        engineers=amount(split.engineers),
        months=f"{split.months:.2g}",
        gpu=amount(split.gpu),
        currency=split.prices.currency,
    )
    return spent, Text("Trust in that forecast: {grade}.", grade=split.grade)


def plan_words(plan: Plan) -> Text:
    """What to collect first, and what the rounds reach."""
    if plan.reached:
        return Text("the target is reached with the {n:,.0f} examples at hand", n=plan.n_now)
    if not len(plan.n):
        return Text("no plan: {reason}", reason=said(plan.reason))
    n = amount(plan.n[0])
    if plan.reason is not None:
        return Text(
            "cannot say how much is needed: {reason}; collecting up to {n} examples reaches "
            "the target with a chance of {first:.0%}; then measure and ask again",
            reason=say(plan.reason),
            n=n,
            first=plan.chance[0],
        )
    if len(plan.n) == 1:
        return Text(
            "collect up to {n} examples; that reaches the target with a chance of "
            "{chance:.0%}",
            n=n,
            chance=plan.chance[-1],
        )
    return Text(
        "collect up to {n} examples, measure, and ask again; up to {rounds} rounds reach the "
        "target with a chance of {chance:.0%} and cost {expected} on average instead of "
        "{at_once} at once",
        n=n,
        rounds=len(plan.n),
        chance=plan.chance[-1],
        expected=amount(plan.expected_cost),
        at_once=amount(plan.at_once),
    )


# --- what to run next ------------------------------------------------------------------------


def next_trials_words(found: NextTrials) -> Text:
    """The best set of trials and what it should bring; or why there is none."""
    quantity = quantity_words(found)
    if found.table.empty:
        return Text("{reason}", reason=said(found.reason))
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
            measure=found.measure,
            first=AHEAD[0],
            last=AHEAD[-1],
        )
    return Text(
        "the examples needed for {measure} {target:.4g}",
        measure=found.measure,
        target=found.target,
    )


def _ratio(width: float) -> str:
    """high / low as text: three digits, or whole."""
    ratio = np.exp(width)
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
