"""One launch of a study at a time.

Its driver holds a lease, a tag of the experiment, and renews it while it lives. A driver on
this machine is known by its process id and start time (ids are used again); one on another
machine, or in another container, is taken for dead when it has been silent for SILENCE
seconds. Whoever holds the lease may end what others left RUNNING.

Each launch writes a tag of its own and only then reads those of all: of two launches at the
same moment at least one sees the other, whatever the delays, so never do both go on. Who sees
another that is not yet sure either steps back and tries again after a time drawn at random.
"""

import hashlib
import json
import os
import random
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import psutil
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tracking.errors import InputError, one_line
from tracking.retry import WAIT, tell_if_possible

TAG = "driver"  # and, after a period, who it is
RENEW = 30  # seconds
SILENCE = 300  # seconds; ten renewals, and more than clocks of two machines differ
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

    def lives(self) -> bool:
        """Whether it runs, or may run where that cannot be seen from here."""
        if (self.host, self.processes) != (socket.gethostname(), process_table()):
            return time.time() - self.seen < SILENCE
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Lease:
    """Held as a context. Raises InputError where another launch of the study lives.

    lost: another launch has taken it over.
    """

    def __init__(self, client: MlflowClient, experiment_id: str, study: str):
        self.client = client
        self.experiment_id = experiment_id
        self.study = study
        self.driver = Driver.here()
        self.lost = False
        self._ended = threading.Event()

    def __enter__(self) -> "Lease":
        for tries in range(1, TRIES + 1):
            self._write(holds=False)
            others = self._others()
            if not others:
                break
            self.client.delete_experiment_tag(self.experiment_id, self.driver.tag)
            for other in others:
                if other.holds or tries == TRIES:
                    raise InputError(self._refusal(other))
            time.sleep(random.uniform(0, STEP_BACK * tries))
        self._write(holds=True)
        self._renewal = threading.Thread(target=self._renew, daemon=True)
        self._renewal.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._renewal.join()
        with tell_if_possible():
            if not self.lost:
                self.client.delete_experiment_tag(self.experiment_id, self.driver.tag)

    def _refusal(self, other: Driver) -> str:
        return (
            f"study '{self.study}' is being run by process {other.pid} on {other.host}, "
            f"seen {time.time() - other.seen:.0f} s ago; "
            "wait for it or stop it: one launch at a time"
        )

    def _others(self) -> list[Driver]:
        """Drivers that live, other than this one. The tags of dead ones are deleted."""
        living = []
        for driver in self._read():
            if driver.tag == self.driver.tag:
                continue
            if driver.lives():
                living.append(driver)
            else:
                with suppress(MlflowException):  # another launch was faster
                    self.client.delete_experiment_tag(self.experiment_id, driver.tag)
        return living

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
        away = False
        while not self._ended.wait(RENEW):
            try:
                if self._is_gone():
                    self.lost = True
                    self._interrupt()
                    return
                self._write(holds=True)
            except MlflowException as error:
                if not away:
                    reason = one_line(error)[:200]
                    minutes = WAIT // 60
                    print(
                        "the tracking store is away, "
                        f"trying again for {minutes} minutes: {reason}"
                    )
                away = True
            else:
                if away:
                    print("the tracking store is back", flush=True)
                away = False

    def _is_gone(self) -> bool:
        """Whether another launch has deleted the lease, as after a sleep of this machine."""
        return self.driver.tag not in [driver.tag for driver in self._read()]

    def _interrupt(self) -> None:
        """Interrupt the main thread, as Ctrl-C would."""
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGINT)
