"""Distributions of scipy.stats, made when they are first drawn from.

Importing that package takes half a second, and an untuned trial draws nothing.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Distribution:
    """One of scipy.stats, by name.

    name: such as loguniform.
    arguments: its own, as scipy.stats takes them.
    """

    name: str
    arguments: tuple[float, ...]

    def rvs(self, **options: Any) -> Any:
        """A random draw, as scipy.stats makes it."""
        return _made(self).rvs(**options)

    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return _made(self).support()


@cache  # it takes a millisecond, and a study draws thousands of times
def _made(one: Distribution) -> Any:
    from scipy import stats

    return getattr(stats, one.name)(*one.arguments)


def loguniform(low: float, high: float) -> Distribution:
    """All orders of magnitude between two values alike."""
    return Distribution("loguniform", (low, high))


def uniform(low: float, high: float) -> Distribution:
    """All values between two alike."""
    return Distribution("uniform", (low, high - low))


def randint(low: int, high: int) -> Distribution:
    """Whole numbers from `low` to `high`, without `high` itself."""
    return Distribution("randint", (low, high))
