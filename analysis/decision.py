"""Engineers or data? What a target costs by data, by a better model and by both, and which is the cheapest.

The question of the study's story: "Should we pay a team of engineers for 6 months to finesse our models? Or should we
pay a team of crowdsourced helpers for 6 months to collate the data?"
"""

import math
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from analysis.costs import advice
from analysis.costs.futures import Futures, futures
from analysis.costs.prices import Prices
from analysis.costs.strategies import STRATEGIES, Strategy, best, eligible, quantile, strategies
from analysis.fits.curve import check_confidence
from analysis.fits.predictive import Predictive
from analysis.forecast import WIDTHS, lawless, needed_from
from analysis.language import Text

GRADES = ("good", "fair", "poor", "cannot say")  # from best to worst


@dataclass(frozen=True)
class Outcome:
    """What one strategy comes to; for "both", the best mix. Money in Prices.currency, times in months.

    share: of the engineering effort paid for. p_reached, p_in_time: probability of reaching the target, and by the
    deadline. more, cost, duration with _low and _high: median and interval of the examples still to be collected, of
    the money and of the time until the target is reached; inf where it is not. p_cheapest: probability that it is in
    time and no other strategy is cheaper.
    expected_cost: mean of what is spent where collecting is given up once a share (1 + confidence) / 2 of the futures
    that reach the target have reached it, or at the deadline; nan where none does. net_value: mean of what the better
    loss is worth by the deadline less what is spent; nan without value_per_point.
    grade: of the forecast it rests on; reason: why that cannot say, else "". shortfall: why the strategy is out of the
    running although its forecast may be trusted, else "".
    """

    name: str
    share: float
    p_reached: float
    p_in_time: float
    more: float
    more_low: float
    more_high: float
    cost: float
    cost_low: float
    cost_high: float
    duration: float
    duration_low: float
    duration_high: float
    expected_cost: float
    net_value: float
    p_cheapest: float
    grade: str
    reason: str
    shortfall: str


@dataclass(frozen=True)
class Decision:
    """The answer. choice: data, model or both; "nothing" where the target is met, as measured or by the fitted curve;
    "none" where nothing reaches it.

    The choice has the smallest median cost among the strategies that reach the target in time with the wanted
    probability. grade: the worst of the forecasts it rests on; cannot say, with the reason, where one of these cannot.
    words: the answer in sentences; measure: what to measure next, "" where nothing must be. prices: as used, with n
    and target. metric: loss or error.
    """

    choice: str
    grade: str
    reason: str
    outcomes: tuple[Outcome, ...]
    prices: Prices
    metric: str
    confidence: float
    futures: Futures = field(repr=False)
    strategies: list[Strategy] = field(repr=False)

    @property
    def recommended(self) -> str:
        """The choice, or "cannot say"."""
        return self.grade if self.grade == "cannot say" else self.choice

    @property
    def p_met(self) -> float:
        """Probability that today's model meets the target with today's data."""
        return float(self.strategies[0].met.mean())

    @property
    def missed(self) -> bool:
        """Whether "nothing" rests on the fitted curve alone: what was measured with as many examples is no better."""
        measured, prices = self.futures.today.curve, self.prices
        return self.choice == "nothing" and prices.n <= measured.n[-1] and bool(measured.loss[-1] > prices.target)

    @property
    def words(self) -> tuple[Text, ...]:
        return advice.words(self)

    @property
    def measure(self) -> Text | str:
        return advice.measure(self)

    @property
    def table(self) -> pd.DataFrame:
        """One row per strategy: the fields of Outcome."""
        return pd.DataFrame([asdict(outcome) for outcome in self.outcomes])

    def outcome(self, name: str) -> Outcome:
        """Of data, model or both."""
        return self.outcomes[STRATEGIES.index(name)]

    def record(self) -> dict:
        """Numbers and text only, as analysis.answer.plain wants them for JSON."""
        values = {"recommended": self.recommended, "choice": self.choice, "missed": self.missed}
        values |= {"grade": self.grade, "reason": self.reason}
        values |= {"words": list(self.words), "measure": self.measure, "metric": self.metric}
        values |= {"confidence": self.confidence, "prices": asdict(self.prices)}
        return values | {"strategies": [asdict(outcome) for outcome in self.outcomes]}


