"""Jobs on a Ray cluster: each worker is an actor with its share of a node's CPUs and GPUs (docs/cluster.md)."""

import os
import re
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiments import InputError, one_line
from experiments.processes import Died

try:
    import grpc
    import ray
    from ray.exceptions import RayError
except ImportError:
    raise InputError('engine=ray needs Ray, which is not installed: pip install ".[ray]"') from None

SECONDS = 5  # until an address counts as unreachable, and between two looks at what the cluster has room for
STARTING = object()  # in the place of the job of a worker that is not set up yet


class Worker:
    """An actor: one process on some node."""

    def __init__(self, set_up: Callable, context: tuple):
        self.work = set_up(*context)

    def start(self) -> None:
        """Is answered when the worker is set up."""

    def do(self, job):
        return self.work(job)


def run_on_ray(
    jobs: Iterable, set_up: Callable, context: tuple, workers: int = 0, cpus: float = 1, gpus: float = 0
) -> Iterator[tuple[Any, Any]]:
    """Run every job on one of `workers` actors and yield (job, answer) as they end; Died is an answer, too.

    Where workers is 0 there are as many as the cluster has room for, also after nodes have come or gone. Only a
    worker that is set up gets a job, so jobs are handed out in their order. Leaving the generator ends the workers.
    """
    waiting, crew = deque(jobs), {}  # crew: what is awaited -> (worker, its job)
    actor = ray.remote(Worker).options(num_cpus=cpus, num_gpus=gpus)
    try:
        while waiting or any(job is not STARTING for _, job in crew.values()):
            busy = sum(job is not STARTING for _, job in crew.values())
            while len(crew) < min(workers or max(1, room(cpus, gpus)), len(waiting) + busy):
                worker = actor.remote(set_up, context)
                crew[worker.start.remote()] = worker, STARTING
            ended, _ = ray.wait(list(crew), timeout=SECONDS)
            for awaited in ended:
                worker, job = crew.pop(awaited)
                try:
                    answer = ray.get(awaited)
                except RayError as error:
                    answer = Died(reason(error))
                    if job is STARTING and waiting:
                        job = waiting.popleft()
                if waiting and not isinstance(answer, Died):
                    following = waiting.popleft()
                    crew[worker.do.remote(following)] = worker, following
                else:
                    ray.kill(worker)  # makes room
                if job is not STARTING:
                    yield job, answer
    finally:
        for worker, _ in crew.values():
            ray.kill(worker)


def room(cpus: float, gpus: float) -> int:
    """How many workers the nodes that are up would hold, were there nothing else on them."""
    needs = {name: share for name, share in (("CPU", cpus), ("GPU", gpus)) if share}
    resources = [node["Resources"] for node in nodes()]
    return sum(min(int(has.get(name, 0) / share + 1e-9) for name, share in needs.items()) for has in resources)


def machines() -> int:
    return len({node["NodeManagerAddress"] for node in nodes()})


def nodes() -> list[dict]:
    return [node for node in ray.nodes() if node["Alive"]]


def reason(error: RayError) -> str:
    """What counts of Ray's words, which come with process numbers, tracebacks and advice."""
    cause = getattr(error, "cause", None)
    if cause is not None:  # raised by the worker
        return f"{type(cause).__name__}: {one_line(cause)}"
    died = re.search(r"its (worker process|node) has died", str(error))
    return f"{died[1]} ended" if died else one_line(str(error).strip().splitlines()[-1])


@contextmanager
def connected(address: str, modules: Iterable[str], environment: dict[str, str]) -> Iterator[None]:
    """Connected to the cluster at `address`, or, where that is "local", to a Ray that is started here and ended.

    Its workers get this package, the user's `modules`, and the variables of `environment`, which Ray's dashboard
    shows. Raises InputError within seconds where nothing answers.
    """
    check_address(address)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        runtime = {"env_vars": environment, "py_modules": code(modules)}
        ray.init(address, runtime_env=runtime, log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise InputError(f"Ray at ray_address '{address}' cannot be used ({one_line(error)[:200]})") from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray has replaced it
    try:
        yield
    finally:
        ray.shutdown()


def check_address(address: str) -> None:
    """Raises InputError for what is no address, and where no Ray answers: Ray itself would try for minutes."""
    if address in ("auto", "local"):
        return
    try:
        place = urlsplit(address if "://" in address else f"ray://{address}")
        if not (place.scheme == "ray" and place.hostname and place.port):
            raise ValueError
    except ValueError:
        raise InputError(f"ray_address '{address}' is not allowed; allowed: HOST:PORT, ray://HOST:PORT, auto") from None
    try:
        if os.environ.get("RAY_USE_TLS", "0") != "0":  # then only Ray has the certificates to ask for more
            socket.create_connection((place.hostname, place.port), SECONDS).close()
            return
        with grpc.insecure_channel(place.netloc, [("grpc.enable_http_proxy", 0)]) as channel:
            grpc.channel_ready_future(channel).result(SECONDS)
    except (OSError, grpc.FutureTimeoutError):
        raise InputError(f"no Ray answers at ray_address '{address}'") from None


def code(modules: Iterable[str]) -> list[str]:
    """Where this package and the user's modules lie; what pip has installed is expected on the nodes."""
    found = [find_spec(module.partition(".")[0]) for module in modules]
    paths = [next(iter(spec.submodule_search_locations or [spec.origin])) for spec in found]
    return sorted({str(Path(__file__).parent), *(path for path in paths if "site-packages" not in path)})


def try_on_a_node(call: Callable, *arguments, cpus: float, gpus: float) -> None:
    """Raises InputError where the call does not succeed on a node."""
    try:
        ray.get(ray.remote(call).options(num_cpus=cpus, num_gpus=gpus).remote(*arguments))
    except RayError as error:
        raise InputError(f"a node of the cluster cannot run trials: {reason(error)}") from None


def share(value: Any) -> Callable[[], Any]:
    """A function that gives a worker the value. Ray keeps one copy per node of what consists of NumPy arrays."""
    return partial(ray.get, ray.put(value))
