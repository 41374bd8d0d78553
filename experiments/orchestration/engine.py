"""Where a study's trials execute: processes of this machine, or a Ray cluster.

The two ways to run jobs are processes.py and ray_cluster.py.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch

from experiments.orchestration.options import StudyOptions
from experiments.orchestration.processes import Answers, SetUp, cores, run_here
from experiments.training.subsets import Data, Split
from tracking.errors import InputError, one_line
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
    """What runs jobs, and what leads the workers to the data.

    run: run(jobs, set_up, context) hands the jobs to workers in their order and yields (job,
        answer) as they end; Died is an answer, too. Each worker calls set_up(*context) once
        and gets the function that does one job.
    ask: ask(call, *arguments) gives the answer of a call that is made where trials run.
    open_data: called in a worker; all workers of a machine share one copy.
    """

    run: Callable[[Iterable, SetUp, tuple], Answers]
    ask: Callable[..., Any]
    open_data: Callable[[], Data]


def open_engine(options: StudyOptions, data: Data) -> AbstractContextManager[Engine]:
    """The engine that the options name. Raises InputError where it cannot be had."""
    if options.engine == "here":
        return here(data, options.workers or cores())
    return on_ray(
        data,
        address=options.ray_address or os.environ.get("RAY_ADDRESS") or "local",
        workers=options.workers,
        cpus=options.cpus_per_trial,
        gpus=options.gpus_per_trial,
        modules=[name.partition(":")[0] for name in options.architectures if ":" in name],
    )


@contextmanager
def here(data: Data, workers: int) -> Iterator[Engine]:
    """Processes of this machine."""
    os.environ |= WORKER_ENVIRONMENT  # read by the workers as they start
    with tempfile.TemporaryDirectory(prefix="scaling-study-") as folder:
        path = Path(folder) / "data.pt"
        try:
            torch.save(data, path)
        except (OSError, RuntimeError) as error:
            reason = one_line(error)[:200]
            raise InputError(
                f"the data cannot be written to {folder} ({reason}); see TMPDIR"
            ) from None
        yield Engine(
            run=partial(run_here, workers=workers),
            ask=call_here,
            open_data=partial(torch.load, path, mmap=True, weights_only=False),
        )


def call_here(call: Callable, *arguments: Any) -> Any:
    """What `Engine.ask` is on this machine."""
    return call(*arguments)


# --- on Ray


@contextmanager
def on_ray(
    data: Data, address: str, workers: int, cpus: float, gpus: float, modules: Iterable[str]
) -> Iterator[Engine]:
    """A Ray cluster.

    address: of the cluster; where it is "local", a Ray is started here.
    workers: 0 for as many as the cluster has room for.
    cpus, gpus: reserved for each worker.
    modules: the user's own, which the nodes get.
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
                f"tracking store '{uri}' is reached from one machine only; "
                "the cluster has more"
            )
        ray_cluster.check_room(address, cpus, gpus)
        ask = partial(ray_cluster.ask_a_node, cpus=cpus, gpus=gpus)
        ask(in_environment, store, reach_store)
        run = partial(ray_cluster.run_on_ray, workers=workers, cpus=cpus, gpus=gpus)
        yield Engine(
            run=lambda jobs, set_up, context: run(
                jobs, partial(in_environment, store, set_up), context
            ),
            ask=ask,
            open_data=partial(unpack, ray_cluster.share(pack(data))),
        )


def _check_is_server(uri: str, address: str) -> None:
    if urlsplit(uri).scheme in FILES:
        raise InputError(
            f"tracking store '{uri}' is a file, which the nodes of ray_address '{address}' "
            "cannot share; start `mlflow server` and set MLFLOW_TRACKING_URI=http://HOST:PORT"
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


def pack(data: Data) -> dict[str, Any]:
    """The data's fields by name, each split as a pair of NumPy arrays.

    Tensors Ray would copy for each worker.
    """
    return {name: _arrays(value) for name, value in vars(data).items()}


def _arrays(value: Any) -> Any:
    """Images (N, H, W, C) and labels (N,) of a split; anything else as it is."""
    if not isinstance(value, Split):
        return value
    return value.images.permute(0, 2, 3, 1).numpy(), value.labels.numpy()


def unpack(packed: Callable[[], dict[str, Any]]) -> Data:
    """The data again, in a worker, over the memory that all workers of a node share."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the memory is read-only, as it should be
        return Data(**{name: _split(value) for name, value in packed().items()})


def _split(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    images, labels = (torch.from_numpy(array) for array in value)
    return Split(images.permute(0, 3, 1, 2), labels)
