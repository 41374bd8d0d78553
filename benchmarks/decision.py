"""Engineers or data, on synthetic studies with known truth: do the intervals cover?

    python benchmarks/decision.py [studies, 200] [first seed, 0]
    python benchmarks/decision.py CURVES.csv

The second is the cost of data on real curves, as of benchmarks/calibrate.py: the target is the
last value that was held out, and the truth the size at which it was measured.

The first has two architectures with and without floor, 6-9 sizes, 1-3 % noise, on exact power
laws and on curves whose exponent wanders (benchmarks/truths.py). The target is what today's
model reaches with 1.3 to 6 times the data; the label price is drawn around the true
break-even, so that half of the answers are data.

covers: share of 90 % intervals that hold the truth, over the studies whose answer is not
    "cannot say" (in brackets: over all).
right: share of recommendations that are the cheaper side.
regret: mean of what is paid over the cheapest.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from calibrate import read_cases
from truths import wandering

from analysis import fit_power_law, predictive
from analysis.decision.break_even import break_even
from analysis.decision.decide import decide
from analysis.decision.outcomes import cheapest
from analysis.decision.prices import Prices


@dataclass(frozen=True)
class Truth:
    """a n^-b + c"""

    a: float
    b: float
    c: float

    def __call__(self, n):
        return self.a * n**-self.b + self.c

    def needed(self, target):
        return (self.a / (target - self.c)) ** (1 / self.b) if target > self.c else np.inf


def make(seed: int, exact: bool):
    """Sizes, both true curves, both measured ones, and prices near the true break-even."""
    r = np.random.default_rng(seed)
    n = 200 * 2.0 ** np.arange(r.integers(6, 10))
    b = r.uniform(0.2, 0.6)
    floor = r.uniform(0, 0.5) * (r.random() < 0.6)
    today = Truth((1 - floor) * n[-1] ** b, b, floor)
    gain = r.uniform(0.03, 0.3)
    steeper = r.uniform(1, 1.15)
    scale = (1 - gain) * (1 - floor)
    better = Truth(scale * n[-1] ** (b * steeper), b * steeper, (1 - gain) * floor)
    if not exact:
        # alike: it is the data that make exponents wander
        today = wandering(np.random.default_rng([seed, 1]), n, 1.0, b, floor)
        better = wandering(np.random.default_rng([seed, 1]), n, 1 - gain, b * steeper, floor)
    noise = r.uniform(0.01, 0.03)
    measured = [
        curve(n) * np.exp(noise * r.standard_normal(len(n))) for curve in (today, better)
    ]
    target = today(n[-1] * np.exp(r.uniform(np.log(1.3), np.log(6))))
    prices = Prices(
        target=float(target), engineer_price=10_000, people=1, months=6, gpu_hours=0
    )
    price = equal_price(today, better, prices, n[-1]) * np.exp(0.7 * r.standard_normal())
    return n, today, better, measured, prices, float(price)


def equal_price(today, better, prices, n):
    """Price per label at which data alone costs what engineering first and then data does."""
    return prices.team / (today.needed(prices.target) - max(better.needed(prices.target), n))


def costs(today, better, prices, n, price):
    """True costs of data alone, and with engineers."""
    with_engineers = prices.team + price * max(better.needed(prices.target) - n, 0)
    return price * (today.needed(prices.target) - n), with_engineers


def score(seed: int, exact: bool) -> dict:
    n, today, better, measured, prices, price = make(seed, exact)
    prices = replace(prices, label_price=price)
    decision = decide(predictive(n, measured[0]), prices, better=predictive(n, measured[1]))
    even = break_even(decision)
    data = decision.outcome("data")
    paid = dict(zip(("data", "engineers"), costs(today, better, prices, n[-1], price)))
    cheaper = min(paid, key=paid.get)
    plain = [fit_power_law(n, values) for values in measured]
    guesses = [Truth(law.a, law.b, law.c) for law in plain]
    guess = costs(*guesses, prices, n[-1], price)
    chosen = {"data": "data", "model": "engineers", "both": "engineers"}.get(decision.choice)
    truth = equal_price(today, better, prices, n[-1])
    by_law = ("data", "engineers")[int(guess[1] < guess[0])]
    return {
        "said": decision.grade != "cannot say",
        "cost covers": data.cost_low <= paid["data"] <= data.cost_high,
        "cost width": np.log(data.cost_high / max(data.cost_low, 1e-9)),
        "break-even covers": even.label_price_low <= truth <= even.label_price_high,
        "p": 1 - cheapest(decision.strategies, decision.prices)[0],
        "engineers": cheaper == "engineers",
        "answers": chosen is not None,
        "right": chosen == cheaper,
        "regret": np.nan if chosen is None else paid[chosen] / paid[cheaper] - 1,
        "power law right": by_law == cheaper,
        "power law regret": paid[by_law] / paid[cheaper] - 1,
        "always data regret": paid["data"] / paid[cheaper] - 1,
        "always engineers regret": paid["engineers"] / paid[cheaper] - 1,
    }


def synthetic(count: int = 200, first: int = 0) -> None:
    for exact, words in ((True, "exact power laws"), (False, "exponents that wander")):
        print(f"\n{words}")
        tell(pd.DataFrame([score(seed, exact) for seed in range(first, first + count)]))


def tell(table: pd.DataFrame) -> None:
    said = table[table["said"]]
    answered = table[table["said"] & table["answers"]]
    print(
        f"{len(table)} studies; {len(said)} can be said, "
        f"{len(answered)} of these with a recommendation"
    )
    print(f"cost covers: {said['cost covers'].mean():.0%} ({table['cost covers'].mean():.0%})")
    print(f"break-even covers: {said['break-even covers'].mean():.0%}")
    right = answered[["right", "power law right"]].mean()
    likelier = ((answered["p"] > 0.5) == answered["engineers"]).mean()
    print(
        f"right: {right['right']:.0%}; the side more likely cheaper: {likelier:.0%}; "
        f"power law with floor: {right['power law right']:.0%}"
    )
    for name in (
        "regret",
        "power law regret",
        "always data regret",
        "always engineers regret",
    ):
        print(f"{name}: {answered[name].mean():.1%}")
    bins = pd.cut(said["p"], [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1], include_lowest=True)
    print("probability that engineers are cheaper, and how often they are:")
    print(
        said.groupby(bins, observed=True).agg(
            said=("p", "mean"), was=("engineers", "mean"), studies=("p", "size")
        )
    )


def real(path: str) -> None:
    rows = []
    for case in read_cases([path]):
        last = np.argmax(case.n)
        n = case.found.curve.n[-1]
        prices = Prices(target=float(case.value[last]), label_price=1.0, gpu_hours=0)
        data = decide(case.found, prices).outcome("data")
        covered = data.cost_low <= case.n[last] - n <= data.cost_high
        rows.append(
            {"family": case.family, "said": data.grade != "cannot say", "covers": covered}
        )
    table = pd.DataFrame(rows)
    print(table.groupby(["family", "said"])["covers"].agg(["mean", "size"]))
    print(table.groupby("family")["covers"].agg(["mean", "size"]))


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].endswith(".csv"):
        real(sys.argv[1])
    else:
        synthetic(*map(int, sys.argv[1:]))
