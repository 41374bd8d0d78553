"""The terms that the report uses for engineers, each in a sentence."""

from tracking.text import Text

GLOSSARY = (
    (
        Text("exponent"),
        Text("How steeply the value falls with more data: with 0.5 it halves at 4 times."),
    ),
    (
        Text("floor"),
        Text("The value that no amount of the same data gets below."),
    ),
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
        Text("nats"),
        Text(
            "The unit of a loss: e to its power is how many classes the model wavers between."
        ),
    ),
    (
        Text("head"),
        Text("The smallest sizes, where a model hardly beats guessing and no law holds yet."),
    ),
)
