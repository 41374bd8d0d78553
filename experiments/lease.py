"""One launch of a study at a time: its driver holds a lease, a tag of the experiment, and renews it while it lives.

A driver on this machine is known by its process id and start time (ids are used again); one on another machine is
taken for dead when it has been silent for SILENCE seconds. Whoever holds the lease may end what others left RUNNING.
"""

import json
import os
import signal
import socket
import threading
import time
from dataclasses import asdict, dataclass, replace

import psutil
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments import InputError, one_line
from experiments.outage import WAIT, tell_if_possible

TAG = "driver"
RENEW = 30  # seconds
SILENCE = 300  # seconds; ten renewals, and more than clocks of two machines differ
SETTLE = 2.0  # seconds; more than lie between reading and writing of a launch at the same moment


@dataclass(frozen=True)
class Driver:
    """A process that runs a study."""

    host: str
    pid: int
    started: float  # seconds since 1970
    seen: float = 0.0  # when it last renewed its lease, by its own clock

    @staticmethod
    def here() -> "Driver":
        return Driver(socket.gethostname(), os.getpid(), psutil.Process().create_time())

    def lives(self) -> bool:
        if self.host != socket.gethostname():
            return time.time() - self.seen < SILENCE
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 2 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Lease:
    """Held as a context. Raises InputError where another launch of the study lives."""

    def __init__(self, client: MlflowClient, experiment_id: str, study: str):
        self.client, self.experiment_id, self.study = client, experiment_id, study
        self.driver, self.lost, self._ended = Driver.here(), False, threading.Event()

    def __enter__(self) -> "Lease":
        self._refuse_another()
        self._write()
        time.sleep(SETTLE)  # of two launches at the same moment the last one to write stays (Fischer's protocol)
        self._refuse_another()
        self._renewal = threading.Thread(target=self._renew, daemon=True)
        self._renewal.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._renewal.join()
        with tell_if_possible():
            if not self.lost:
                self.client.set_experiment_tag(self.experiment_id, TAG, "")

    def _refuse_another(self) -> None:
        holder = self._read()
        if holder and replace(holder, seen=0.0) != self.driver and holder.lives():
            raise InputError(
                f"study '{self.study}' is being run by process {holder.pid} on {holder.host}, "
                f"seen {time.time() - holder.seen:.0f} s ago; wait for it or stop it: one launch at a time"
            )

    def _read(self) -> Driver | None:
        value = self.client.get_experiment(self.experiment_id).tags.get(TAG)
        return Driver(**json.loads(value)) if value else None

    def _write(self) -> None:
        value = json.dumps(asdict(replace(self.driver, seen=time.time())))
        self.client.set_experiment_tag(self.experiment_id, TAG, value)

    def _renew(self) -> None:
        """Show a sign of life every RENEW seconds, and tell people when the store is away, for which workers wait."""
        away = False
        while not self._ended.wait(RENEW):
            try:
                holder = self._read()
                if holder is None or replace(holder, seen=0.0) != self.driver:  # after a sleep of this machine, say
                    self.lost = True
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as Ctrl-C would
                    return
                self._write()
            except MlflowException as error:
                if not away:
                    print(f"the tracking store is away, trying again for {WAIT // 60} minutes: {one_line(error)[:200]}")
                away = True
            else:
                if away:
                    print("the tracking store is back", flush=True)
                away = False
