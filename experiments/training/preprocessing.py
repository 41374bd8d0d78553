"""What is learned of the columns of a table before anything is predicted: on the subset alone.

Gaps are filled, numbers standardised where the learner needs it; categories and words become
numbers.
"""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from experiments.training.table import Columns, Rows

CATEGORIES = 100  # of a column that get a number of their own; the rarer ones share one
WORDS = 100_000  # and pairs of words, the most frequent
DIRECTIONS = 100  # of words, or of a sparse matrix, for learners that need dense numbers
UNKNOWN = -1  # the number of a category that is missing or was never seen


def make_preparation(columns: Columns, train: Rows, scaled: bool, dense: bool) -> Any:
    """An unfitted transformer of examples into numbers; None where they hold nothing.

    train: the subset it is to be fitted on.
    scaled: whether the learner needs numbers of one scale; trees do not.
    dense: whether it cannot take a sparse matrix.
    """
    if columns.used:
        return _of_frame(columns, train, scaled, dense)
    if not train.is_sparse:
        return _numbers(scaled)
    steps: list[Any] = [MaxAbsScaler()] if scaled else []
    if dense:
        steps += _directions(train.x.shape[1], scaled)
    return make_pipeline(*steps) if steps else "passthrough"


def _of_frame(columns: Columns, train: Rows, scaled: bool, dense: bool) -> Any:
    parts: list[Any] = []
    if columns.numbers:
        parts.append(("numbers", _numbers(scaled), list(columns.numbers)))
    if columns.categories:
        categories = _one_hot(dense) if scaled else _ordinal()
        parts.append(("categories", categories, list(columns.categories)))
    if columns.text and (words := count_words(train.x[columns.text])):
        text = make_pipeline(_tf_idf(), *(_directions(words, scaled) if dense else []))
        parts.append(("text", text, columns.text))
    if not parts:
        return None
    return ColumnTransformer(parts, sparse_threshold=0 if dense else 1)


def _numbers(scaled: bool) -> Any:
    """Gaps get the median, and a column of their own that says where they were."""
    gaps = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(gaps, *([StandardScaler()] if scaled else []))


def _one_hot(dense: bool) -> OneHotEncoder:
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=CATEGORIES,
        sparse_output=not dense,
    )


def _ordinal() -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=UNKNOWN,
        encoded_missing_value=UNKNOWN,
        max_categories=CATEGORIES,
    )


def _tf_idf() -> TfidfVectorizer:
    """Words and pairs of words, by how often they come and how rare they are."""
    return TfidfVectorizer(
        token_pattern=r"\b\w+\b", ngram_range=(1, 2), sublinear_tf=True, max_features=WORDS
    )


def count_words(texts: Any) -> int:
    """Words and pairs of words that the texts (n,) hold."""
    try:
        return len(_tf_idf().fit(texts).vocabulary_)
    except ValueError:  # no text holds a word
        return 0


def _directions(width: int, scaled: bool) -> list[Any]:
    """The directions in which rows of so many numbers differ most (latent semantic analysis).

    Deerwester et al. 1990, Journal of the American Society for Information Science 41.
    """
    if width <= 2:
        return [ColumnTransformer([("all", "passthrough", slice(None))], sparse_threshold=0)]
    steps: list[Any] = [TruncatedSVD(min(DIRECTIONS, width - 1))]
    return steps + ([StandardScaler()] if scaled else [])
