"""Trials on this machine: worker processes, one torch thread each."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any


@dataclass
class Worker:
    process: multiprocessing.Process
    connection: Connection
    job: Any = None


@dataclass(frozen=True)
class Died:
    """The worker ended in the middle of a job: killed, out of memory, crashed, or lost with its machine."""

    reason: str


def run_here(jobs: Iterable, set_up: Callable, context: tuple, workers: int) -> Iterator[tuple[Any, Any]]:
    """Run every job in one of `workers` processes and yield (job, answer) as they end; Died is an answer, too.

    Each process calls `set_up(*context)` once and gets the function that does one job. Processes are
    spawned: they inherit no threads, locks or open databases. Leaving the generator ends them all.
    """
    waiting = deque(jobs)
    spawn = multiprocessing.get_context("spawn")
    crew = [_hire(spawn, set_up, context) for _ in range(min(workers, len(waiting)))]
    try:
        while waiting or any(worker.job is not None for worker in crew):
            for worker in crew:
                if worker.job is None and waiting:
                    worker.job = waiting.popleft()
                    with suppress(OSError):  # where it has died, the next wait finds out
                        worker.connection.send(worker.job)
            ready = wait([worker.connection for worker in crew if worker.job is not None])
            for place, worker in enumerate(crew):
                if worker.connection not in ready:
                    continue
                job, worker.job = worker.job, None
                try:
                    answer = worker.connection.recv()
                except (EOFError, OSError):
                    worker.process.join()
                    answer = Died(f"worker process ended ({worker.process.exitcode})")
                    crew[place] = _hire(spawn, set_up, context)
                yield job, answer
    finally:
        for worker in crew:
            worker.process.terminate()


def _hire(spawn, set_up: Callable, context: tuple) -> Worker:
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, set_up, context), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    return Worker(process, ours)


def _work(connection: Connection, set_up: Callable, context: tuple) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the driver ends its workers
    work = set_up(*context)
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):  # the driver was killed
            return
        answer = work(job)
        try:
            connection.send(answer)
        except OSError:
            return


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
