"""Where a study's trials execute: processes of this machine (processes.py) or a Ray cluster (cluster.py)."""

import math
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
import torch

from experiments import InputError, one_line
from experiments.data import Data, Split
from experiments.processes import cores, run_here
from experiments.run import Parser, check_store, number, whole_number
from experiments.train import find_device

ENGINES = ("here", "ray")
# One thread per process; freed memory is kept, since asking the system for it anew at every step costs a third.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PARTS = ("pool", "validation", "test")


@dataclass(frozen=True)
class Engine:
    """What runs jobs, and what leads the workers to the data.

    run(jobs, set_up, context) hands the jobs to workers in their order and yields (job, answer) as they end; Died is
    an answer, too. Each worker calls set_up(*context) once and gets the function that does one job.
    """

    run: Callable[[Iterable, Callable, tuple], Iterator[tuple[Any, Any]]]
    open_data: Callable[[], Data]  # called in a worker; all workers of a machine share one copy


def open_engine(options, data: Data) -> AbstractContextManager[Engine]:
    """The engine that the options name. Raises InputError where it cannot be had."""
    if options.engine == "here":
        return here(data, options.workers or cores())
    modules = [name.partition(":")[0] for name in options.architectures if ":" in name]
    address = options.ray_address or os.environ.get("RAY_ADDRESS") or "local"
    return on_ray(data, address, options.workers, options.cpus_per_trial, options.gpus_per_trial, modules)


@contextmanager
def here(data: Data, workers: int) -> Iterator[Engine]:
    os.environ |= WORKER_ENVIRONMENT  # read by the workers as they start
    with tempfile.TemporaryDirectory(prefix="scaling-study-") as folder:
        path = Path(folder) / "data.pt"
        try:
            torch.save(data, path)
        except (OSError, RuntimeError) as error:
            raise InputError(f"the data cannot be written to {folder} ({one_line(error)[:200]}); see TMPDIR") from None
        yield Engine(partial(run_here, workers=workers), partial(torch.load, path, mmap=True, weights_only=False))


# --- on Ray ----------------------------------------------------------------------------------------


@contextmanager
def on_ray(
    data: Data, address: str, workers: int, cpus: float, gpus: float, modules: Iterable[str]
) -> Iterator[Engine]:
    """On the cluster at `address`, or, where that is "local", on a Ray started here. `modules` are the user's own."""
    from experiments import cluster  # raises where the extra `ray` is not installed

    uri = mlflow.get_tracking_uri()
    if address != "local" and urlsplit(uri).scheme in ("", "file", "sqlite"):
        raise InputError(
            f"tracking store '{uri}' is a file, which the nodes of ray_address '{address}' cannot share; "
            "start `mlflow server` and set MLFLOW_TRACKING_URI=http://HOST:PORT"
        )
    store = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    store |= {"MLFLOW_TRACKING_URI": uri}
    with cluster.connected(address, modules, WORKER_ENVIRONMENT):
        if urlsplit(uri).hostname in LOOPBACK and cluster.machines() > 1:
            raise InputError(f"tracking store '{uri}' is reached from one machine only; the cluster has more")
        if not cluster.room(cpus, gpus):
            lacking = f"no node of ray_address '{address}' has {cpus:g} CPUs and {gpus:g} GPUs"
            if address == "local":
                raise InputError(lacking)
            print(f"{lacking}; waiting for one", flush=True)  # which an autoscaler may start
        cluster.try_on_a_node(in_environment, store, check_store, cpus=cpus, gpus=gpus)
        run = partial(cluster.run_on_ray, workers=workers, cpus=cpus, gpus=gpus)
        yield Engine(
            lambda jobs, set_up, context: run(jobs, partial(in_environment, store, set_up), context),
            partial(unpack, cluster.share(pack(data))),
        )


def in_environment(environment: dict[str, str], call: Callable, *arguments):
    """Call in a worker what needs variables that nobody else may see: they may hold the tracking server's password."""
    os.environ |= environment
    return call(*arguments)


def pack(data: Data) -> tuple[Data, dict[str, tuple]]:
    """The data without its images, and these as NumPy arrays, which Ray does not copy for each worker as tensors."""
    splits = {part: getattr(data, part) for part in PARTS}
    arrays = {part: (split.images.permute(0, 2, 3, 1).numpy(), split.labels.numpy()) for part, split in splits.items()}
    return replace(data, **dict.fromkeys(PARTS)), arrays


def unpack(packed: Callable[[], tuple]) -> Data:
    empty, arrays = packed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the memory is read-only, as it should be
        tensors = {part: map(torch.from_numpy, pair) for part, pair in arrays.items()}
        splits = {part: Split(images.permute(0, 3, 1, 2), labels) for part, (images, labels) in tensors.items()}
    return replace(empty, **splits)


# --- the command line ------------------------------------------------------------------------------


def add_engine_arguments(parser: Parser) -> None:
    parser.add_argument("--workers", type=whole_number, default=0, help="0 = one per core, or all the cluster has")
    parser.add_argument("--engine", default="here", help="here, or ray: a Ray cluster")
    parser.add_argument("--ray_address", default="", help="HOST:PORT, ray://HOST:PORT or auto; default RAY_ADDRESS")
    parser.add_argument("--cpus_per_trial", type=number, default=1.0, help="reserved on the Ray cluster")
    parser.add_argument("--gpus_per_trial", type=number, default=0.0, help="reserved on the Ray cluster; 0.25 shares")


def check_engine(options) -> None:
    """Raises InputError for options that cannot be met, before anything is loaded or started."""
    cpus, gpus = options.cpus_per_trial, options.gpus_per_trial
    if options.workers < 0:
        raise InputError(f"workers {options.workers} is negative; allowed: 0 (one per core), 1, 2, …")
    if options.engine not in ENGINES:
        raise InputError(f"engine '{options.engine}' is unknown; allowed: {', '.join(ENGINES)}")
    if options.engine == "here" and options.ray_address:
        raise InputError(f"ray_address '{options.ray_address}' needs engine=ray; engine is 'here'")
    if options.engine == "here":
        find_device(options.device)
    elif options.device != "auto":
        raise InputError(f"device '{options.device}' is not for engine=ray; allowed: auto, and gpus_per_trial decides")
    if not 0 < cpus < math.inf:
        raise InputError(f"cpus_per_trial {cpus:g} is not allowed; allowed: any positive number")
    if not (0 <= gpus <= 1 or (gpus > 1 and gpus.is_integer())):
        raise InputError(f"gpus_per_trial {gpus:g} is not allowed; allowed: 0 to 1, 2, 3, …")
