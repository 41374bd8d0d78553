"""How a table is to be read, and what has to be asked before it can be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tracking.errors import InputError, StoreError
from tracking.text import Text, Verbatim, joined

COLUMNS = "columns"
ONLY = "only"
LAST = "last"  # of `only`: the largest value of each curve, size and seed
BOTH = "+"  # between two columns, or two values


@dataclass(frozen=True)
class Reading:
    """What somebody says of a table.

    columns: role -> column. A role is n, a measure's text, its `<measure>_se`, architecture
        (several columns are joined by +), seed (the same) or best (of the rows of a curve,
        size and seed only the one best by it counts). Numbers may be scaled: `500*share`,
        `10^log_n`; `1*n` says that they are as they seem.
    only: column -> the value whose rows count; several are joined by +, `last` is the largest.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)

    def answered(self, answer: "Answer") -> "Reading":
        """The same with the answer to a question."""
        given = {**getattr(self, answer.option), answer.key: answer.value}
        for name in answer.instead_of:
            given.pop(name, None)
        return replace(self, **{answer.option: given})


@dataclass(frozen=True)
class Answer:
    """One answer to a question.

    label: as a reader chooses it.
    option: COLUMNS or ONLY, of a Reading.
    key, value: what it says there.
    instead_of: what it takes back there.
    """

    label: str
    option: str
    key: str
    value: str
    instead_of: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """As on a command line."""
        return f"--{self.option} {self.key}={self.value}"


class Asked(StoreError):  # noqa: N818 - a question, no mistake
    """A table can be read in several ways. The message names the options that decide.

    about: of what is asked; the same question has the same.
    question: the first half of the message.
    answers: what may be meant, the likeliest first.
    """

    def __init__(self, about: str, question: Text, answers: Iterable[Answer], most: int = 3):
        self.about = about
        self.question = question
        self.answers = tuple(answers)
        super().__init__(self._message(most) if self.answers else question)

    def _message(self, most: int) -> Text:
        said = [Verbatim(answer.written) for answer in self.answers[:most]]
        more = [Verbatim("…")] if len(self.answers) > most else []
        return Text(
            "{question}; say which: {options}",
            question=self.question,
            options=joined([*said, *more], " · "),
        )


def read_pairs(text: str) -> dict[str, str]:
    """`a=b,c=d` as a mapping. A comma without a `=` behind it belongs to the name before it.

    Raises InputError.
    """
    pairs: list[str] = []
    for part in text.split(","):
        if "=" in part or not pairs:
            pairs.append(part)
        else:
            pairs[-1] += f",{part}"
    found: dict[str, str] = {}
    for pair in filter(str.strip, pairs):
        key, _, value = (half.strip() for half in pair.partition("="))
        if not key or not value:
            raise InputError(f"'{pair.strip()}' is not NAME=VALUE")
        if key in found:
            raise InputError(f"'{key}' is said twice")
        found[key] = value
    return found
