"""Sentences that can be said in another language; they are written, and are, English text."""

from analysis.chinese import CHINESE

LANGUAGES = {"en": {}, "zh": CHINESE}


class Text(str):
    """English text that remembers the template and values it was made of, so that `translate` can say it anew.

    Text("{n:,} images", n=12_000) is the str "12,000 images". The template must be a literal: a test collects
    all of them and asks for a translation of each. A value may be a Text itself.
    """

    template: str
    values: dict

    def __new__(cls, template: str, /, **values):
        text = super().__new__(cls, template.format(**values))
        text.template, text.values = template, values
        return text

    def __str__(self):
        return self  # so that an exception's message stays a Text

    def __getnewargs_ex__(self):
        return (self.template,), self.values


def joined(texts, by: str = " ") -> Text:
    """Several texts as one, which `translate` says one by one."""
    texts = list(texts)
    return Text(by.join(f"{{t{i}}}" for i in range(len(texts))), **{f"t{i}": text for i, text in enumerate(texts)})


def translate(text: str, language: str) -> str:
    """`text` in a language of LANGUAGES; what has no translation (a name, a number) stays as it is."""
    known = LANGUAGES[language]
    if not isinstance(text, Text):
        return known.get(text, text)
    values = {name: translate(v, language) if isinstance(v, str) else v for name, v in text.values.items()}
    return known.get(text.template, text.template).format(**values)
