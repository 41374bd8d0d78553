"""Columns that separate curves: nothing is averaged over them in silence."""

import re
from collections.abc import Collection, Iterable

import pandas as pd

from tracking.tables.headings import (
    ARCHITECTURE,
    BEST,
    MODELS,
    SEED,
    is_seed,
    measures_named,
    plain,
)
from tracking.tables.reading import BOTH, COLUMNS, LAST, ONLY, Answer, Asked
from tracking.tables.roles import Roles
from tracking.text import Text, Verbatim, template

MOST_NAMED = 5  # values that a question names
MOST_CHOICES = 30  # values of a column to choose from
REPEATED = 0.5  # of the rows have a value that another size has, too: it was set, not measured
# What a curve is of: two values of it are two curves, wherever they stand.
KINDS = re.compile(
    r"(^|_)(architecture|arch|models?|backbone|network|net|learner|algorithm|classifier|method"
    r"|regressor|estimator|model_name|variant|dataset|data_set|dataset_name|corpus|task|domain"
    r"|target|label|language|lang|split|subset|partition|phase|stage|mode|eval_set|set|group"
    r"|optimi[sz]er|augmentation|augment|pretrained|pretraining|init|strategy|scheme|setting"
    r"|condition|configuration|config|experiment|study|project|system|device|tokenizer"
    r"|metric|measure|loss_function|criterion|kind|type|class|category)$"
)
# What grows with a model: several values at one size are no replicates.
LEVELS = re.compile(
    r"(^|_)(n?_?param(eter)?s|num_param(eter)?s|model_size|width|depth|layers|hidden|hidden_size"
    r"|channels|units|dim|heads|flops|compute|size|resolution|budget|k|shots?)$"
)
# What is counted while a model trains; a replicate may end where it does.
COUNTS = re.compile(r"(^|_)(epochs?|steps?|iterations?|iters?|checkpoint|ckpt|round)$")
# What a search chooses: the best of each size may go up and down.
SEARCHED = re.compile(
    r"(^|_)(lr|learning_rate|batch|batch_size|bs|dropout|weight_decay|wd|momentum|temperature"
    r"|alpha|lambda|c|gamma|noise)$"
)
MEASURED = re.compile(
    r"^(best|final|last|stopped|chosen|selected|early)_|(^|_)(loss|error|err|acc|accuracy|auc"
    r"|auroc|f1|rmse|mae|mse|r2|perplexity|ppl|precision|recall|score|time|seconds|duration"
    r"|runtime|timestamp|created|started|ended|date|std|sd|var|variance|se|stderr|sem|ci|low"
    r"|high|lower|upper|min|max|notes?|remarks?|comments?)$"
)
VALIDATION = re.compile(r"(^|_)(val|valid|validation|dev)_")


def check_separated(
    table: pd.DataFrame,
    curve: pd.Series,
    n: pd.Series,
    roles: Roles,
    said: Collection[str] = (),
) -> None:
    """Raises Asked where rows of one curve and size differ in what may be another curve.

    table: cells as text.
    curve: (rows,) to which each row belongs.
    n: (rows,) its size.
    said: columns by which the rows were chosen, and which need no answer.
    """
    place = pd.DataFrame({"curve": _codes(curve), "n": n})
    seeds = [table[name].fillna("") for name in shared_seeds(table, place, roles)]
    each = bool(seeds) and not pd.concat([place, *seeds], axis=1).duplicated().any()
    known = {*roles.used, *said}
    others = [name for name in table if name not in known and not is_seed(name)]
    if roles.best is not None:  # the best of a search, whatever it tried
        others = [name for name in others if KINDS.search(plain(name))]
    for name in sorted(others, key=_order):
        if _separates(name, _codes(table[name]), place, each):
            raise asked(name, table, roles)


def shared_seeds(table: pd.DataFrame, place: pd.DataFrame, roles: Roles) -> list[str]:
    """The columns of seeds that are the same at several sizes, as the ids of runs are not."""
    return [name for name in roles.seed if _repeated(_codes(table[name]), place)]


def _codes(cells: pd.Series) -> pd.Series:
    """A number for each value, which is compared faster than text."""
    return pd.Series(pd.factorize(cells.str.strip(), use_na_sentinel=False)[0], cells.index)


