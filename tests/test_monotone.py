"""The interpolation that spares an import is the one of SciPy."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from analysis.curves.monotone import MonotoneCubic

X = np.array([0.0, 0.5, 1.0, 3.0, 3.5, 7.0])
AT = np.linspace(X[0], X[-1], 1000)


@pytest.mark.parametrize(
    "y", [np.exp(-X), X, np.sin(2 * X), np.ones(6), [0, 5, 5, 1, 9, -9]], ids=str
)
def test_it_is_the_curve_of_scipy(y):
    values = np.stack([np.asarray(y, dtype=float), X**2], axis=1)
    assert MonotoneCubic(X, values)(AT) == pytest.approx(
        PchipInterpolator(X, values)(AT), abs=1e-12
    )


def test_what_falls_in_its_points_falls_between_them():
    values = np.array([9.0, 8.9, 3.0, 2.9, 2.9, 0.0])[:, None]
    assert (np.diff(MonotoneCubic(X, values)(AT)[:, 0]) <= 1e-12).all()
