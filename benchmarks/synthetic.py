"""Where forecasts break: synthetic curves with known truth, next to the simplest methods.

    python benchmarks/synthetic.py [curves per family, 40] [first seed, 0]

Losses in nats, 1-3 % noise, 6-30 sizes (few: 3-6), forecasts at 2 to 50 times the data. ratio:
our mean RMSLE over that of the best of last value, log-linear, power law, power law with
floor. covers: share of 90 % intervals that hold the truth, of all points forecast and of the
last. Then few noisy sizes, exact power laws, a test set that all sizes share, and the
exponent's 90 % interval for nested subsets, whose errors (5 %) share half of the images with
those of the size below: share that hold it, without and with data_seed.
"""

import sys

import numpy as np
import pandas as pd
from peers import PEERS
from truths import wandering

from analysis import data_needed, fit_power_law, forecast
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


NOISES = (0.05, 0.1, 0.2, 0.3)
COUNTS = (3, 4, 5, 6, 8)


def noisy_curves(each: int = 10):
    """Yield n, loss, at, truth of few noisy sizes: `each` of each noise and count."""
    for noise in NOISES:
        for count in COUNTS:
            for seed in range(each):
                yield noisy(noise, count, seed)


def noisy(noise: float, count: int, seed: int):
    """A law with 60 % of the floors above 0; the truth is measured with the same noise."""
    r = np.random.default_rng([seed, count, int(100 * noise)])
    n = 200 * 2.0 ** np.arange(count)
    at = n[-1] * np.array([2, 4, 10])
    floor = r.uniform(0, 0.8) * (r.random() < 0.6)
    x = np.concatenate([n, at]) / n[-1]
    loss = floor + (1 - floor) * x ** -r.uniform(0.1, 0.6)
    loss = loss * np.exp(noise * r.standard_normal(len(x)))
    return n, loss[:count], at, loss[count:]


def wandering_curves(curves: int = 100):
    """Yield n, loss, at, truth of curves whose exponent wanders, with 0.5 to 6 % noise."""
    for seed in range(curves):
        r = np.random.default_rng([seed, 7])
        n = 200 * 2.0 ** np.arange(r.integers(5, 12))
        at = n[-1] * np.array([2, 4, 8])
        floor = r.uniform(0, 0.6) * (r.random() < 0.5)
        curve = wandering(r, n, 0.2, r.uniform(0.1, 0.6), floor)
        noise = 10 ** r.uniform(-2.3, -1.2)
        loss = curve(np.concatenate([n, at]))
        loss = loss * np.exp(noise * r.standard_normal(len(loss)))
        yield n, loss[: len(n)], at, loss[len(n) :]


def covered_at_noise(each: int) -> pd.DataFrame:
    """Share of new measurements inside 90 % intervals, by noise and number of sizes."""
    rows = []
    for noise in NOISES:
        for count in COUNTS:
            for seed in range(each):
                n, loss, at, truth = noisy(noise, count, 1000 + seed)
                found = forecast(n, loss, at)
                inside = np.mean((found.low <= truth) & (truth <= found.high))
                rows.append({"noise": noise, "sizes": count, "covers": inside})
    return pd.DataFrame(rows).pivot_table(index="noise", columns="sizes", values="covers")


def exact(seed: int) -> dict:
    """Power laws with 1 % noise at eight sizes: n for what twice the data reach."""
    r = np.random.default_rng([seed, 99])
    n = 200 * 2.0 ** np.arange(8)
    b = r.uniform(0.2, 0.6)
    loss = (n / n[-1]) ** -b * np.exp(0.01 * r.standard_normal(8))
    found = data_needed(n, loss, 2**-b)
    inside = found.low <= 2 * n[-1] <= found.high
    return {"width": found.high / found.low, "covers": inside, "good": found.grade == "good"}


def shared_test_set(seed: int, common: float) -> dict:
    """Errors counted on 359 examples; the same ones are mistaken at all sizes in part.

    common: the correlation between sizes of what luck brings.
    """
    r = np.random.default_rng([seed, 359])
    n = 100 * 2.0 ** np.arange(8)
    truth = 0.4 * (n / n[0]) ** -r.uniform(0.2, 0.5)
    luck = np.sqrt(common) * r.standard_normal() + np.sqrt(1 - common) * r.standard_normal(8)
    se = np.sqrt(truth * (1 - truth) / 359)
    error = np.maximum(np.round(359 * (truth + se * luck)), 1) / 359
    known = np.sqrt(error * (1 - error) / 359)
    told = {"without": None, "with": known[:6]}
    held = {}
    for name, test_se in told.items():
        found = forecast(n[:6], error[:6], n[6:], test_se=test_se)
        held[name] = np.mean((found.low <= error[6:]) & (error[6:] <= found.high))
        held[f"{name}, truth"] = np.mean((found.low <= truth[6:]) & (truth[6:] <= found.high))
    return {"common": common, **held}


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
    print("\nfew noisy sizes: 90 % intervals cover (sizes across, noise down)")
    print(covered_at_noise(count).round(2).to_string())
    laws = pd.DataFrame([exact(seed) for seed in range(first, first + count)])
    print("\nexact power laws: median high / low of n, share covered, share graded good")
    print(laws.agg({"width": "median", "covers": "mean", "good": "mean"}).round(2).to_string())
    rows = [
        shared_test_set(seed, common)
        for common in (0.0, 0.5, 0.9)
        for seed in range(first, first + count)
    ]
    print("\n359 test examples: covered are new measurements, and the truth behind them")
    print(pd.DataFrame(rows).groupby("common").mean().round(2).to_string())
    rows = [
        nested(seed, data_seeds)
        for data_seeds in (3, 5)
        for seed in range(first, first + 4 * count)
    ]
    print("\n" + pd.DataFrame(rows).groupby("data seeds").mean().round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
