"""The reader's language: texts are said as the message catalogues (locale/) have them."""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tracking.text import Text, Verbatim, template

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh": "中文"}  # as a reader of each calls it
LOCALE = Path(__file__).parent / "locale"
# Words that stand for themselves in results: grades and measures.
WORDS = (
    template("good"),
    template("fair"),
    template("poor"),
    template("cannot say"),
    template("loss"),
    template("error"),
)


def translate(text: str, language: str) -> str:
    """`text` in a language of LANGUAGES.

    What has no translation (a name, a number) stays as it is.
    """
    if not text or isinstance(text, Verbatim):
        return text
    known = _catalogue(language)
    if not isinstance(text, Text):
        return known.gettext(text)
    values = {
        name: translate(value, language) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return _template(text, known).format(**values)


def _template(text: Text, known: NullTranslations) -> str:
    if text.plural is not None:
        return known.ngettext(text.template, text.plural, text.values["count"])
    return known.gettext(text.template)


def po_file(language: str) -> Path:
    """The catalogue of a language, as a translator edits it."""
    return LOCALE / language / "LC_MESSAGES" / "messages.po"


@cache
def _catalogue(language: str) -> NullTranslations:
    """Read once; a translation marked as fuzzy does not count."""
    if language == ENGLISH:
        return NullTranslations()
    with po_file(language).open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
