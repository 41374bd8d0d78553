"""Jobs on a Ray cluster: actors, each with its share of a node (docs/cluster.md)."""

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
from urllib.parse import SplitResult, urlsplit

from experiments.orchestration.processes import Answers, Died, SetUp, go_on
from tracking.errors import InputError, one_line

try:
    import grpc
    import ray
    from ray.exceptions import RayError
except ImportError:
    raise InputError(
        'engine=ray needs Ray, which is not installed: pip install ".[ray]"'
    ) from None

# Until an address counts as unreachable, and between two looks at what the cluster has room
# for.
SECONDS = 5
STARTING = object()  # in the place of the job of an actor that is not set up yet
ROOT = Path(__file__).parents[2]
PACKAGES = ("experiments", "tracking")  # what trials need of this project
DIED = re.compile(r"its (worker process|node) has died")


class Actor:
    """One process on some node."""

    def __init__(self, set_up: SetUp, context: tuple):
        self.work = set_up(*context)

    def start(self) -> None:
        """Is answered when the actor is set up."""

    def do(self, job: Any) -> Any:
        """The answer to a job."""
        return self.work(job)


class Crew:
    """The actors of a launch, what each is at, and the jobs that wait for one.

    hire: starts an actor.
    most: how many there may be now.
    """

    def __init__(self, jobs: Iterable, hire: Callable[[], Any], most: Callable[[], int]):
        self.waiting = deque(jobs)
        self.hire = hire
        self.most = most
        self.busy: dict[Any, tuple[Any, Any]] = {}  # what is awaited -> (actor, its job)

    @property
    def under_way(self) -> int:
        """Jobs that an actor is at."""
        return sum(job is not STARTING for _, job in self.busy.values())

    def fill(self) -> None:
        """Start as many actors as there is work and room for."""
        while len(self.busy) < min(self.most(), len(self.waiting) + self.under_way):
            actor = self.hire()
            self.busy[actor.start.remote()] = actor, STARTING

    def wait(self) -> list[Any]:
        """What has been answered, within some seconds."""
        ended, _ = ray.wait(list(self.busy), timeout=SECONDS)
        return ended

    def receive(self, awaited: Any) -> tuple[Any, Any]:
        """The job, or STARTING, and its answer; the actor goes on with the next job."""
        actor, job = self.busy.pop(awaited)
        try:
            answer = ray.get(awaited)
        except RayError as error:
            answer = Died(reason(error))
            if job is STARTING and self.waiting:
                job = self.waiting.popleft()
        if self.waiting and not isinstance(answer, Died):
            following = self.waiting.popleft()
            self.busy[actor.do.remote(following)] = actor, following
        else:
            ray.kill(actor)  # makes room
        return job, answer

    def end(self) -> None:
        """End all actors, in the middle of what they are at."""
        for actor, _ in self.busy.values():
            ray.kill(actor)


def run_on_ray(
    jobs: Iterable,
    set_up: SetUp,
    context: tuple,
    workers: int = 0,
    cpus: float = 1,
    gpus: float = 0,
    ask: Callable[[], None] = go_on,
) -> Answers:
    """Run every job on one of `workers` actors; yields (job, answer) as they end.

    Died is an answer, too. Where workers is 0 there are as many as the cluster has room for.
    Only an actor that is set up gets a job, so jobs are handed out in their order. Leaving the
    generator ends the actors.

    ask: is called every few seconds, and raises what ends it all.
    """
    actor = ray.remote(Actor).options(num_cpus=cpus, num_gpus=gpus)
    crew = Crew(
        jobs,
        hire=partial(actor.remote, set_up, context),
        most=lambda: workers or max(1, room(cpus, gpus)),
    )
    try:
        while crew.waiting or crew.under_way:
            ask()
            crew.fill()
            for awaited in crew.wait():
                job, answer = crew.receive(awaited)
                if job is not STARTING:
                    yield job, answer
    finally:
        crew.end()


def reason(error: RayError) -> str:
    """What counts of Ray's words, which come with process numbers, tracebacks and advice."""
    cause = getattr(error, "cause", None)
    if cause is not None:  # raised by the worker
        return f"{type(cause).__name__}: {one_line(cause)}"
    died = DIED.search(str(error))
    if died:
        return f"{died[1]} ended"
    last = str(error).strip().splitlines()[-1]
    return " ".join(last.split())


