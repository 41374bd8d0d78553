"""At which price per label, and at how many months of engineering, the choice between data and engineers changes."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import bisect

from analysis.costs.prices import times
from analysis.costs.strategies import best, eligible, quantile
from analysis.decision import Decision
from analysis.language import Text

RANGE = 1e-12, 1e15  # in which it is looked for


@dataclass(frozen=True)
class BreakEven:
    """Where the choice changes between data and engineers, everything else unchanged; nan where it does nowhere, or
    where the decision cannot say.

    label_price: money per label, data is chosen below and engineers above; months: of engineering for the same gain,
    engineers below and data above. _low, _high: interval, at the decision's confidence, of the value at which data and
    the cheapest way with engineers cost the same; 0 or inf where one of them never is the cheaper (deadline and wanted
    probability play no part in it). words: a sentence on each.
    """

    label_price: float
    label_price_low: float
    label_price_high: float
    months: float
    months_low: float
    months_high: float
    words: tuple[Text, ...]


def break_even(decision: Decision) -> BreakEven:
    """Solve the decision rule itself (analysis.costs.strategies.best), on the decision's own futures, by bisection.

    Next to the model alone, with `more` the examples that data needs (median), the price per label is
        (engineer_price people months - fixed_cost - gpu_price gpu_hours more / n) / more
    """
    if reason := _nothing_to_balance(decision):
        return BreakEven(*[math.nan] * 6, words=(reason,))

    def chooses_data(field, value):
        return best(decision.strategies, replace(decision.prices, **{field: value})).name == "data"

    price = _flip(lambda value: chooses_data("label_price", value))
    months = _flip(lambda value: not chooses_data("months", value))
    levels = 0.5 - decision.confidence / 2, 0.5 + decision.confidence / 2
    price_low, price_high = (quantile(np.sort(_equal_price(decision)), q) for q in levels)
    months_low, months_high = (quantile(np.sort(_equal_months(decision)), q) for q in levels)
    words = (
        _price_words(decision.prices, price, price_low, price_high),
        _months_words(decision.prices, months, months_low, months_high),
    )
    return BreakEven(price, price_low, price_high, months, months_low, months_high, words)


def _nothing_to_balance(decision):
    """Why there is no break-even to speak of, or ""."""
    if decision.choice == "nothing":
        return Text("The target is met already: no price matters.")
    if decision.recommended == "cannot say":
        return Text("Cannot say where the choice changes: {reason}.", reason=decision.reason)
    at_no_cost = replace(decision.prices, label_price=0.0, months=0.0)
    data, *engineers = (eligible(strategy, at_no_cost) for strategy in decision.strategies)
    if not data:
        return Text("Data alone does not do, however cheap labels are.")
    return "" if any(engineers) else Text("Engineers do not do, however quick they are.")


def _flip(holds):
    """The value in RANGE up to which `holds` is true; nan where it is true or false in all of it."""
    low, high = RANGE
    if not holds(low) or holds(high):
        return math.nan
    return math.exp(bisect(lambda x: 1 if holds(math.exp(x)) else -1, math.log(low), math.log(high), xtol=1e-13))


def _equal_price(decision):
    """Price per label at which data and the cheapest other strategy cost the same in each future: (size,)."""
    free = replace(decision.prices, label_price=0.0)
    data, *others = decision.strategies
    lowest = np.full(len(data.more), np.inf)
    for strategy in others:
        with np.errstate(invalid="ignore", divide="ignore"):
            price = (strategy.cost(free) - data.cost(free)) / (data.more - strategy.more)
        price = np.where(np.isinf(data.more), 0.0, np.where(data.more > strategy.more, price, np.inf))
        lowest = np.minimum(lowest, np.where(np.isinf(strategy.more), np.inf, np.maximum(price, 0.0)))
    return lowest


def _equal_months(decision):
    """Months of engineering at which data and the cheapest other strategy cost the same in each future: (size,)."""
    prices = decision.prices
    rate = float(times(prices.engineer_price, prices.people))
    data, *others = decision.strategies
    most = np.zeros(len(data.more))
    for strategy in others:
        with np.errstate(invalid="ignore", divide="ignore"):
            room = data.cost(prices) - replace(prices, months=0.0).cost(strategy.share, strategy.more)
            months = np.where(room > 0, room / (strategy.share * rate), 0.0)
        most = np.maximum(most, np.where(strategy.met | np.isinf(strategy.more), 0.0, months))
    return most


def _price_words(prices, price, low, high):
    if math.isnan(price):
        return Text("No price per label changes the choice.")
    return Text(
        "Data is cheaper up to {price} {currency} per label ({low} to {high}); now it is {now}.",
        price=_number(price), low=_number(low), high=_number(high), now=_number(prices.label_price),
        currency=prices.currency,
    )  # fmt: skip


def _months_words(prices, months, low, high):
    if math.isnan(months):
        return Text("No number of engineering months changes the choice.")
    return Text(
        "Engineers are cheaper up to {months} months for the same gain ({low} to {high}); now it is {now}.",
        months=_number(months), low=_number(low), high=_number(high), now=_number(prices.months),
    )  # fmt: skip


def _number(value):
    """Three digits: the break-even is to be typed in and tried."""
    return f"{value:.3g}" if math.isfinite(value) else Text("infinite")
