"""Engineers or data? What a target costs by data, by a better model and by both.

The question of the study's story: "Should we pay a team of engineers for 6 months to finesse
our models? Or should we pay a team of crowdsourced helpers for 6 months to collate the data?"
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.curves.curve import check_confidence
from analysis.curves.forecast import lawless
from analysis.curves.predictive import Predictive
from analysis.decision.outcomes import Asked, Outcome, outcomes_of, sure_of_value
from analysis.decision.prices import Prices, Settled
from analysis.decision.scenarios import Scenarios, scenarios
from analysis.decision.strategies import STRATEGIES, Strategy, best, eligible, strategies
from analysis.diagnostics.evidence import CANNOT_SAY, GRADES, Past, Sureness
from analysis.reasons import Finding, Reason
from tracking.measures import find_measure

NOTHING = "nothing"  # the choice where the target is met
NONE = "none"  # the choice where nothing reaches it
NEVER = {Reason.OUT_OF_REACH, Reason.BELOW_FLOOR}  # the answer is known: not by this way


@dataclass(frozen=True)
class Decision:
    """The answer. analysis/report/decision_words.py says it.

    choice: data, model or both: that which reaches the target in time with the wanted
        probability at the smallest price; "nothing" where the target is met, as measured or as
        surely as wanted; "none" where nothing reaches it.
    sure: grade of the worst of the forecasts it rests on, with the evidence.
    reason: why one of these cannot say, or None.
    outcomes: of data, model and both.
    prices: as used, with n, target and today's value.
    measure: its text (tracking/measures.py); its values are gaps there.
    confidence: of the intervals.
    asked, strategies: what it was found on; every number of the answer comes from these.
    """

    choice: str
    sure: Sureness
    reason: Finding | None
    outcomes: tuple[Outcome, ...]
    prices: Settled
    measure: str
    confidence: float
    asked: Asked = field(repr=False)
    strategies: list[Strategy] = field(repr=False)

    @property
    def grade(self) -> str:
        """Of the worst of the forecasts it rests on."""
        return self.sure.grade

    @property
    def recommended(self) -> str:
        """The choice, or "cannot say"."""
        return self.grade if self.grade == CANNOT_SAY else self.choice

    @property
    def scenarios(self) -> Scenarios:
        """On which everything was tried."""
        return self.asked.drawn

    def values(self, n: float, engineered: bool) -> np.ndarray:
        """The value with n examples in every scenario (size,)."""
        drawn = self.scenarios.values(n, engineered, self.prices)
        return np.minimum(drawn, find_measure(self.measure).most)

    @property
    def p_met(self) -> float:
        """Probability that one more training of today's model meets the target."""
        prices = self.prices
        return float((self.scenarios.values(prices.n, False, prices) <= prices.target).mean())

    @property
    def p_none(self) -> float:
        """Probability that no strategy is in time; with all p_cheapest it makes 1."""
        return max(1 - sum(outcome.p_cheapest for outcome in self.outcomes), 0.0)

    @property
    def missed(self) -> bool:
        """Whether "nothing" rests on the fitted curve alone.

        What was measured with as many examples is no better than the target.
        """
        measured = self.scenarios.today.curve
        beyond = self.choice != NOTHING or self.prices.n > measured.n[-1]
        return not beyond and not measured.meets(self.prices.target, self.prices.n)

    @property
    def table(self) -> pd.DataFrame:
        """One row per strategy: the fields of Outcome."""
        rows = [vars(outcome) | {"grade": outcome.grade} for outcome in self.outcomes]
        return pd.DataFrame(rows).drop(columns="sure")

    def outcome(self, name: str) -> Outcome:
        """Of data, model or both."""
        return self.outcomes[STRATEGIES.index(name)]

    @property
    def chosen(self) -> Outcome | None:
        """What is recommended comes to; None where nothing is, or needs to be."""
        return self.outcome(self.choice) if self.recommended in STRATEGIES else None


