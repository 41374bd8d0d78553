"""What headings say: which names a column may have."""

import re
from collections.abc import Iterable

from tracking.errors import StoreError
from tracking.measures import KNOWN, Measure, find_measure
from tracking.text import Text, Verbatim, template

RUN_COLUMNS = ("run_id", "experiment_id", "run_name")  # of a run, so that a point links to it
N = "n"
ARCHITECTURE = "architecture"
SEED = "seed"
BEST = "best"
SE = "_se"
SIZES = (  # headings of n, the surest first
    ("n",),
    ("n_train", "train_size", "train_sizes", "training_size", "training_set_size"),
    ("n_examples", "num_examples", "n_samples", "num_samples", "train_examples"),
    ("training_examples", "examples", "num_train", "data_size", "sample_size"),
)
MODELS = (
    ("architecture",),
    ("arch", "model", "model_name", "network", "net", "backbone"),
    ("learner", "algorithm", "classifier", "regressor", "estimator", "method"),
)
SEEDS = re.compile(
    r"(^|_)(seeds?|random_state|folds?|cv|repeats?|repetitions?|replicates?|reps?|trials?"
    r"|bootstraps?|resamples?|run|run_?id|id|uuid|index)$"
)
COMMON = ("loss", "error", "accuracy", "rmse")
ERRORS = ("se", "stderr", "std_err", "standard_error", "sem")
ALIASES = {
    "loss": ("loss", "cross_entropy", "nll", "log_loss"),
    "error": ("error", "error_rate", "err"),
    "accuracy": ("accuracy", "acc"),
    "auc": ("auc", "roc_auc", "auroc"),
    "f1": ("f1", "f1_score"),
    "rmse": ("rmse",),
    "mae": ("mae",),
    "r2": ("r2", "r²", "r_2"),
    "perplexity": ("perplexity", "ppl"),
}


def plain(heading: str) -> str:
    """A heading without its unit, case and punctuation: `Error (%)` is error."""
    bare = re.sub(r"\s*[(\[][^)\]]*[)\]]\s*$", "", heading.strip().strip("'\""))
    return re.sub(r"[\s\-_/.]+", "_", bare.lower()).strip("_")


def is_seed(heading: str) -> bool:
    """Whether a column tells replicates apart, which may be averaged."""
    return bool(SEEDS.search(plain(heading)))


def column(said: str, known: list[str]) -> str:
    """The heading that is meant. Raises StoreError with those that there are."""
    if said in known:
        return said
    similar = [name for name in known if plain(name) == plain(said)]
    if len(similar) == 1:
        return similar[0]
    if similar:
        raise StoreError(Text("the CSV has more than one column {name}", name=said))
    missing = template("there is no column '{column}'; there are: {known}")
    raise StoreError(Text(missing, column=said, known=listed(known)))


def listed(known: Iterable[str], most: int = 40) -> Verbatim:
    """Headings for a message, not all of very many."""
    names = list(known)
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return Verbatim(", ".join(name[:60] for name in names[:most]) + more)


def measures_named(heading: str) -> list[str]:
    """The known measures that a heading names in one of its words."""
    heading = plain(heading)
    words = heading.split("_")
    return [one for one, names in ALIASES.items() if {*names} & {heading, *words}]


def measures_likely(heading: str) -> list[Measure]:
    """The measures that a column may be: those it names, or a common one, or its own."""
    named = measures_named(heading)
    own = [] if named or ":" in heading else [find_measure(plain(heading))]
    return [*(KNOWN[one] for one in named or COMMON), *own]


def of_measure(text: str, known: list[str]) -> list[str]:
    for prefix in ("", "test_"):
        names = [f"{prefix}{alias}" for alias in ALIASES[text]]
        found = [name for name in known if plain(name) in names]
        if found:
            return found
    return []
