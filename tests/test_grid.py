"""The grid holds every combination once, in jobs that must be trained together, the longest
first.
"""

from collections import Counter
from itertools import pairwise

from trials import resolved

from experiments.orchestration.grid import cells, grid
from experiments.orchestration.options import LADDER, parse


def trials_of(*arguments):
    """The grid of a study on a processor."""
    return resolved(grid(parse(arguments)), "cpu")


def test_the_grid_holds_every_combination_once():
    options = parse(
        [
            "--architectures",
            "mlp,cnn,mlp",
            "--fractions",
            "0.1,1,0.1",
            "--samples",
            "2",
            "--data_seeds",
            "0,5",
        ]
    )
    held = [
        (trial.architecture, trial.fraction, trial.sample, trial.data_seed)
        for trial in grid(options)
    ]
    assert len(held) == len(set(held)) == 2 * 2 * 3 * 2
    assert {cell[2] for cell in held} == {0, 1, 2}


def test_the_ladder_is_the_notebooks_from_a_200th_doubling_to_the_whole():
    assert parse(["--fractions", "ladder"]).fractions == LADDER == parse([]).fractions
    assert LADDER[0] == 0.005
    assert LADDER[-1] == 1
    assert [large / small for small, large in pairwise(LADDER[:-1])] == [2.0] * 7


def test_options_of_a_trial_reach_every_trial_of_the_grid():
    options = parse(
        ["--max_steps", "7", "--precision", "bf16", "--search_seed", "3", "--dataset", "mnist"]
    )
    told = {
        (trial.max_steps, trial.precision, trial.search_seed, trial.dataset)
        for trial in grid(options)
    }
    assert told == {(7, "bf16", 3, "mnist")}


def test_long_trials_come_first():
    trials = trials_of("--architectures", "linear,forest,resnet", "--fractions", "0.1,1")
    jobs = cells(trials, {trial.key for trial in trials})
    ordered = [trial for job in jobs for trial in job.trials]
    assert (ordered[0].architecture, ordered[0].fraction) == ("resnet", 1)
    assert ordered[-1].architecture == "forest"
    assert Counter(trial.key for trial in ordered) == Counter(trial.key for trial in trials)


def test_each_trial_that_is_left_is_a_job_of_its_own():
    trials = trials_of("--samples", "2")
    left = {trial.key for trial in trials[::2]}
    jobs = cells(trials, left)
    assert [len(job.trials) for job in jobs] == [1] * len(left)
    assert {trial.key for job in jobs for trial in job.trials} == left


def test_samples_that_are_compared_make_one_job_even_where_one_of_them_is_left():
    trials = trials_of("--samples", "2", "--pruning", "halving", "--fractions", "0.1,1")
    (job,) = cells(trials, {trials[1].key})
    assert [trial.sample for trial in job.trials] == [0, 1, 2]
    assert job.todo == {trials[1].key}


def test_samples_that_are_fitted_at_one_go_are_jobs_of_their_own_under_halving_too():
    options = [
        "--architectures",
        "forest,cnn",
        "--samples",
        "4",
        "--pruning",
        "halving",
        "--fractions",
        "1",
    ]
    trials = trials_of(*options)
    sizes = Counter(
        (job.trials[0].architecture, len(job.trials))
        for job in cells(trials, {t.key for t in trials})
    )
    assert sizes == {("forest", 1): 5, ("cnn", 5): 1}
