"""What a table does not say by itself is asked, one question after the other."""

from collections.abc import Callable

import streamlit as st

from app.show import say
from tracking.errors import StoreError
from tracking.study import Study
from tracking.tables.headings import N
from tracking.tables.reading import COLUMNS, Answer, Asked, Reading
from tracking.text import Text, Verbatim

MOST = 20  # questions about one table


def read(load: Callable[[Reading], Study], about: str) -> tuple[Study, Reading]:
    """The study, and how its table was read.

    load: reads the table; raises Asked for each question that the answers so far leave open.
    about: names the table, so that another has its own answers.

    Raises StoreError where a question has no answer yet.
    """
    reading = Reading()
    for number in range(MOST):
        try:
            return load(reading), reading
        except Asked as asked:
            if not asked.answers:
                raise
            reading = reading.answered(_answer(asked, f"asked-{about}-{number}"))
    raise StoreError(Text("The table leaves too many questions open."))


def _answer(asked: Asked, key: str) -> Answer:
    """A choice; n may be written, as no list holds the size of every pool."""
    written = asked.about == N
    called = {answer: say(answer.label) for answer in asked.answers}
    chosen = st.selectbox(
        say(asked.question),
        asked.answers,
        index=None,
        format_func=lambda one: called.get(one, one),
        placeholder=say(Text("Choose")),
        accept_new_options=written,
        help=say(Text("Or write it: 370*n, 10^n.")) if written else None,
        key=f"{key}-{asked.about}",
    )
    if chosen is None:
        raise StoreError(Text("{question}. Choose above.", question=asked.question))
    if isinstance(chosen, str):
        return Answer(Verbatim(chosen), COLUMNS, N, chosen)
    return chosen
