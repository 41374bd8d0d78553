"""What is shown: a study, and where it is."""

from dataclasses import dataclass

from tracking.study import Study


@dataclass(frozen=True)
class Source:
    """A study and where it is.

    study: what was measured.
    kind: study, csv or example.
    key: changes when the study does.
    store, ui: its tracking store and MLflow UI; "" for none.
    """

    study: Study
    kind: str
    key: tuple[str, ...]
    store: str = ""
    ui: str = ""
