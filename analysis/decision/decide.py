"""Engineers or data? What a target costs by data, by a better model and by both.

The question of the study's story: "Should we pay a team of engineers for 6 months to finesse
our models? Or should we pay a team of crowdsourced helpers for 6 months to collate the data?"
"""

import math
from dataclasses import dataclass, field

import pandas as pd

from analysis.curves.curve import check_confidence
from analysis.curves.forecast import lawless
from analysis.curves.predictive import Predictive
from analysis.decision.outcomes import CANNOT_SAY, GRADES, Outcome, grade_at, outcomes_of
from analysis.decision.prices import Prices, Settled
from analysis.decision.scenarios import Scenarios, scenarios
from analysis.decision.strategies import STRATEGIES, Strategy, best, eligible, strategies
from analysis.reasons import Finding

NOTHING = "nothing"  # the choice where the target is met
NONE = "none"  # the choice where nothing reaches it


@dataclass(frozen=True)
class Decision:
    """The answer. analysis/report/decision_words.py says it.

    choice: data, model or both: that with the smallest median cost among the strategies that
        reach the target in time with the wanted probability; "nothing" where the target is
        met, as measured or by the fitted curve; "none" where nothing reaches it.
    grade: the worst of the forecasts it rests on.
    reason: why one of these cannot say, or None.
    outcomes: of data, model and both.
    prices: as used, with n and target.
    measure: loss or error.
    confidence: of the intervals.
    scenarios, strategies: what it was found on.
    """

    choice: str
    grade: str
    reason: Finding | None
    outcomes: tuple[Outcome, ...]
    prices: Settled
    measure: str
    confidence: float
    scenarios: Scenarios = field(repr=False)
    strategies: list[Strategy] = field(repr=False)

    @property
    def recommended(self) -> str:
        """The choice, or "cannot say"."""
        return self.grade if self.grade == CANNOT_SAY else self.choice

    @property
    def p_met(self) -> float:
        """Probability that today's model meets the target with today's data."""
        return float(self.strategies[0].met.mean())

    @property
    def missed(self) -> bool:
        """Whether "nothing" rests on the fitted curve alone.

        What was measured with as many examples is no better than the target.
        """
        measured = self.scenarios.today.curve
        beyond = self.choice != NOTHING or self.prices.n > measured.n[-1]
        return not beyond and bool(measured.value[-1] > self.prices.target)

    @property
    def table(self) -> pd.DataFrame:
        """One row per strategy: the fields of Outcome."""
        return pd.DataFrame([vars(outcome) for outcome in self.outcomes])

    def outcome(self, name: str) -> Outcome:
        """Of data, model or both."""
        return self.outcomes[STRATEGIES.index(name)]


def decide(
    today: Predictive,
    prices: Prices,
    *,
    better: Predictive | None = None,
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
        both  = share of the engineering, then data for the n* it leaves

    and of "both" the cheapest share counts. Data bought at once by the median are too few half
    of the time: collect in rounds and decide again (Mahmood et al. 2022, "How much more data
    do I need?"). FitError for a wrong confidence, ValueError for a wrong price.

    today: distribution of the learning curve of the model at hand (`predictive`), in units of
        `measure`.
    better: of a measured better architecture; None to take what `prices.engineering` expects.
    measure: loss or error.
    confidence: of the intervals.
    """
    check_confidence(confidence)
    settled = prices.settled(today)
    drawn = scenarios(today, better, size, seed)
    every = strategies(drawn, settled)
    compared = [_best_of(name, every, settled) for name in STRATEGIES]
    outcomes = outcomes_of(compared, drawn, settled, confidence)
    choice = _choice(every, today, settled)
    if choice == NOTHING:
        grade, reason = _grade_of_nothing(today, drawn, settled, confidence)
    else:
        grade, reason = _rests_on(outcomes, compared, settled)
    return Decision(
        choice=choice,
        grade=grade,
        reason=reason,
        outcomes=outcomes,
        prices=settled,
        measure=measure,
        confidence=float(confidence),
        scenarios=drawn,
        strategies=every,
    )


def _best_of(name: str, every: list[Strategy], prices: Settled) -> Strategy:
    return best([strategy for strategy in every if strategy.name == name], prices)


def _choice(every: list[Strategy], today: Predictive, prices: Settled) -> str:
    chosen = best(every, prices)
    if today.curve.meets(prices.target, prices.n) or chosen.met.mean() >= 0.5:
        return NOTHING
    return chosen.name if eligible(chosen, prices) else NONE


def _grade_of_nothing(
    today: Predictive, drawn: Scenarios, prices: Settled, confidence: float
) -> tuple[str, Finding | None]:
    why = lawless(today)
    if why is not None and today.curve.value[-1] > prices.target:
        return CANNOT_SAY, why  # it was not measured, and the fitted curve cannot tell
    return grade_at(drawn, prices, confidence, share=0.0), None


def _rests_on(
    outcomes: tuple[Outcome, ...], compared: list[Strategy], prices: Settled
) -> tuple[str, Finding | None]:
    """Worst grade, with its reason, of data and of the best way with engineers.

    What no money can buy is left out.
    """
    used = []
    if math.isfinite(prices.label_price):
        used.append(outcomes[0])
    if math.isfinite(prices.team):
        used.append(outcomes[compared.index(best(compared[1:], prices))])
    if not used:
        return "good", None
    worst = max(used, key=lambda outcome: GRADES.index(outcome.grade))
    return worst.grade, worst.reason if worst.grade == CANNOT_SAY else None
