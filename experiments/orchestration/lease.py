"""One launch of a study at a time.

Its driver holds a lease, a tag of the experiment, and renews it while it lives. A driver on
this machine is known by its process id and start time (ids are used again); one on another
machine, or in another container, is taken for dead when it has been silent for SILENCE
seconds. Clocks differ: unless it was silent for much longer, it is watched for some seconds
before. Whoever holds the lease may end what others left RUNNING; should one have been taken
for dead that lives, no trial is finished twice (fence.py).

Each launch writes a tag of its own and only then reads those of all: of two launches at the
same moment at least one sees the other, whatever the delays, so never do both go on. Who sees
another that is not yet sure either steps back and tries again after a time drawn at random.
"""

import hashlib
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import psutil
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments.orchestration.fence import LeaseLost
from tracking.errors import InputError, one_line
from tracking.retry import WAIT, Patient, persist, tell_if_possible

TAG = "driver"  # and, after a period, who it is
RENEW = 30  # seconds
SILENCE = 300  # seconds; ten renewals
SURE = 3600  # seconds of silence, more than clocks differ, after which nobody is watched
WATCH = 2.5  # renewals within which one that lives shows a sign
CLOSING = 10  # seconds that the end of a launch waits for the store
TRIES = 12
STEP_BACK = 0.5  # seconds, at most, times the tries so far
CLOCK = 2  # seconds by which two readings of one process's start time may differ
NAMESPACE = Path("/proc/self/ns/pid")
# The first does not change with each start of the machine; the second does.
MACHINES = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))


@lru_cache
def process_table() -> str:
    """Tells apart what has the same host name and other processes.

    Such are containers, and machines made from one image.
    """
    known = []
    with suppress(OSError):
        known.append(str(NAMESPACE.readlink()))
    for place in MACHINES:
        with suppress(OSError):
            known.append(place.read_text())
            break
    return hashlib.sha256(" ".join(known).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Driver:
    """A process that runs a study.

    started: seconds since 1970.
    seen: when it last renewed its lease, by its own clock; seconds since 1970.
    holds: the lease; until then it is only trying.
    processes: which process table its id is from.
    """

    host: str
    pid: int
    started: float
    seen: float = 0.0
    holds: bool = False
    processes: str = field(default_factory=process_table)

    @staticmethod
    def here() -> "Driver":
        """This process."""
        return Driver(socket.gethostname(), os.getpid(), psutil.Process().create_time())

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return f"{TAG}.{self.host}.{self.processes}.{self.pid}"

    @property
    def is_here(self) -> bool:
        """Whether it can be seen from here."""
        return (self.host, self.processes) == (socket.gethostname(), process_table())

    @property
    def silence(self) -> float:
        """Seconds since its last sign of life, by two clocks that may differ."""
        return time.time() - self.seen

    def lives(self) -> bool:
        """Whether it runs, or may run where that cannot be seen from here."""
        if not self.is_here:
            return self.silence < SILENCE
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Flag:
    """Whether the lease is lost. Every trial asks, so no signal is needed.

    Children of `sh -c 'command &'` ignore SIGINT.
    """

    def __init__(self) -> None:
        self.lost = False

    def ask(self) -> None:
        """Raises LeaseLost where it is."""
        if self.lost:
            raise LeaseLost("another launch has taken the study over")


class Lease:
    """Held as a context. Raises InputError where another launch of the study lives.

    flag: is set when another launch has taken it over.
    followed: tells whether a later launch has begun (fence.py); asked at each renewal.
    """

    def __init__(
        self, client: MlflowClient, experiment_id: str, study: str, flag: Flag | None = None
    ):
        self.client = client
        self.experiment_id = experiment_id
        self.study = study
        self.flag = flag or Flag()
        self.followed: Callable[[], bool] = lambda: False
        self.driver = Driver.here()
        self._ended = threading.Event()

    @property
    def lost(self) -> bool:
        """Whether another launch has taken it over."""
        return self.flag.lost

    def __enter__(self) -> "Lease":
        for tries in range(1, TRIES + 1):
            persist(self._write, holds=False)
            others = persist(self._others)
            if not others:
                break
            self._delete(self.driver.tag)
            for other in others:
                if other.holds or tries == TRIES:
                    raise InputError(self._refusal(other))
            time.sleep(random.uniform(0, STEP_BACK * tries))
        persist(self._write, holds=True)
        self._renewal = threading.Thread(target=self._renew, daemon=True)
        self._renewal.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._renewal.join()
        with tell_if_possible():
            if not self.lost:
                self._delete(self.driver.tag, CLOSING)

    def _delete(self, tag: str, wait: float | None = None) -> None:
        """Delete a tag, which others may have deleted before."""
        Patient(self.client, wait).delete_experiment_tag(self.experiment_id, tag)

    def _refusal(self, other: Driver) -> str:
        return (
            f"study '{self.study}' is being run by process {other.pid} on {other.host}, "
            f"seen {max(0, other.silence):.0f} s ago; "
            "wait for it or stop it: one launch at a time"
        )

    def _others(self) -> list[Driver]:
        """Drivers that live, other than this one. The tags of dead ones are deleted."""
        living = []
        for driver in self._read():
            if driver.tag == self.driver.tag:
                continue
            if driver.lives() or self._stirs(driver):
                living.append(driver)
            else:
                self._delete(driver.tag)
        return living

    def _stirs(self, driver: Driver) -> bool:
        """Whether a driver elsewhere that seems dead, perhaps by another clock, lives.

        It shows it by a renewal; no clock is asked for that.
        """
        if driver.is_here or driver.silence > SURE:
            return False
        seconds = WATCH * RENEW
        print(
            f"study '{self.study}' was run by process {driver.pid} on {driver.host}, silent "
            f"for {driver.silence:.0f} s; watching it for {seconds:.0f} s",
            flush=True,
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(min(1.0, seconds / 10))
            now = [other.seen for other in self._read() if other.tag == driver.tag]
            if now != [driver.seen]:
                return bool(now)
        return False

    def _read(self) -> list[Driver]:
        tags = self.client.get_experiment(self.experiment_id).tags
        return [
            Driver(**json.loads(value))
            for tag, value in tags.items()
            if tag.startswith(f"{TAG}.")
        ]

    def _write(self, holds: bool) -> None:
        value = json.dumps(asdict(replace(self.driver, seen=time.time(), holds=holds)))
        self.client.set_experiment_tag(self.experiment_id, self.driver.tag, value)

    def _renew(self) -> None:
        """Show a sign of life every RENEW seconds.

        People are told when the store is away, for which workers wait, and when it is back.
        """
        is_away = False
        while not self._ended.wait(RENEW):
            try:
                if self._is_gone() or self.followed():
                    self.flag.lost = True
                    return
                self._write(holds=True)
            except (MlflowException, OSError) as error:
                if not is_away:
                    reason = one_line(error)[:200]
                    minutes = int(WAIT // 60)
                    print(
                        "the tracking store is away, "
                        f"trying again for {minutes} minutes: {reason}"
                    )
                is_away = True
            else:
                if is_away:
                    print("the tracking store is back", flush=True)
                is_away = False

    def _is_gone(self) -> bool:
        """Whether another launch has deleted the lease, as after a sleep of this machine."""
        return self.driver.tag not in [driver.tag for driver in self._read()]