def _order(name: str) -> tuple[int, str]:
    """Kinds are asked about first."""
    return (0 if KINDS.search(plain(name)) else 1, name)


def _separates(name: str, values: pd.Series, place: pd.DataFrame, each: bool) -> bool:
    """Whether a column separates curves that are taken for one.

    each: whether every row of a curve and size has its own seed.
    """
    if values.groupby(place["curve"]).nunique().max() < 2:
        return False
    heading = plain(name)
    if MEASURED.search(heading):
        return False
    repeated = _repeated(values, place)
    if KINDS.search(heading):
        return repeated or _varies(values, place)
    varies = _varies(values, place)
    if SEARCHED.search(heading):
        return varies
    if LEVELS.search(heading):
        return varies or _interleaved(values, place)
    if COUNTS.search(heading):
        return varies and (repeated or not each)
    return varies and repeated and not each


def _varies(values: pd.Series, place: pd.DataFrame) -> bool:
    """Whether rows of one curve and size differ."""
    return bool(values.groupby([place["curve"], place["n"]]).nunique().max() > 1)


def _repeated(values: pd.Series, place: pd.DataFrame) -> bool:
    """Whether most values of a curve are there at several sizes."""
    sizes = place["n"].groupby([place["curve"], values]).transform("nunique")
    return bool(sizes.gt(1).mean() >= REPEATED)


def _interleaved(values: pd.Series, place: pd.DataFrame) -> bool:
    """Whether two curves are told apart by their sizes alone: 1, 3, 5 and 2, 4, 6 thousand.

    What grows with the data, as a width may, keeps its value until it has another.
    """
    for _, rows in place.assign(value=values).groupby("curve"):
        rows = rows.sort_values("n")
        runs = rows["value"].ne(rows["value"].shift()).sum()
        kinds = rows["value"].nunique()
        if kinds > 1 and runs > kinds and _repeated(rows["value"], rows) and runs >= 2 * kinds:
            return True
    return False


def asked(name: str, table: pd.DataFrame, roles: Roles) -> Asked:
    """The question what a column is: a choice, further curves, or replicates."""
    values = list(dict.fromkeys(table[name].dropna().str.strip()))
    known = pd.to_numeric(pd.Series(values), errors="coerce")
    numeric = known.notna().all()
    if numeric:
        values = [values[place] for place in known.argsort()]
    shown = [value[:30] for value in values[:MOST_NAMED]]
    more = [f"… {values[-1][:30]}"] if len(values) > MOST_NAMED else []
    question = Text(
        "column {column} has {count:,} values in one curve ({values}), "
        "which would be averaged over",
        column=Verbatim(name),
        count=len(values),
        values=Verbatim(", ".join([*shown, *more])),
    )
    answers = [*_answers(name, values, bool(numeric), roles), *_best(list(table))]
    return Asked(f"separates {name}", question, answers)


def _best(headings: list[str]) -> list[Answer]:
    """The best of several trials by what validated them."""
    validation = [name for name in headings if VALIDATION.search(plain(name))]
    return [
        Answer(Text("the best by {column}", column=Verbatim(name)), COLUMNS, BEST, name)
        for name in validation
        if measures_named(name)
    ]


def _answers(name: str, values: list[str], numeric: bool, roles: Roles) -> Iterable[Answer]:
    column = Verbatim(name)
    only = template("only {column} = {value}")
    curves = BOTH.join([*roles.architecture, name])
    choices = [
        Answer(Text(only, column=column, value=Verbatim(value[:60])), ONLY, name, value)
        for value in values[:MOST_CHOICES]
    ]
    each = Answer(
        Text("a curve for each {column}", column=column), COLUMNS, ARCHITECTURE, curves
    )
    seeds = Answer(
        Text("replicates, which may be averaged", column=column),
        COLUMNS,
        SEED,
        BOTH.join([*roles.seed, name]),
    )
    largest = Answer(Text("the largest {column} of each", column=column), ONLY, name, LAST)
    if any(plain(name) in names for names in MODELS):
        return [each, *choices, seeds]
    first = choices[-1:] if numeric else choices[:1]
    rest = [choice for choice in choices if choice not in first]
    return [*first, each, *([largest] if numeric else []), *rest, seeds]