# --- what the cluster has


def room(cpus: float, gpus: float) -> int:
    """How many actors the nodes that are up would hold, were there nothing else on them."""
    needs = {name: share for name, share in (("CPU", cpus), ("GPU", gpus)) if share}
    resources = [node["Resources"] for node in nodes()]
    return sum(
        min(int(has.get(name, 0) / share + 1e-9) for name, share in needs.items())
        for has in resources
    )


def check_room(address: str, cpus: float, gpus: float) -> None:
    """Raises InputError where a Ray started here has no room for an actor.

    A cluster may have an autoscaler, which starts a node that has.
    """
    if room(cpus, gpus):
        return
    lacking = f"no node of ray_address '{address}' has {cpus:g} CPUs and {gpus:g} GPUs"
    if address == "local":
        raise InputError(lacking)
    print(f"{lacking}; waiting for one", flush=True)


def machines() -> int:
    """How many machines the nodes are on."""
    return len({node["NodeManagerAddress"] for node in nodes()})


def nodes() -> list[dict[str, Any]]:
    """The nodes that are up, as Ray describes them."""
    return [node for node in ray.nodes() if node["Alive"]]


def ask_a_node(call: Callable, *arguments: Any, cpus: float, gpus: float) -> Any:
    """The answer of a call on some node. Raises InputError where it does not succeed there."""
    task = ray.remote(call).options(num_cpus=cpus, num_gpus=gpus)
    try:
        return ray.get(task.remote(*arguments))
    except RayError as error:
        raise InputError(f"a node of the cluster cannot run trials: {reason(error)}") from None


def share(value: Any) -> Callable[[], Any]:
    """A function that gives a worker the value.

    Ray keeps one copy per node of what consists of NumPy arrays.
    """
    return partial(ray.get, ray.put(value))


# --- the connection


@contextmanager
def connected(
    address: str, modules: Iterable[str], environment: dict[str, str]
) -> Iterator[None]:
    """Connected to a cluster, whose workers get this project.

    address: of the cluster; where it is "local", a Ray is started here, and ended.
    modules: the user's own, which the workers get, too.
    environment: variables that the workers get, and that Ray's dashboard shows.
    Raises InputError within seconds where nothing answers.
    """
    check_address(address)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        runtime = {"env_vars": environment, "py_modules": code(modules)}
        ray.init(address, runtime_env=runtime, log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise InputError(
            f"Ray at ray_address '{address}' cannot be used ({one_line(error)[:200]})"
        ) from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray has replaced it
    try:
        yield
    finally:
        ray.shutdown()


def check_address(address: str) -> None:
    """Raises InputError for what is no address, and where no Ray answers.

    Ray itself would try for minutes.
    """
    if address in ("auto", "local"):
        return
    place = _place(address)
    try:
        # Where TLS is on, only Ray has the certificates to ask for more than a connection.
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            socket.create_connection((place.hostname, place.port), SECONDS).close()
            return
        with grpc.insecure_channel(place.netloc, [("grpc.enable_http_proxy", 0)]) as channel:
            grpc.channel_ready_future(channel).result(SECONDS)
    except (OSError, grpc.FutureTimeoutError):
        raise InputError(f"no Ray answers at ray_address '{address}'") from None


def _place(address: str) -> SplitResult:
    try:
        place = urlsplit(address if "://" in address else f"ray://{address}")
        if place.scheme == "ray" and place.hostname and place.port:
            return place
    except ValueError:
        pass
    raise InputError(
        f"ray_address '{address}' is not allowed; allowed: HOST:PORT, ray://HOST:PORT, auto"
    )


def code(modules: Iterable[str]) -> list[str]:
    """Where this project's packages and the user's modules lie.

    What pip has installed is expected on the nodes.
    """
    own = {str(ROOT / package) for package in PACKAGES}
    places = {_place_of(module.partition(".")[0]) for module in modules}
    return sorted(own | {place for place in places if "site-packages" not in place})


def _place_of(package: str) -> str:
    """The folder of a package, or the file of a module. It has been imported before."""
    spec = find_spec(package)
    assert spec is not None
    places = [*(spec.submodule_search_locations or ()), spec.origin]
    return str(places[0])
