"""The numbers that a reader may give, in three groups, with their units and meanings."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.decision.prices import Prices
from tracking.text import Text, template

DEFAULT = Prices()
NOT_GIVEN = Text("not given")
NO_LIMIT = Text("no limit")


@dataclass(frozen=True)
class Number:
    """A field for one number.

    label: what it is called, with its unit; may name the currency and the measure.
    help: what it means.
    default: its first value; None: no limit, or not known.
    highest: the largest value allowed.
    step: of its buttons.
    lowest: the smallest value allowed.
    empty: what stands in it while it is empty.
    """

    label: str
    help: Text
    default: float | None
    highest: float
    step: float
    lowest: float = 0.0
    empty: Text = NOT_GIVEN


LABELS: Mapping[str, Number] = {
    "label_price": Number(
        template("Price per label ({currency})"),
        Text("What one labelled example costs, finding it included."),
        DEFAULT.label_price,
        1e6,
        0.01,
    ),
    "fixed_cost": Number(
        template("Fixed cost of collecting ({currency})"),
        Text("Paid once if anything is collected at all: contracts, guidelines, tools."),
        DEFAULT.fixed_cost,
        1e9,
        100.0,
    ),
    "capacity": Number(
        template("Labels per month"),
        Text("How many examples your labellers manage in a month."),
        DEFAULT.capacity,
        1e12,
        1000.0,
        lowest=1.0,
        empty=NO_LIMIT,
    ),
}
ENGINEERS: Mapping[str, Number] = {
    "engineer_price": Number(
        template("One engineer for a month ({currency})"),
        Text("Salary with all its costs."),
        DEFAULT.engineer_price,
        1e9,
        500.0,
    ),
    "people": Number(
        template("Engineers"), Text("People in the team."), DEFAULT.people, 1e4, 1.0
    ),
    "months": Number(
        template("Months of engineering"),
        Text("The effort is paid whole or not at all."),
        DEFAULT.months,
        240.0,
        1.0,
    ),
    "gain_low": Number(
        template("They lower the {measure} by at least (%)"),
        Text("The least that you expect of their work."),
        100 * DEFAULT.engineering.low,
        99.0,
        1.0,
    ),
    "gain_high": Number(
        template("… and by at most (%)"),
        Text("The most that you expect of their work."),
        100 * DEFAULT.engineering.high,
        99.0,
        1.0,
    ),
    "success": Number(
        template("Chance that they succeed (%)"),
        Text("Otherwise their work brings nothing."),
        100 * DEFAULT.engineering.success,
        100.0,
        5.0,
    ),
}
TRAINING: Mapping[str, Number] = {
    "gpu_price": Number(
        template("GPU, for an hour ({currency})"),
        Text("What an hour of training costs."),
        DEFAULT.gpu_price,
        1e6,
        0.5,
    ),
    "gpu_hours": Number(
        template("GPU hours of one training"),
        Text("With its search, on today's examples; twice the examples take twice as long."),
        DEFAULT.gpu_hours,
        1e9,
        1.0,
    ),
    "deadline": Number(
        template("Deadline (months from now)"),
        Text("What takes longer is not recommended."),
        None,
        240.0,
        1.0,
        empty=NO_LIMIT,
    ),
    "wanted": Number(
        template("Wanted chance of reaching the target (%)"),
        Text("A price is named that reaches the target with this chance."),
        100 * DEFAULT.wanted,
        99.0,
        5.0,
        lowest=50.0,
    ),
    "value": Number(
        template("Worth of {step} ({currency})"),
        Text("What so much improvement is worth to you; it adds what each way gains."),
        None,
        1e15,
        1000.0,
    ),
}
NUMBERS = {**LABELS, **ENGINEERS, **TRAINING}
DEFAULTS = {key: one.default for key, one in NUMBERS.items() if one.default is not None}
