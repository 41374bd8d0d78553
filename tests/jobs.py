"""Toy work for the engine's processes, which import it from here: set-up functions that return
what does one job.
"""

import os
import signal
import time
from pathlib import Path


def doubling():
    return lambda job: 2 * job


def adding(one, other):
    return lambda job: job + one + other


def noting(path):
    """One line in a file per set-up; each job sleeps and is answered with the process that did
    it.
    """
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")

    def work(job):
        time.sleep(job)
        return os.getpid()

    return work


def meeting(path):
    """`wait` ends after `open` has been done by another process."""

    def work(job):
        if job == "open":
            Path(path).touch()
        while job == "wait" and not Path(path).exists():
            time.sleep(0.01)
        return job

    return work


def fragile():
    """Dies of what the job says."""

    def work(job):
        if job == "exit":
            os._exit(3)
        if job == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if job == "raise":
            raise SystemExit(4)
        return f"{job} done"

    return work


def stillborn():
    os._exit(5)


def here(before=lambda trial: None, after=lambda answer: answer):
    """A run_here that does its jobs in this process, which spares the imports of another.

    before: is given the first trial of each job, and may answer in its place; after: may
    change the answer.
    """

    def run_here(jobs, set_up, context, workers, ask=lambda: None):
        work = set_up(*context)
        for job in jobs:
            ask()
            yield job, before(job.trials[0]) or after(work(job))

    return run_here