def decide(
    today: Predictive,
    prices: Prices,
    *,
    better: Predictive | None = None,
    past: Past | None = None,
    better_past: Past | None = None,
    measure: str = "loss",
    confidence: float = 0.9,
    size: int = 4000,
    seed: int = 0,
) -> Decision:
    """Compare the strategies in `size` seeded scenarios.

    It takes a tenth of a second; no curve is fitted again. With n* the examples at which the
    target is reached, of today's or the engineered model,

        data  = fixed_cost + label_price (n* - n) + gpu_price gpu_hours n* / n
        model = engineer_price people months + gpu_price gpu_hours, where n* <= n
        both  = the engineers first, then data for the n* they leave

    A strategy's price is the money that reaches the target in the wanted share of the
    scenarios, by the deadline; the smallest is chosen. FitError for a wrong confidence,
    ValueError for a wrong price.

    today: distribution of the learning curve of the model at hand (`predictive`), in units of
        `measure`.
    better: of a measured better architecture; None to take what `prices.engineering` expects.
    past, better_past: how well both curves foretold their own larger sizes; None where that is
        not known, and plays no part.
    measure: its text (tracking/measures.py); its values are gaps there.
    confidence: of the intervals.
    """
    check_confidence(confidence)
    settled = prices.settled(today)
    drawn = scenarios(today, better, size, seed)
    asked = Asked(drawn, settled, float(confidence), past, better_past)
    every = strategies(drawn, settled)
    outcomes = outcomes_of(every, asked)
    choice = _choice(every, settled)
    if choice == NOTHING:
        sure, reason = _sure_of_nothing(asked)
    else:
        sure, reason = _rests_on(outcomes, every, settled)
    if sure.grade in ("poor", CANNOT_SAY) or not _tested(past):
        outcomes = tuple(replace(outcome, p_cheapest=math.nan) for outcome in outcomes)
    return Decision(
        choice=choice,
        sure=sure,
        reason=reason,
        outcomes=outcomes,
        prices=settled,
        measure=measure,
        confidence=float(confidence),
        asked=asked,
        strategies=every,
    )


def _tested(past: Past | None) -> bool:
    """Whether the evidence allows probabilities; who asks without a past has to know."""
    return past is None or past.held


def _choice(every: list[Strategy], prices: Settled) -> str:
    chosen = best(every, prices)
    if every[0].enough(prices) < 0:
        return NOTHING
    return chosen.name if eligible(chosen, prices) else NONE


def _sure_of_nothing(asked: Asked) -> tuple[Sureness, Finding | None]:
    today = asked.drawn.today
    why = lawless(today)
    if why is not None and not today.curve.meets(asked.prices.target, asked.prices.n):
        return Sureness(CANNOT_SAY, ()), why  # not measured, and the fitted curve cannot tell
    return sure_of_value(asked, asked.prices.n, engineered=False), None


def _rests_on(
    outcomes: tuple[Outcome, ...], every: list[Strategy], prices: Settled
) -> tuple[Sureness, Finding | None]:
    """The worst grade, with its reason, of data and of the best way with engineers.

    What no money can buy is left out, and data that are known not to do where engineers do.
    """
    data = outcomes[0]
    engineers = outcomes[every.index(best(every[1:], prices))]
    used = []
    if math.isfinite(prices.label_price):
        used.append(data)
    if math.isfinite(prices.team):
        used.append(engineers)
    if _never(data) and engineers.shortfall is None and engineers.grade != CANNOT_SAY:
        used = [engineers]
    if not used:
        return Sureness("good", ()), None
    worst = max(used, key=lambda outcome: GRADES.index(outcome.grade))
    return worst.sure, worst.reason if worst.grade == CANNOT_SAY else None


def _never(data: Outcome) -> bool:
    """Whether it is known that data alone do not do."""
    return data.reason is not None and data.reason.reason in NEVER
