"""Jobs on this machine: processes that do one after another, one torch thread each."""

import multiprocessing
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from tracking.errors import one_line

SetUp = Callable[..., Callable[[Any], Any]]  # called once in a process; gives what does a job
LOOK = 1.0  # seconds between two questions whether to go on
# Waits until its standard input ends, as it does when its parent does, however that ends.
REMOVE = """trap '' HUP INT TERM; read -r _; rm -rf -- "$1\""""
Answers = Generator[tuple[Any, Any], None, None]  # (job, answer) as they end


@dataclass(frozen=True)
class Died:
    """The answer to a job whose worker ended in the middle of it.

    reason: it was killed, out of memory, crashed, or lost with its machine.
    """

    reason: str


@dataclass
class Member:
    """One process of the crew, and the job it is at; None for an idle one."""

    process: BaseProcess
    connection: Connection
    job: Any = None

    def start(self, job: Any) -> None:
        """Hand it a job."""
        self.job = job
        with suppress(OSError):  # where it has died, the next wait finds out
            self.connection.send(job)

    def answer(self) -> Any:
        """The answer to its job; Died where it has ended."""
        self.job = None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return Died(f"worker process ended ({self.process.exitcode})")


def go_on() -> None:
    """What is asked where nobody may say stop."""


def run_here(
    jobs: Iterable,
    set_up: SetUp,
    context: tuple,
    workers: int,
    ask: Callable[[], None] = go_on,
) -> Answers:
    """Run every job in one of `workers` processes; yields (job, answer) as they end.

    Died is an answer, too. Each process calls `set_up(*context)` once and gets the function
    that does one job. Processes are spawned: they inherit no threads, locks or open databases.
    Leaving the generator ends them all.

    ask: is called every second, and raises what ends it all.
    """
    waiting = deque(jobs)
    spawn = multiprocessing.get_context("spawn")
    crew = [_hire(spawn, set_up, context) for _ in range(min(workers, len(waiting)))]
    try:
        _hand_out(waiting, crew)
        while busy := [member.connection for member in crew if member.job is not None]:
            ask()
            ready = wait(busy, LOOK)
            ended = []
            for place, member in enumerate(crew):
                if member.connection not in ready:
                    continue
                job = member.job
                answer = member.answer()
                if isinstance(answer, Died):
                    crew[place] = _hire(spawn, set_up, context)
                ended.append((job, answer))
            _hand_out(waiting, crew)  # before the answers are looked at: that takes a while
            yield from ended
    finally:
        for member in crew:
            member.process.kill()  # SIGTERM would leave one that was stopped


def _hand_out(waiting: deque[Any], crew: Iterable[Member]) -> None:
    """Give each idle process a job."""
    for member in crew:
        if member.job is None and waiting:
            member.start(waiting.popleft())


def _hire(spawn: SpawnContext, set_up: SetUp, context: tuple) -> Member:
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, set_up, context), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    return Member(process, ours)


def _work(connection: Connection, set_up: SetUp, context: tuple) -> None:
    # Ctrl-C reaches the whole group; the driver ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = set_up(*context)
    except Exception as error:
        _tell(connection, Died(f"{type(error).__name__}: {one_line(error)[:200]}"))
        return
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


@contextmanager
def removed_at_the_end(folder: str) -> Iterator[None]:
    """Remove a folder at the end, also where this process is killed with its whole group."""
    if os.name != "posix":
        yield
        return
    command = ["sh", "-c", REMOVE, "sh", folder]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, start_new_session=True
    ):
        yield


def _tell(connection: Connection, answer: Died) -> None:
    """Answer the first job, whatever it is."""
    with suppress(EOFError, OSError):
        connection.recv()
        connection.send(answer)


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