def decide(
    today: Predictive,
    prices: Prices,
    *,
    better: Predictive | None = None,
    metric: str = "loss",
    confidence: float = 0.9,
    size: int = 4000,
    seed: int = 0,
) -> Decision:
    """Compare the strategies in `size` seeded futures (a tenth of a second; no curve is fitted again).

    today: distribution of the learning curve of the model at hand (`predictive`), in units of `metric`; better: of a
    measured better architecture, None to take what `prices.engineering` expects. With n* the examples at which the
    target is reached, of today's or the engineered model,
        data  = fixed_cost + label_price (n* - n) + gpu_price gpu_hours n* / n
        model = engineer_price people months + gpu_price gpu_hours, where n* <= n
        both  = share of the engineering, then data for the n* it leaves; the cheapest share counts.
    One-shot: data bought by the median are too few half of the time; collect in rounds and decide again (Mahmood et
    al. 2022, "How much more data do I need?"). FitError for a wrong confidence, ValueError for a wrong price.
    """
    check_confidence(confidence)
    prices = prices.settled(today)
    drawn = futures(today, better, size, seed)
    every = strategies(drawn, prices)
    chosen = best(every, prices)
    met = today.curve.meets(prices.target, prices.n) or chosen.met.mean() >= 0.5
    choice = "nothing" if met else chosen.name if eligible(chosen, prices) else "none"
    compared = [best([strategy for strategy in every if strategy.name == name], prices) for name in STRATEGIES]
    p_cheapest = _p_cheapest(compared, prices)
    outcomes = tuple(
        _outcome(strategy, drawn, prices, confidence, p, *_grade(strategy, drawn, prices, confidence))
        for strategy, p in zip(compared, p_cheapest)
    )
    if choice == "nothing":
        grade, reason = _grade_at(drawn, prices, confidence, share=0.0), ""
        if (why := lawless(today)) and today.curve.loss[-1] > prices.target:
            grade, reason = "cannot say", why  # it was not measured, and the fitted curve cannot tell
    else:
        grade, reason = _rests_on(outcomes, compared, prices)
    return Decision(choice, grade, reason, outcomes, prices, metric, float(confidence), drawn, every)


def _p_cheapest(compared, prices):
    costs = np.stack([np.where(strategy.in_time(prices), strategy.cost(prices), np.inf) for strategy in compared])
    return (np.isfinite(costs) & (costs <= costs.min(0))).mean(1)


def _outcome(strategy, drawn, prices, confidence, p_cheapest, grade, reason):
    levels = 0.5, 0.5 - confidence / 2, 0.5 + confidence / 2
    spread = [np.sort(values) for values in (strategy.more, strategy.cost(prices), strategy.duration(prices))]
    spent, gained = _until_given_up(strategy, drawn, prices, confidence)
    value = math.nan if prices.value_per_point is None else prices.value_per_point
    return Outcome(
        strategy.name,
        strategy.share,
        float(np.isfinite(strategy.more).mean()),
        strategy.p_in_time(prices),
        *(quantile(values, q) for values in spread for q in levels),
        expected_cost=float(spent.mean()),
        net_value=float((100 * value * gained - spent).mean()),
        p_cheapest=float(p_cheapest),
        grade=grade,
        reason=reason,
        shortfall=_shortfall(strategy, prices),
    )


def _until_given_up(strategy, drawn, prices, confidence):
    """Money spent and loss gained by the deadline (size,) each."""
    n, engineering = prices.n, prices.engineering
    reached = np.sort(strategy.more[np.isfinite(strategy.more)])
    if not len(reached):
        return np.full(2, math.nan)[:, None]
    most = prices.collected(strategy.share, prices.deadline)
    more = np.minimum(strategy.more, min(quantile(reached, 0.5 + confidence / 2), max(most, 0)))
    spent = np.where(strategy.met, 0.0, prices.cost(strategy.share, more))
    share = strategy.share if most >= 0 else 0.0
    gained = drawn.loss(n, 0.0, engineering) - drawn.loss(n + more, share, engineering)
    return spent, np.where(strategy.met, 0.0, gained)


def _grade(strategy, drawn, prices, confidence):
    """Grade and reason of the forecast that a strategy rests on."""
    if strategy.name == "model":
        return _grade_at(drawn, prices, confidence, share=1.0), ""
    measured = strategy.name == "both" and drawn.better is not None
    gain = (prices.engineering.low + prices.engineering.high) / 2
    left = 1.0 if measured else (1 - gain) ** strategy.share
    needed = needed_from(drawn.better if measured else drawn.today, prices.target / left, confidence)
    return needed.grade, needed.reason


def _grade_at(drawn, prices, confidence, share):
    """Grade of the loss with today's data, by the width of its interval as in `forecast`."""
    losses = drawn.loss(prices.n, share, prices.engineering)
    low, high = np.quantile(losses, (0.5 - confidence / 2, 0.5 + confidence / 2))
    return next((grade for grade, limit in WIDTHS.items() if high / low - 1 <= limit), "poor")


def _shortfall(strategy, prices):
    """Why a strategy is not eligible, or ""."""
    p = float(np.isfinite(strategy.more).mean())
    if p < prices.wanted:
        return Text("reaches the target with {p} probability only", p=advice.chance(p))
    if (p := strategy.p_in_time(prices)) < prices.wanted:
        return Text("is in time with {p} probability only", p=advice.chance(p))
    return "" if math.isfinite(strategy.median_cost(prices)) else Text("has no finite price")


def _rests_on(outcomes, compared, prices):
    """Worst grade, with its reason, of data and of the best way with engineers, less what no money can buy."""
    data, engineers = compared[0], best(compared[1:], prices)
    prohibitive = math.isinf(prices.label_price), math.isinf(prices.team)
    used = [outcomes[compared.index(strategy)] for strategy, out in zip((data, engineers), prohibitive) if not out]
    worst = max(used, key=lambda outcome: GRADES.index(outcome.grade), default=None)
    if worst is None:
        return "good", ""
    return worst.grade, worst.reason if worst.grade == "cannot say" else ""
