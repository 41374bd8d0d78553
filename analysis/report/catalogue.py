"""Updates the message catalogues from the sources: python -m analysis.report.catalogue

locale/messages.pot holds all messages in English; locale/LANGUAGE/LC_MESSAGES/messages.po has
their translations, which a translator's tools (Poedit, Weblate, …) open. A message that is new
has no translation yet, one that was reworded has its old one, marked as fuzzy: a test names
them, and the page says them in English.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from analysis.report.language import ENGLISH, LANGUAGES, LOCALE, po_file
from tracking import schema

ROOT = Path(__file__).parents[2]
ROOMS = ("analysis", "app", "tracking")  # whose sources hold messages
# What a message is marked with, and how many of the arguments are messages.
MARKS = {"Text": 1, "template": 1, "counted": 2, "templates": 2}
POT = LOCALE / "messages.pot"
NAME = "scaling-study"
HEADER = f"# Translations of {NAME}, under its licence.\n#"
WIDTH = 95


def new(language: str | None = None) -> Catalog:
    """An empty catalogue; without a language the template of all others."""
    people = {"msgid_bugs_address": "-", "last_translator": "-", "language_team": "-"}
    return Catalog(
        language, header_comment=HEADER, project=NAME, version="0", fuzzy=False, **people
    )


def main() -> None:
    messages = extracted()
    if POT.exists() and ids(read(POT)) == ids(messages):
        messages.creation_date = read(POT).creation_date
    write(messages, POT)
    for language in LANGUAGES:
        if language != ENGLISH:
            update(messages, language)


def extracted() -> Catalog:
    """All messages of the sources, in English."""
    catalogue = new()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for message, line in marked(path.read_text(encoding="utf-8")):
                catalogue.add(message, None, [(file, line)])
    for one in schema.FIELDS:
        for text in filter(None, (one.label, one.heading)):
            catalogue.add(text, None, [("tracking/schema.py", 1)])
    return catalogue


def marked(source: str) -> Iterator[tuple[str | tuple[str, ...], int]]:
    """Each message of a source and its line; (one, many) where it depends on a number."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            count = MARKS.get(node.func.id, 0)
            found = tuple(filter(None, map(literal, node.args[:count])))
            if found and len(found) == count:
                yield found if count > 1 else found[0], node.lineno


def literal(node: ast.expr) -> str | None:
    """A text of the source; None for what is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def update(messages: Catalog, language: str) -> None:
    """Bring the catalogue of a language to what the sources say."""
    file = po_file(language)
    known = read(file) if file.exists() else new(language)
    known.update(messages)
    write(known, file)
    missing = [message.id for message in known if message.id and not is_translated(message)]
    print(f"{language}: {len(known)} messages, {len(missing)} to translate")
    for message in missing:
        print(f"  {message}")


def is_translated(message: Message) -> bool:
    """Whether readers see the translation: there is one, and it is not marked as fuzzy."""
    said = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(said) and not message.fuzzy


def ids(catalogue: Catalog) -> set[Any]:
    """English messages; (one, many) where a message depends on a number."""
    return {message.id for message in catalogue if message.id}


def read(file: Path) -> Catalog:
    with file.open("rb") as lines:
        return read_po(lines)


def write(catalogue: Catalog, file: Path) -> None:
    """Ordered by source file; without line numbers, which change with every edit."""
    for message in catalogue:
        message.flags.discard("python-format")  # ours are {braces}; "% o" is a per cent sign
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as lines:
        write_po(
            lines,
            catalogue,
            width=WIDTH,
            sort_by_file=True,
            ignore_obsolete=True,
            include_lineno=False,
        )


if __name__ == "__main__":
    main()
