"""Where a study's trials execute: processes of this machine, or a Ray cluster.

The two ways to run jobs are processes.py and ray_cluster.py.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiments.orchestration.options import StudyOptions
from experiments.orchestration.packing import pack, read_files, unpack, write_files
from experiments.orchestration.processes import (
    Answers,
    SetUp,
    cores,
    go_on,
    removed_at_the_end,
    run_here,
)
from experiments.training.task import Task
from experiments.training.trainers import COMMAND, PROJECT
from tracking.errors import InputError, one_line
from tracking.secrets import masked
from tracking.store import default_store, open_store

# One thread per process; freed memory is kept, since asking the system for it anew at every
# step costs a third.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FILES = ("", "file", "sqlite")  # schemes of stores that one machine keeps


@dataclass(frozen=True)
class Engine:
    """What runs jobs, and what leads the workers to the task.

    run: run(jobs, set_up, context) hands the jobs to workers in their order and yields (job,
        answer) as they end; Died is an answer, too. Each worker calls set_up(*context) once
        and gets the function that does one job.
    ask: ask(call, *arguments) gives the answer of a call that is made where trials run.
    open_task: called in a worker; all workers of a machine share one copy of its data.
    """

    run: Callable[[Iterable, SetUp, tuple], Answers]
    ask: Callable[..., Any]
    open_task: Callable[[], Task]


def open_engine(
    options: StudyOptions, task: Task, ask: Callable[[], None] = go_on
) -> AbstractContextManager[Engine]:
    """The engine that the options name. Raises InputError where it cannot be had.

    ask: is called every few seconds, and raises what ends all jobs.
    """
    if options.engine == "here":
        return here(task, options.workers or cores(), ask)
    return on_ray(
        task,
        address=options.ray_address or os.environ.get("RAY_ADDRESS") or "local",
        workers=options.workers,
        cpus=options.cpus_per_trial,
        gpus=options.gpus_per_trial,
        modules=[name.partition(":")[0] for name in own_functions(options)],
        ask=ask,
    )


def own_functions(options: StudyOptions) -> list[str]:
    """Somebody's own architectures and trainers, which are functions."""
    named = [name for name in options.architectures if ":" in name]
    kinds = (COMMAND, PROJECT)
    return named + [name for name in options.trainers if not name.startswith(kinds)]


@contextmanager
def here(task: Task, workers: int, ask: Callable[[], None] = go_on) -> Iterator[Engine]:
    """Processes of this machine."""
    os.environ |= WORKER_ENVIRONMENT  # read by the workers as they start
    with (
        tempfile.TemporaryDirectory(prefix="scaling-study-") as folder,
        removed_at_the_end(folder),
    ):
        try:
            write_files(task, Path(folder))
        except OSError as error:
            reason = one_line(error)[:200]
            raise InputError(
                f"the data cannot be written to {folder} ({reason}); see TMPDIR"
            ) from None
        yield Engine(
            run=partial(run_here, workers=workers, ask=ask),
            ask=call_here,
            open_task=partial(read_files, Path(folder)),
        )


def call_here(call: Callable, *arguments: Any) -> Any:
    """What `Engine.ask` is on this machine."""
    return call(*arguments)


# --- on Ray


@contextmanager
def on_ray(
    task: Task,
    address: str,
    workers: int,
    cpus: float,
    gpus: float,
    modules: Iterable[str],
    ask: Callable[[], None] = go_on,
) -> Iterator[Engine]:
    """A Ray cluster.

    address: of the cluster; where it is "local", a Ray is started here.
    workers: 0 for as many as the cluster has room for.
    cpus, gpus: reserved for each worker.
    modules: the user's own, which the nodes get.
    ask: as open_engine gets it.
    Raises InputError where there is no such cluster, or its nodes cannot reach the store.
    """
    from experiments.orchestration import ray_cluster  # raises where Ray is not installed

    uri = default_store()
    if address != "local":
        _check_is_server(uri, address)
    store = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    store |= {"MLFLOW_TRACKING_URI": uri}
    with ray_cluster.connected(address, modules, WORKER_ENVIRONMENT):
        if urlsplit(uri).hostname in LOOPBACK and ray_cluster.machines() > 1:
            raise InputError(
                f"tracking store '{masked(uri)}' is reached from one machine only; "
                "the cluster has more"
            )
        ray_cluster.check_room(address, cpus, gpus)
        ask_node = partial(ray_cluster.ask_a_node, cpus=cpus, gpus=gpus)
        ask_node(in_environment, store, reach_store)
        run = partial(ray_cluster.run_on_ray, workers=workers, cpus=cpus, gpus=gpus, ask=ask)
        yield Engine(
            run=lambda jobs, set_up, context: run(
                jobs, partial(in_environment, store, set_up), context
            ),
            ask=ask_node,
            open_task=partial(unpack, ray_cluster.share(pack(task))),
        )


def _check_is_server(uri: str, address: str) -> None:
    if urlsplit(uri).scheme in FILES:
        raise InputError(
            f"tracking store '{masked(uri)}' is a file, which the nodes of ray_address "
            f"'{address}' cannot share; start `mlflow server` and set MLFLOW_TRACKING_URI=http://HOST:PORT"
        )


def in_environment(environment: dict[str, str], call: Callable, *arguments: Any) -> Any:
    """Call in a worker what needs variables that nobody else may see.

    They may hold the tracking server's password.
    """
    os.environ |= environment
    return call(*arguments)


def reach_store() -> None:
    """Raises StoreError where the tracking store does not answer; it is made if need be."""
    open_store(new=True)
