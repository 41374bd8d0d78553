"""The terms that the report uses for engineers, each in a sentence."""

from tracking.measures import find_measure
from tracking.text import Text

FALLING = (
    (
        Text("exponent"),
        Text("How fast more data closes the gap to the floor: with 0.5 it halves at 4 times."),
    ),
    (
        Text("floor"),
        Text("The value that no amount of the same data gets below."),
    ),
)
RISING = (
    (
        Text("exponent"),
        Text(
            "How fast more data closes the gap to the ceiling: with 0.5 it halves at 4 times."
        ),
    ),
    (
        Text("ceiling"),
        Text("The value that no amount of the same data gets above."),
    ),
)
COMMON = (
    (
        Text("interval"),
        Text("Holds what a new training would measure, with the probability you chose."),
    ),
    (
        Text("back-test"),
        Text("The curve is cut at a smaller size and foretells the larger ones."),
    ),
    (
        Text("crossover"),
        Text("The number of examples at which one model overtakes another."),
    ),
    (
        Text("head"),
        Text("The smallest sizes, where a model hardly beats guessing and no law holds yet."),
    ),
)
NATS = (
    Text("nats"),
    Text("The unit of a loss: e to its power is how many classes the model wavers between."),
)


def glossary(measure: str) -> tuple[tuple[Text, Text], ...]:
    """Each term, and what it means, that a reader of this measure meets."""
    found = find_measure(measure)
    own = RISING if found.is_score else FALLING
    unit = (NATS,) if found.unit == "nats" else ()
    return own + COMMON + unit
