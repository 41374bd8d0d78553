"""A decision in words."""

import math

from analysis.forecast import lawless, needed_from
from analysis.language import Text

NAMES = {"data": Text("data alone"), "model": Text("engineers alone"), "both": Text("engineers and data together")}


def words(decision) -> tuple[Text, ...]:
    """The answer in sentences."""
    if decision.choice == "nothing":
        return () if decision.missed else (_met(decision),)
    if decision.recommended == "cannot say":
        return tuple(_cannot_say(decision))
    if decision.choice == "none":
        return tuple(_none(decision))
    chosen = {"data": _data, "model": _model, "both": _both}[decision.choice](decision)
    return chosen, *_halfway(decision), _other(decision), _surely(decision), *_value(decision)


def measure(decision) -> Text | str:
    """What to measure before asking again, "" where the answer stands."""
    if decision.missed:
        return Text(
            "Train today's model again with other data seeds: with {p} probability one more training meets the target.",
            p=chance(decision.p_met),
        )
    if decision.recommended != "cannot say":
        return ""
    prices, today = decision.prices, decision.futures.today
    largest, no_law = today.curve.n[-1], lawless(today)
    if not no_law and needed_from(today, prices.target, decision.confidence).out_of_reach:
        return Text("More of the same data will not do: ask for another target, or measure a better model.")
    if prices.n > largest:
        return Text("Train on all {n:,.0f} examples at hand and ask again.", n=prices.n)
    more = 2 * largest - prices.n
    if no_law or math.isinf(cost := float(prices.labels(more))):
        return Text("Measure more sizes up to {n:,.0f} examples, with several data seeds, and ask again.", n=largest)
    return Text(
        "Collect {more} more examples (about {cost} {currency}), train on twice the data and ask again.",
        more=amount(more), cost=amount(cost), currency=prices.currency,
    )  # fmt: skip


def _met(decision):
    prices = decision.prices
    loss = decision.futures.today.quantile(prices.n, 0.5)[0]
    if decision.p_met < prices.wanted and not decision.futures.today.curve.meets(prices.target, prices.n):
        return Text(
            "With the {n:,.0f} examples at hand the {metric} is about {loss}, so nothing needs to be paid, more likely "
            "than not; but with {p} probability only one more training of today's model meets the target {target}, "
            "less than the {wanted} wanted: the more examples, the surer.",
            n=prices.n, loss=value(loss, decision.metric), p=chance(decision.p_met), wanted=chance(prices.wanted),
            **_target(decision),
        )  # fmt: skip
    return Text(
        "Nothing needs to be paid: with the {n:,.0f} examples at hand the {metric} is about {loss}, and with {p} "
        "probability one more training of today's model meets the target {target} without more data.",
        n=prices.n, loss=value(loss, decision.metric), p=chance(decision.p_met), **_target(decision),
    )  # fmt: skip


def _cannot_say(decision):
    yield Text("Cannot say whether data or engineers are cheaper: {reason}.", reason=decision.reason)
    if not (model := decision.outcome("model")).shortfall:
        yield Text(
            "Engineers alone bring the {metric} to {target} with {p} probability, for about {team} {currency}.",
            p=chance(model.p_reached), team=amount(float(decision.prices.cost(1.0, 0.0))),
            currency=decision.prices.currency, **_target(decision),
        )  # fmt: skip


def _none(decision):
    wanted = decision.prices.wanted
    yield Text("No way brings the {metric} to {target} as wanted ({p:.0%}).", p=wanted, **_target(decision))
    for outcome in decision.outcomes:
        yield Text("The way by {name} {shortfall}.", name=NAMES[outcome.name], shortfall=outcome.shortfall)


def _data(decision):
    return Text(
        "Collect data: about {more} more examples ({more_low} to {more_high}) bring the {metric} to {target}, "
        "for about {cost} {currency} ({cost_low} to {cost_high}).",
        **_numbers(decision),
    )


def _model(decision):
    return Text(
        "Pay engineers: {months} months bring the {metric} to {target} with {p} probability, "
        "for about {cost} {currency}.",
        **_numbers(decision),
    )


