"""Distributions of learning curves whose truth is known in closed form."""

from dataclasses import dataclass

import numpy as np

from analysis.curves.curve import Curve
from analysis.curves.own_past import BackTest
from analysis.curves.predictive import LEAST, NORMAL, Calibration, Predictive

SIZES = 1000 * 2.0 ** np.arange(8)
LAST = SIZES[-1]


@dataclass(frozen=True)
class Law:
    """The moments of an Average for ln value = ln(a n^-b + floor) ± deviation."""

    a: float
    b: float
    floor: float
    deviation: float

    def moments(self, n):
        mean = np.log(self.a * np.asarray(n, dtype=float) ** -self.b + self.floor)
        return mean, np.full(len(mean), self.deviation)


def known(at_last=1.0, b=0.5, floor=0.0, deviation=0.02) -> Predictive:
    """Median value at_last · (n / LAST)^-b + floor; ln value is spread at every n.

    By `deviation` times Student's t.
    """
    law = Law(at_last * LAST**b, b, floor, np.sqrt(deviation**2 - (NORMAL * LEAST) ** 2))
    value = np.exp(law.moments(SIZES)[0])
    curve = Curve(SIZES, value, np.full(8, 0.002), np.ones(8), np.zeros(8))
    calibration = Calibration(drift=0.0, below=1.0, above=1.0)
    as_expected = np.array([[LEAST], [0.0], [0.0], [0.0], [0.0]])
    backtest = BackTest(*as_expected, cut=np.zeros(1, dtype=int))
    return Predictive(curve, law, backtest, scatter=0.0, calibration=calibration)
