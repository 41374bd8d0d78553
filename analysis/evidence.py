"""All that is concluded from one study, each thing once: what does not depend on a control is not computed again."""

from dataclasses import dataclass, field
from functools import cached_property, wraps

import pandas as pd

from analysis.answer import Conclusion, backtests, conclude_curve
from analysis.compare import Comparison, compare
from analysis.costs.breakeven import BreakEven, break_even
from analysis.costs.budget import Split, best_for_budget
from analysis.costs.next_trials import NextTrials, next_trials
from analysis.costs.prices import Prices
from analysis.costs.rounds import Plan, plan_rounds
from analysis.costs.sensitivity import costs_by_target, diminishing_returns, tornado
from analysis.decision import Decision, decide
from analysis.fits.curve import FitError, read_curve
from analysis.forecast import DataNeeded, needed_from
from analysis.study import Study
from analysis.trust.diagnosis import Diagnosis, diagnose


@dataclass(frozen=True)
class Question:
    """What is asked: of which architecture (None: the best one), with which confidence of the intervals, at which
    prices (the target is theirs, too), with which measured architecture instead of what engineering may bring, and
    what a budget can do (None: not asked)."""

    architecture: str | None = None
    confidence: float = 0.9
    prices: Prices = field(default_factory=Prices)
    better: str | None = None
    budget: float | None = None


def once(most: int):
    """Computed once for the same arguments; the last `most` answers are kept."""

    def decorate(method):
        @wraps(method)
        def remembered(self, *arguments):
            known = self.__dict__.setdefault(f"_{method.__name__}", {})
            try:
                return known[arguments]
            except KeyError:
                found = known[arguments] = method(self, *arguments)
            while len(known) > most:
                known.pop(next(iter(known)), None)
            return found

        return remembered

    return decorate


class Evidence:
    """A study's runs on one dataset by one metric, and what follows from them.

    dataset None: that of a CSV. Raises what the functions called raise: FitError and ValueError for a wrong question.
    """

    def __init__(self, study: Study, dataset: str | None = None, metric: str = "loss"):
        self.study, self.dataset, self.metric = study, dataset, metric

    @cached_property
    def table(self) -> pd.DataFrame:
        """Points of the learning curves."""
        return self.study.points(self.dataset, self.metric)

    @cached_property
    def untuned(self) -> pd.DataFrame | None:
        return self.study.untuned(self.dataset, self.metric)

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        return self.study.of(self.dataset)

    @cached_property
    def best_guess(self) -> float | None:
        return self.study.best_guess(self.dataset, self.metric)

    @cached_property
    def curves(self) -> dict[str, pd.DataFrame]:
        """architecture -> its points, by name."""
        return dict(list(self.table.groupby("architecture", sort=True)))

    @cached_property
    def names(self) -> list[str]:
        """Architectures that a law can be fitted to, the smallest loss at the largest size first."""
        last = {name: curve.loc[curve["n"] == curve["n"].max(), "loss"].mean() for name, curve in self.curves.items()}
        return sorted(filter(self._fits, self.curves), key=last.get)

    def _fits(self, name):
        try:
            read_curve(self.curves[name]["n"], self.curves[name]["loss"])
        except FitError:
            return False
        return True

    @once(200)
    def conclusion(self, name: str, confidence: float) -> Conclusion:
        return conclude_curve(name, self.curves[name], self.metric, confidence)

    def conclusions(self, confidence: float) -> list[Conclusion]:
        """Of all architectures, by name."""
        return [self.conclusion(name, confidence) for name in self.curves]

    @once(24)
    def backtests(self, confidence: float) -> pd.DataFrame:
        return backtests(self.table, confidence)

    @once(24)
    def diagnosis(self, confidence: float) -> Diagnosis | None:
        return None if self.runs is None else diagnose(self.runs, self.study.told, self.metric, confidence)

    @once(24)
    def comparison(self, confidence: float) -> Comparison:
        """Of those that have a law."""
        table, runs = (
            part if part is None else part[part["architecture"].isin(self.names)] for part in (self.table, self.runs)
        )
        known = self.known(confidence)
        return compare(table, runs=runs, metric=self.metric, confidence=confidence, conclusions=known)

    def known(self, confidence: float) -> list[Conclusion]:
        """Those with a law and a forecast, in the order of `names`."""
        return [self.conclusion(name, confidence) for name in self.names]

    def asked(self, question: Question) -> Conclusion | None:
        """The conclusion about the architecture asked for, by default the best; None where none has a law."""
        if not self.names:
            return None
        name = question.architecture if question.architecture in self.names else self.names[0]
        return self.conclusion(name, question.confidence)

    def better(self, question: Question) -> Conclusion | None:
        """The conclusion about the measured architecture to change to."""
        if question.better not in self.names or question.better == self.asked(question).architecture:
            return None
        return self.conclusion(question.better, question.confidence)

    @once(24)
    def needed(self, architecture: str, target: float, confidence: float) -> DataNeeded:
        return needed_from(self.conclusion(architecture, confidence).forecast.predictive, target, confidence)

    @once(4)  # with its futures one takes megabytes
    def decision(self, question: Question) -> Decision:
        asked, better = self.asked(question), self.better(question)
        return decide(
            asked.forecast.predictive,
            question.prices,
            better=better.forecast.predictive if better else None,
            metric=self.metric,
            confidence=question.confidence,
        )

    @once(24)
    def break_even(self, question: Question) -> BreakEven:
        return break_even(self.decision(question))

    @once(24)
    def tornado(self, question: Question) -> pd.DataFrame:
        return tornado(self.decision(question))

    @once(24)
    def costs(self, question: Question) -> pd.DataFrame:
        return costs_by_target(self.decision(question))

    @once(24)
    def next_per_cent(self, question: Question) -> pd.DataFrame:
        return diminishing_returns(self.decision(question))

    @once(24)
    def split(self, question: Question) -> Split:
        asked, better = self.asked(question), self.better(question)
        return best_for_budget(
            asked.forecast.predictive,
            question.prices,
            question.budget,
            better=better.forecast.predictive if better else None,
            metric=self.metric,
            confidence=question.confidence,
        )

    @once(24)
    def plan(self, question: Question) -> Plan:
        prices = self.decision(question).prices
        found = self.asked(question).forecast.predictive
        paid = {"price": prices.label_price, "fixed": prices.fixed_cost}
        return plan_rounds(found, prices.target, prices.n, success=prices.wanted, **paid)

    @once(24)
    def next_trials(self, architecture: str, target: float, confidence: float) -> NextTrials | None:
        """None for a CSV, which has no study to extend."""
        if self.runs is None:
            return None
        asked = {"architecture": architecture, "target": target, "metric": self.metric, "confidence": confidence}
        return next_trials(self.runs, self.study.name, **asked)
