"""Where forecasts break: synthetic curves with known truth, next to the simplest methods.

    python benchmarks/synthetic.py [curves per family, 40] [first seed, 0]

Losses in nats, 1-3 % noise, 6-30 sizes (few: 3-6), forecasts at 2 to 50 times the data. ratio:
our mean RMSLE over that of the best of last value, log-linear, power law, power law with
floor. covers: share of 90 % intervals that hold the truth, of all points forecast and of the
last. Then the exponent's 90 % interval for nested subsets, whose errors (5 %) share half of
the images with those of the size below: share that hold it, without and with data_seed.
"""

import sys

import numpy as np
import pandas as pd
from forecast import PEERS

from analysis import fit_power_law, forecast
from analysis.curves.curve import read_curve

SIMPLE = ("last value", "log-linear", "M1", "M2")
FAMILIES = ("floor", "floor, little noise", "pure", "broken", "floor, few", "pure, few")


def make(family: str, r: np.random.Generator):
    """n, loss (both to fit on), at, truth (both to score on)."""
    few = family.endswith("few")
    points = r.integers(3, 7) if few else r.integers(6, 31)
    decades = r.uniform(0.6, 1.8) if few else r.uniform(1.5, 3)
    n = 1000 * np.geomspace(1, 10**decades, points)
    at = n[-1] * np.geomspace(2, r.uniform(5, 50), 5)
    x = np.concatenate([n, at]) / n[0]
    noise = r.uniform(0.001, 0.005) if "little" in family else r.uniform(0.01, 0.03)
    if family.startswith("floor"):
        # as of language models: Hoffmann et al. 2022 have 1.7 nats, exponents near 0.3
        floor = r.uniform(1, 2)
        loss = floor + (r.uniform(floor + 1.5, 8) - floor) * x ** -r.uniform(0.05, 0.4)
    elif family.startswith("pure"):
        loss = 0.8 * x ** -r.uniform(0.05, 0.6)
    else:  # one break, perhaps beyond the data (Caballero et al. 2023, equation 1)
        at_break = 10 ** r.uniform(0.2, decades + 0.7)
        b = r.uniform(0.02, 0.3)
        change = max(r.uniform(-0.15, 0.5), 0.02 - b)
        width = 10 ** r.uniform(-1, 0)
        loss = x**-b * (1 + (x / at_break) ** (1 / width)) ** (-change * width)
    loss = loss * np.exp(noise * r.standard_normal(len(x)))
    return n, loss[:points], at, loss[points:]


def score(family: str, seed: int) -> dict:
    n, loss, at, truth = make(family, np.random.default_rng([seed, FAMILIES.index(family)]))
    ours = forecast(n, loss, at)
    curve = read_curve(n, loss)
    inside = (ours.low <= truth) & (truth <= ours.high)

    def rmsle(predicted):
        return np.sqrt(np.mean(np.log(predicted / truth) ** 2))

    peers = {name: rmsle(PEERS[name](curve)(at)) for name in SIMPLE}
    return {
        "family": family,
        "ours": rmsle(ours.median),
        **peers,
        "covers": inside.mean(),
        "last": inside[-1] * 1.0,
    }


def nested(seed: int, data_seeds: int) -> dict:
    """Does the interval of the exponent hold it, without and with the data seeds?"""
    rng = np.random.default_rng(seed)
    n = 100 * 2.0 ** np.arange(7)
    error = rng.normal(size=(data_seeds, 7))
    for size in range(1, 7):
        error[:, size] = np.sqrt(0.5) * (error[:, size - 1] + error[:, size])
    sizes = np.tile(n, data_seeds)
    loss = ((3 * n**-0.35 + 0.1) * np.exp(0.05 * error)).ravel()
    data_seed = np.repeat(np.arange(data_seeds), 7)
    laws = {
        "without": fit_power_law(sizes, loss),
        "with": fit_power_law(sizes, loss, data_seed=data_seed),
    }
    held = {name: law.b_low <= 0.35 <= law.b_high for name, law in laws.items()}
    return {"data seeds": data_seeds, **held}


def main(count: int = 40, first: int = 0) -> None:
    rows = [score(family, seed) for family in FAMILIES for seed in range(first, first + count)]
    table = pd.DataFrame(rows).groupby("family", sort=False).mean()
    table.insert(0, "ratio", table["ours"] / table[list(SIMPLE)].min(axis=1))
    print(table.round(3).to_string())
    rows = [
        nested(seed, data_seeds)
        for data_seeds in (3, 5)
        for seed in range(first, first + 4 * count)
    ]
    print("\n" + pd.DataFrame(rows).groupby("data seeds").mean().round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
