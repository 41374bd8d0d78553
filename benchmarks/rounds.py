"""Collecting in rounds against one shot, on curves of known truth and on measured ones.

    python benchmarks/rounds.py [CURVES.csv] [--curves 20]
    python benchmarks/rounds.py --learn [--curves 20]

CURVES.csv: as for benchmarks/forecast.py. A learning curve is measured up to FIRST examples;
the target is what the truth reaches at 2, 4 or 8 times as many. Each policy says how many
examples there should be; they are bought and measured, with noise, until a measurement reaches
the target or the rounds are over; who cannot say buys as many again.

reached: share of curves whose last measurement does.
in truth: share whose value without noise does.
cost: examples bought over the fewest that do in truth, median and 90th percentile over the
    curves reached.
loss: mean of that cost over all curves, and PENALTY where the target is missed in truth: a
    penalty for collecting too little (Mahmood et al. 2025).
rounds: how many were used, on average.

--learn finds the correction of analysis/decision/rounds.py: the smallest loss of three rounds
on the even curves, held against that of no correction on the odd ones.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis import FitError, fit_power_law, predictive
from analysis.curves.data_needed import data_needed
from analysis.curves.predictive import NEVER
from analysis.decision.decide import decide
from analysis.decision.prices import Prices
from analysis.decision.rounds import CORRECTION, plan_rounds

SIZES = 250 * 2.0 ** np.arange(7)
FIRST = SIZES[-1]
TIMES = (2, 4, 8)  # the data at hand: where the target lies
NOISES = (0.01, 0.02, 0.05)
LAWS = ("power law", "with floor", "with head", "with break")
CAP = 64  # times the data at hand: no policy buys more
PENALTY = 5.0  # times the fewest examples that do: what missing the target costs
WANTED = 0.8
CORRECTIONS = (-5.0, -3.0, -2.0, -1.0, 0.0, 0.5)  # that are tried


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    law: the truth, n -> value.
    target: a value.
    least: the fewest examples that reach it in truth.
    """

    law: Callable
    target: float
    least: float


def truth(kind, random):
    """value(n) of one random curve without noise: 1 at FIRST."""
    b = random.uniform(0.15, 0.5)
    floor = random.uniform(0.1, 0.5)
    where = FIRST * 2 ** random.uniform(-2, 3)  # of a break, which may lie beyond the data
    power = {
        "power law": lambda x: x**-b,
        "with floor": lambda x: floor + (1 - floor) * x**-b,
        "with head": lambda x: np.minimum(x**-b, (0.06) ** -b),
        "with break": lambda x: (
            x**-b * ((1 + (x * FIRST / where) ** 2) / (1 + (FIRST / where) ** 2)) ** (b / 5)
        ),
    }[kind]
    return lambda n: power(np.asarray(n, dtype=float) / FIRST)


# --- policies: (n, value, target, rounds left) -> examples there should be -------------------


def by_power_law(n, value, target, left):
    """The classical point estimate: a n^-b + c = target."""
    law = fit_power_law(n, value)
    return ((target - law.c) / law.a) ** (-1 / law.b) if target > law.c else np.inf


def by_median(n, value, target, left):
    return data_needed(n, value, target).median


def by_wanted(n, value, target, left):
    """What reaches the target as surely as wanted."""
    return data_needed(n, value, target, confidence=2 * WANTED - 1).high


def by_plan(n, value, target, left, correction=CORRECTION):
    prices = Prices(
        target=target, label_price=1.0, capacity=np.inf, people=0, gpu_hours=0, wanted=WANTED
    )
    decision = decide(predictive(n, value), prices, size=1000)
    plan = plan_rounds(decision, left, correction=correction)
    return plan.n[0] if len(plan.n) else np.inf


POLICIES = {
    "one shot, power law": (by_power_law, 1),
    "one shot, median": (by_median, 1),
    "one shot, as surely as wanted": (by_wanted, 1),
    "median, 3 rounds": (by_median, 3),
    "plan, 2 rounds": (by_plan, 2),
    "plan, 3 rounds": (by_plan, 3),
}


