"""Looks at all examples of a task: what is there twice, and which labels seem wrong."""

import time
from dataclasses import replace

import pandas as pd

from experiments.tasks.duplicates import count_repeats, find_near, seconds_to_count
from experiments.tasks.label_noise import estimate_wrong_labels, seconds_to_estimate
from experiments.training.labelled import Labelled
from tracking.data_check import DataCheck

STARTING = 0.2  # seconds


def examine(labelled: Labelled, classes: int) -> tuple[DataCheck, pd.DataFrame]:
    """What is found, and the most suspicious labels (label_noise.py); no rows without classes.

    classes: how many; 0 where real values are predicted, of which labels are not judged.
    """
    start = time.process_time()
    repeats = count_repeats(labelled, classes)
    found = DataCheck(
        pool=len(labelled.pool),
        validation=len(labelled.validation),
        test=len(labelled.test),
        repeated=repeats.repeated,
        contradicted=repeats.contradicted,
        leaked_validation=repeats.leaked_validation,
        leaked_test=repeats.leaked_test,
        few_kinds=repeats.few_kinds,
    )
    near = find_near(labelled, repeats)
    if near is not None:
        pool, test = near
        found = replace(
            found,
            searched=test.searched,
            near_pool=pool.share,
            near_pool_low=pool.low,
            near_pool_high=pool.high,
            near_test=test.share,
            near_test_low=test.low,
            near_test_high=test.high,
        )
    suspects = pd.DataFrame()
    if classes > 1:
        found, suspects = _with_wrong_labels(found, labelled)
    return replace(found, seconds=time.process_time() - start), suspects


def _with_wrong_labels(found: DataCheck, labelled: Labelled) -> tuple[DataCheck, pd.DataFrame]:
    wrong = estimate_wrong_labels(labelled)
    found = replace(
        found,
        surveyed=wrong.surveyed,
        model_error=wrong.model_error,
        wrong=wrong.share,
        wrong_low=wrong.low,
        wrong_high=wrong.high,
    )
    return found, wrong.suspects


def seconds_to_examine(labelled: Labelled, classes: int) -> float:
    """What it takes, of one core."""
    seconds = STARTING + seconds_to_count(labelled)
    if classes > 1:
        seconds += seconds_to_estimate(labelled, classes)
    return seconds
