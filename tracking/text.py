"""Sentences that can be said in another language; they are written, and are, English text."""

from collections.abc import Iterable
from typing import Any


class Text(str):
    """English text that remembers the template and values it was made of.

    Text("{n:,} images", n=12_000) is the str "12,000 images". The template is its id in the
    message catalogue (analysis/report/locale), so it must be a literal: a test collects all of
    them. A value may be a Text itself.

    plural: the template for every `count` among the values but 1; see `counted`.
    """

    template: str
    plural: str | None
    values: dict[str, Any]

    def __new__(cls, template: str, plural: str | None = None, /, **values: Any) -> "Text":
        chosen = template if plural is None or values["count"] == 1 else plural
        text = super().__new__(cls, chosen.format(**values))
        text.template = template
        text.plural = plural
        text.values = values
        return text

    def __str__(self) -> "Text":  # an exception's message stays a Text
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None], dict[str, Any]]:
        return (self.template, self.plural), self.values


class Verbatim(str):
    """What is the same in every language: a name, a column of a file, what somebody wrote."""


def counted(one: str, many: str, /, *, count: int, **values: Any) -> Text:
    """A Text that depends on a number: counted("{count} run", "{count} runs", count=2)."""
    return Text(one, many, count=count, **values)


def joined(texts: Iterable[str], by: str = " ") -> Text:
    """Several texts as one, which are translated one by one."""
    values = {f"t{i}": text for i, text in enumerate(texts)}
    template = by.join(f"{{{name}}}" for name in values)
    return Text(template, **values)


def template(text: str) -> str:
    """Marks a template that becomes a Text elsewhere, so that it is found for translation."""
    return text


def templates(one: str, many: str) -> tuple[str, str]:
    """Marks the templates of a Text that depends on its `count`, which come before values."""
    return one, many