def simulate(goal, policy, rounds, n, value, random, noise=0.0):
    """Buy and measure until the target is measured or the rounds are over.

    n, value: what is measured already. Returns reached, in truth, cost and rounds, by name.
    """
    first = n[-1]
    for used in range(1, rounds + 1):
        try:
            wanted = policy(n, value, goal.target, rounds + 1 - used)
        except FitError:
            wanted = np.inf
        if wanted < NEVER * first:
            size = np.clip(np.ceil(wanted), n[-1] + 1, CAP * first)
        else:
            size = 2 * n[-1]
        n = np.append(n, size)
        new = goal.law(size) * np.exp(noise * random.standard_normal())
        value = np.append(value, new)
        if value[-1] <= goal.target:
            break
    return {
        "reached": value[-1] <= goal.target,
        "in truth": bool(goal.law(n[-1]) <= goal.target),
        "cost": (n[-1] - first) / (goal.least - first),
        "rounds": used,
    }


def synthetic(curves, laws=LAWS, noises=NOISES, times=TIMES, policies=POLICIES):
    """One row per curve and policy: family, noise, policy and what `simulate` says."""
    for kind in laws:
        for noise in noises:
            for seed in range(curves):
                random = np.random.default_rng([seed, LAWS.index(kind), round(1000 * noise)])
                law = truth(kind, random)
                least = times[seed % len(times)] * FIRST
                goal = Goal(law, float(law(least)), least)
                value = law(SIZES) * np.exp(noise * random.standard_normal(len(SIZES)))
                for name, (policy, rounds) in policies.items():
                    again = np.random.default_rng(seed)  # the same luck for every policy
                    found = simulate(goal, policy, rounds, SIZES, value, again, noise)
                    yield {"family": kind, "noise": noise, "policy": name, **found}


def measured(path):
    """The same on published curves, seen up to the last size marked is_train."""
    table = pd.read_csv(path)
    for (family, _), curve in table.groupby(["family", "curve"]):
        curve = curve.sort_values("n")
        seen = curve["is_train"].to_numpy() == 1
        n = curve["n"].to_numpy(float)[seen]
        value = curve["error"].to_numpy()[seen]
        goal = held_out_goal(curve, seen)
        if goal is None:
            continue
        for name, (policy, rounds) in POLICIES.items():
            random = np.random.default_rng(0)
            found = simulate(goal, policy, rounds, n, value, random)
            yield {"family": family, "noise": np.nan, "policy": name, **found}


def held_out_goal(curve, seen):
    """Three quarters of the way to the best value held out; None where none is better.

    The truth runs through the points.
    """
    n = curve["n"].to_numpy(float)
    value = curve["error"].to_numpy()
    target = value[~seen].min() ** 0.75 * value[seen].min() ** 0.25
    if target >= value[seen].min() or not (n > n[seen][-1]).any():
        return None

    def law(size):
        return float(np.exp(np.interp(np.log(size), np.log(n), np.log(value))))

    sizes = np.geomspace(n[seen][-1], n[-1], 2000)
    least = sizes[np.argmax([law(size) <= target for size in sizes])]
    return Goal(law, target, least)


def summary(rows, by=("family", "policy")):
    """The table's columns, as described above, per family and policy."""
    table = pd.DataFrame(rows)
    table["loss"] = table["cost"] + PENALTY * ~table["in truth"]
    table["cost"] = table["cost"].where(table["reached"])
    groups = table.groupby(list(by), sort=False)
    found = groups[["reached", "in truth"]].mean()
    found["cost"] = groups["cost"].median()
    found["cost, 90th"] = groups["cost"].quantile(0.9)
    found["loss"] = groups["loss"].mean()
    found["rounds"] = groups["rounds"].mean()
    return found


def learn(curves):
    """Print the loss of each correction, on the even curves and on the odd ones."""
    policies = {f"{one:+.1f}": (partial(by_plan, correction=one), 3) for one in CORRECTIONS}
    table = pd.DataFrame(synthetic(curves, policies=policies))
    table["odd"] = np.arange(len(table)) // len(policies) % 2 == 1
    print(summary(table, by=["odd", "policy"]).round(3).to_string())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "path", nargs="?", help="published curves: family, curve, n, error, is_train"
    )
    parser.add_argument("--curves", type=int, default=20, help="per law and noise")
    parser.add_argument("--learn", action="store_true", help="find the correction")
    options = parser.parse_args(arguments)
    if options.learn:
        learn(options.curves)
        return
    rows = list(synthetic(options.curves))
    for by in (("family", "policy"), ("noise", "policy"), ("policy",)):
        print(summary(rows, by).round(2).to_string(), flush=True)
    if options.path:
        print(summary(measured(options.path)).round(2).to_string())


if __name__ == "__main__":
    main()
