"""What hyperparameters are drawn from is scipy.stats, imported when something is drawn."""

import numpy as np
import pytest
from scipy import stats

from experiments.training import distributions


@pytest.mark.parametrize(
    "ours, scipys",
    [
        (distributions.loguniform(1e-3, 1.0), stats.loguniform(1e-3, 1.0)),
        (distributions.uniform(2.0, 5.0), stats.uniform(2.0, 3.0)),
        (distributions.randint(10, 101), stats.randint(10, 101)),
    ],
)
def test_draws_and_ends_are_those_of_scipy(ours, scipys):
    mine = [ours.rvs(random_state=np.random.RandomState(seed)) for seed in range(20)]
    assert mine == [scipys.rvs(random_state=np.random.RandomState(seed)) for seed in range(20)]
    assert ours.support() == scipys.support()