def _both(decision):
    if decision.outcome("both").more == 0:
        return Text(
            "Pay engineers for {months} months, and collect data only where the {metric} is still above {target} then, "
            "for about {cost} {currency} ({cost_low} to {cost_high}).",
            **_numbers(decision),
        )
    return Text(
        "Do both: engineers for {months} months, then about {more} more examples ({more_low} to {more_high}), "
        "bring the {metric} to {target}, for about {cost} {currency} ({cost_low} to {cost_high}).",
        **_numbers(decision),
    )


def _halfway(decision):
    if decision.outcome(decision.choice).more > 0:
        yield Text("In half of all cases as many are too few: collect in rounds, and ask again after each.")


def _other(decision):
    """The best way on the other side of the question: with engineers if the choice is data, else data."""
    names = ("model", "both") if decision.choice == "data" else ("data",)
    other = min((decision.outcome(name) for name in names), key=lambda outcome: (bool(outcome.shortfall), outcome.cost))
    if other.shortfall:
        return Text("The other way, {name}, {shortfall}.", name=NAMES[other.name], shortfall=other.shortfall)
    if other.name == "both":
        return Text(
            "The other way, engineers for {months} months and then data, costs about {cost} {currency}.",
            months=f"{other.share * decision.prices.months:.2g}", cost=amount(other.cost),
            currency=decision.prices.currency,
        )  # fmt: skip
    return Text(
        "The other way, {name}, costs about {cost} {currency}.",
        name=NAMES[other.name], cost=amount(other.cost), currency=decision.prices.currency,
    )  # fmt: skip


def _surely(decision):
    """How often the choice is the cheapest; one that is so more often may have been too unsure to be chosen."""
    p = chance(decision.outcome(decision.choice).p_cheapest)
    likeliest = max(decision.outcomes, key=lambda outcome: outcome.p_cheapest)
    if likeliest.name != decision.choice and likeliest.shortfall:
        return Text(
            "More often {name} would be the cheapest ({other} against {p}), but not as surely as wanted ({wanted}).",
            name=NAMES[likeliest.name], other=chance(likeliest.p_cheapest), p=p, wanted=chance(decision.prices.wanted),
        )  # fmt: skip
    return Text("The choice is the cheapest with {p} probability.", p=p)


def _value(decision):
    if math.isnan(net := decision.outcome(decision.choice).net_value):
        return
    known = {"net": amount(abs(net)), "currency": decision.prices.currency}
    if net >= 0:
        yield Text("On average that is worth {net} {currency} more than it costs.", **known)
    else:
        yield Text("On average that costs {net} {currency} more than it is worth.", **known)


def _numbers(decision):
    outcome, prices = decision.outcome(decision.choice), decision.prices
    sums = ("more", "more_low", "more_high", "cost", "cost_low", "cost_high")
    numbers = {name: amount(getattr(outcome, name)) for name in sums}
    more = {"months": f"{outcome.share * prices.months:g}", "currency": prices.currency}
    return numbers | more | {"p": chance(outcome.p_in_time)} | _target(decision)


def _target(decision):
    return {"metric": decision.metric, "target": value(decision.prices.target, decision.metric)}


# --- numbers as text ---------------------------------------------------------------------------------


def amount(number: float) -> str:
    """Two significant digits: no forecast knows more."""
    if math.isinf(number):
        return Text("no limit")
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 or rounded == 0 else f"{rounded:g}"


def chance(p: float) -> str:
    """A probability in per cent; nothing that a forecast says is certain."""
    if p > 0.99:
        return Text("more than {p:.0%}", p=0.99)
    return Text("less than {p:.0%}", p=0.01) if p < 0.01 else f"{p:.0%}"


def value(number: float, metric: str) -> str:
    """A loss in nats or an error in per cent."""
    if metric != "error":
        return f"{number:.3g}"
    return f"{number:.2%}" if number >= 0.0005 or number == 0 else f"{100 * number:.2g}%"
