"""All that is concluded from one study, each thing once.

What does not depend on a control of the page is not computed again when the control changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, cast

import pandas as pd
from cachetools import LRUCache, cachedmethod

from analysis import selection
from analysis.comparison.compare import Comparison, compare
from analysis.curves.conclusion import Conclusion, backtests, conclude_curve
from analysis.curves.curve import read_curve
from analysis.curves.data_needed import DataNeeded, needed_from
from analysis.curves.predictive import Predictive
from analysis.decision.break_even import BreakEven, break_even
from analysis.decision.decide import Decision, decide
from analysis.decision.gains import (
    ForBudget,
    MoreData,
    doublings,
    for_budget,
    more_data,
    path,
)
from analysis.decision.prices import Prices
from analysis.decision.questions import Answer, Asks, for_target
from analysis.decision.rounds import Plan, plan_rounds
from analysis.decision.sensitivity import costs_by_target, tornado
from analysis.decision.slice_curves import SliceCurves, fit_slices
from analysis.decision.slices import SliceAdvice, advise_slices
from analysis.diagnostics.diagnosis import Diagnosis, diagnose
from analysis.diagnostics.evidence import Past, past_of
from analysis.diagnostics.examples import Explained, explained, leak
from analysis.planning.next_trials import NextTrials, next_trials
from analysis.reasons import FitError
from tracking.data_check import DataCheck
from tracking.measures import find_measure
from tracking.runs import chooser
from tracking.study import Study

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Question:
    """What is asked.

    architecture: of which one; None for the best.
    confidence: of the intervals.
    prices: and with them the target.
    better: the measured architecture to change to, in place of what engineering may bring.
    budget: what could it reach? None where this is not asked.
    times: the data, where it is asked what more of them bring.
    asks: which of the three questions; None for that of the budget where there is one, else
        that of the target where there is one, else what more data bring.
    """

    architecture: str | None = None
    confidence: float = 0.9
    prices: Prices = field(default_factory=Prices)
    better: str | None = None
    budget: float | None = None
    times: float = 2.0
    asks: Asks | None = None

    @property
    def asked_for(self) -> Asks:
        """Which of the three questions it is."""
        if self.asks is not None:
            return self.asks
        if self.budget is not None:
            return Asks.BUDGET
        return Asks.MORE_DATA if self.prices.target is None else Asks.TARGET


def once(most: int) -> Callable[[Method], Method]:
    """Computed once for the same arguments; the `most` answers used last are kept."""

    def decorate(method: Method) -> Method:
        def cache(self: "StudyAnalysis") -> LRUCache:
            return self.answers.setdefault(method.__name__, LRUCache(most))

        def lock(self: "StudyAnalysis") -> RLock:
            return self.lock

        return cast(Method, cachedmethod(cache, lock=lock)(method))

    return decorate


class StudyAnalysis:
    """A study's runs on one dataset, judged by one measure, and what follows from them.

    study: where the runs are from.
    dataset: None for the points of a CSV.
    measure: its text (tracking/measures.py); "" for the one that chose.
    Its methods raise FitError where a question has no answer, and for a wrong question.
    """

    def __init__(self, study: Study, dataset: str | None = None, measure: str = ""):
        self.study = study
        self.dataset = dataset
        self.measure = measure or study.measures_on(dataset)[0]
        self.answers: dict[str, LRUCache] = {}  # name of a method -> what it has answered
        self.lock = RLock()  # the readers of the page share what was computed

    # --- what was measured -------------------------------------------------------------------

    @cached_property
    def table(self) -> pd.DataFrame:
        """Points of the learning curves."""
        found = selection.learning_curves(self.study, self.dataset, self.measure)
        assert found is not None, "a study has runs, or was measured elsewhere"
        return found

    @cached_property
    def untuned(self) -> pd.DataFrame | None:
        """The same without tuning; None where nothing was tuned."""
        return selection.untuned_curves(self.study, self.dataset, self.measure)

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        """On the dataset; None for a CSV."""
        return self.study.on(self.dataset)

    @cached_property
    def chooser(self) -> str:
        """The measure by which step and sample were chosen; of a CSV that of its curves."""
        return self.measure if self.runs is None else chooser(self.runs)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """By which the runs on the dataset may be judged, the one that chose first."""
        return self.study.measures_on(self.dataset)

    @cached_property
    def best_guess(self) -> float | None:
        """What a model reaches that knows nothing; None where the classes are not known."""
        return selection.best_guess(self.study, self.dataset, self.measure)

    @cached_property
    def curves(self) -> dict[str, pd.DataFrame]:
        """architecture -> its points, by name."""
        return {str(name): curve for name, curve in self.table.groupby("architecture")}

    # --- each architecture -------------------------------------------------------------------

    @cached_property
    def names(self) -> list[str]:
        """Architectures that a law can be fitted to.

        The one with the smallest value at its largest size comes first.
        """
        last = {
            name: curve.loc[curve["n"] == curve["n"].max(), "value"].mean()
            for name, curve in self.curves.items()
        }
        return sorted(filter(self._fits, self.curves), key=last.__getitem__)

    def _fits(self, name: str) -> bool:
        curve = self.curves[name]
        try:
            read_curve(curve["n"], curve["value"])
        except FitError:
            return False
        return True

    @once(200)
    def conclusion(self, name: str, confidence: float) -> Conclusion:
        """About one architecture."""
        return conclude_curve(name, self.curves[name], self.measure, confidence)

    def conclusions(self, confidence: float) -> list[Conclusion]:
        """Of all architectures, by name."""
        return [self.conclusion(name, confidence) for name in self.curves]

    def known(self, confidence: float) -> list[Conclusion]:
        """Those with a law and a forecast, in the order of `names`."""
        return [self.conclusion(name, confidence) for name in self.names]

    @once(24)
    def needed(self, architecture: str, target: float, confidence: float) -> DataNeeded:
        """Examples that the target takes."""
        predictive = self._predictive(self.conclusion(architecture, confidence))
        return needed_from(predictive, target, confidence)

    # --- can it be trusted? ------------------------------------------------------------------

    @once(200)
    def backtest(self, name: str, confidence: float) -> pd.DataFrame:
        """An architecture's own past forecasts."""
        return backtests(self.curves[name], confidence)

    @once(24)
    def backtests(self, confidence: float) -> pd.DataFrame:
        """Each architecture's own past forecasts."""
        none = backtests(self.table.iloc[:0], confidence)
        parts = [none, *(self.backtest(name, confidence) for name in self.curves)]
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    @once(24)
    def diagnosis(self, confidence: float) -> Diagnosis | None:
        """None for a CSV."""
        if self.runs is None:
            return None
        logged = self.study.logged_forecasts
        return diagnose(self.runs, logged, self.measure, confidence)

    @cached_property
    def check(self) -> DataCheck | None:
        """What was found about the examples; None where nobody has looked."""
        return self.study.check_of(self.dataset)

    def explained(self, question: Question) -> Explained | None:
        """What part of the floor wrong labels explain; None where that cannot be said."""
        asked = self.asked(question)
        if self.check is None or asked is None or asked.law is None:
            return None
        return explained(self.check, asked.law, self.measure)

    # --- architectures side by side ----------------------------------------------------------

    @once(24)
    def comparison(self, confidence: float) -> Comparison:
        """Of those that have a law."""
        known = self.known(confidence)
        return compare(
            self._of_known(self.table),
            runs=None if self.runs is None else self._of_known(self.runs),
            measure=self.measure,
            confidence=confidence,
            conclusions=known,
        )

    def _of_known(self, table: pd.DataFrame) -> pd.DataFrame:
        return table[table["architecture"].isin(self.names)]

    # --- engineers or data -------------------------------------------------------------------

    def asked(self, question: Question) -> Conclusion | None:
        """About the architecture asked for, else the best; None where none has a law."""
        if not self.names:
            return None
        name = question.architecture
        if name not in self.names:
            name = self.names[0]
        return self.conclusion(name, question.confidence)

    def better(self, question: Question) -> Conclusion | None:
        """About the measured architecture to change to."""
        asked = self.asked(question)
        name = question.better
        if asked is None or name not in self.names or name == asked.architecture:
            return None
        return self.conclusion(name, question.confidence)

    def _predictive(self, found: Conclusion | None) -> Predictive:
        assert found is not None, "nothing can be asked of curves without a law"
        assert found.forecast is not None
        return found.forecast.predictive

    def _pair(self, question: Question) -> tuple[Predictive, Predictive | None]:
        """Forecasts of today's model and of the better one."""
        better = self.better(question)
        today = self._predictive(self.asked(question))
        return today, self._predictive(better) if better else None

    def decision(self, question: Question) -> Decision:
        """More data or a better model; the same whichever of the three questions is asked."""
        return self._decision(replace(question, budget=None, times=2.0, asks=None))

    @once(4)  # with its scenarios one takes megabytes
    def _decision(self, question: Question) -> Decision:
        today, better = self._pair(question)
        return decide(
            today,
            question.prices,
            better=better,
            past=self._past(self.asked(question), question.confidence),
            better_past=self._past(self.better(question), question.confidence),
            measure=self.measure,
            confidence=question.confidence,
        )

    def _past(self, found: Conclusion | None, confidence: float) -> Past | None:
        """How well an architecture has foretold its own larger sizes."""
        if found is None:
            return None
        tested = self.backtest(found.architecture, confidence)
        return past_of(tested, confidence, leak(self.check))

    @once(24)
    def answer(self, question: Question) -> Answer:
        """The answer to the question that is asked, with one dominant number."""
        decision = self.decision(question)
        if question.asked_for is Asks.TARGET:
            return for_target(decision)
        if question.asked_for is Asks.BUDGET:
            return self.for_budget(question)
        return more_data(decision, question.times)

    @once(24)
    def for_budget(self, question: Question) -> ForBudget:
        """What the budget buys, which must be given."""
        if question.budget is None:
            raise ValueError("what a budget buys can be asked of a budget only")
        return for_budget(self.decision(question), question.budget)

    def doublings(self, question: Question) -> list[MoreData]:
        """What each doubling of the data brings."""
        return self._doublings(replace(question, budget=None, times=2.0, asks=None))

    @once(24)
    def _doublings(self, question: Question) -> list[MoreData]:
        return doublings(self.decision(question))

    @once(24)
    def path(self, question: Question, most: float) -> pd.DataFrame:
        """What more examples bring, from the end of the data to `most`."""
        return path(self.decision(question), most)

    @once(24)
    def break_even(self, question: Question) -> BreakEven:
        """The label price at which both cost the same."""
        return break_even(self.decision(question))

    @once(24)
    def tornado(self, question: Question) -> pd.DataFrame:
        """What the decision depends on most."""
        return tornado(self.decision(question))

    @once(24)
    def costs(self, question: Question) -> pd.DataFrame:
        """What other targets would cost."""
        return costs_by_target(self.decision(question))

    @once(24)
    def plan(self, question: Question) -> Plan:
        """Collecting in rounds."""
        return plan_rounds(self.decision(question))

    # --- which examples to collect -----------------------------------------------------------

    @once(24)
    def slice_curves(self, architecture: str) -> SliceCurves | None:
        """None where no run tells classes or groups apart by the measure."""
        points = self.curves[architecture]
        if self.runs is None or "run_id" not in points:
            return None
        found = self.study.slices_of(points["run_id"].dropna().tolist())
        measure = find_measure(self.measure)
        if measure.name not in found or found["slice"].nunique() < 2 or not measure.power:
            return None
        return fit_slices(found, self.measure)

    @once(24)
    def slice_advice(self, question: Question) -> SliceAdvice | None:
        """How to divide the next purchase among classes or groups; None without any."""
        asked = self.asked(question)
        curves = None if asked is None else self.slice_curves(asked.architecture)
        if curves is None:
            return None
        now = float(curves.now.sum())
        more = (question.times - 1) * now
        if question.asked_for is Asks.BUDGET:
            more = self.for_budget(question).more
        if more < 1:
            return None
        forecast = self.decision(question).values(now + more, False)
        return advise_slices(curves, round(more), question.confidence, forecast)

    @once(24)
    def next_trials(
        self, architecture: str, target: float, confidence: float
    ) -> NextTrials | None:
        """What to train next; None for a CSV, which has no study to extend."""
        if self.runs is None:
            return None
        return next_trials(
            self.runs,
            self.study.name,
            architecture=architecture,
            target=target,
            measure=self.measure,
            confidence=confidence,
        )
