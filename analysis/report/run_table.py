"""The runs behind the curves as a table: what was asked of each, and what came out."""

import pandas as pd

from tracking import schema
from tracking.measures import find_measure
from tracking.runs import measures_of, validation
from tracking.schema import Role
from tracking.text import Text


def runs_table(runs: pd.DataFrame) -> pd.DataFrame:
    """The columns of `headings`, the best in validation first."""
    order = validation(runs).sort_values().index
    return runs.reindex(columns=list(headings(runs))).loc[order]


def headings(runs: pd.DataFrame) -> dict[str, Text]:
    """Columns of the runs -> what a reader calls them; values are as the reader knows them."""
    fields = [one for one in schema.FIELDS if one.heading]
    asked = {one.name: Text(one.heading) for one in fields if one.role is not Role.MEASURED}
    came = {one.name: Text(one.heading) for one in fields if one.role is Role.MEASURED}
    known = [find_measure(one) for one in measures_of(runs)]
    chosen_by = {
        schema.measured(one.name)["validation"]: Text("validation {measure}", measure=one.said)
        for one in known
    }
    tested = {
        schema.measured(one.name)["test"]: Text("test {measure}", measure=one.said)
        for one in known
    }
    return {**asked, **chosen_by, **tested, **came}
