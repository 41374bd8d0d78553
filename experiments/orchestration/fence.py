"""Every trial is FINISHED once, whatever clocks, hosts and stopped processes do.

MLflow refuses to change a parameter: of two who write one, whatever the delays, one is told
no. Two kinds of parameter use that.

Each launch takes the next number, as a parameter `launch.N` of the study's own run, before it
looks for runs that others left. A worker first opens its runs and then looks whether its
launch is the last. So either the worker sees the new launch and stops, or the new launch sees
its runs (Dekker's argument; Lamport 1974, "A new solution of Dijkstra's problem").

A run is FINISHED by who writes its parameter `ended` = FINISHED, once everything else is
recorded; a new launch writes `ended` = KILLED into the runs that it finds RUNNING. Whoever
comes second leaves the run as the first wanted it.
"""

import os
import socket
import uuid

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tracking.errors import InputError
from tracking.schema import ENDED, FINISHED, KILLED

LAUNCH = "launch."
REFUSED = "INVALID_PARAMETER_VALUE"  # MLflow's code
WRITTEN = "Changing param values is not allowed"  # and its words, which tell it from others


class LeaseLost(InputError):  # noqa: N818 - what happened, not a mistake
    """Another launch of the study has taken it over."""


def claim(client: MlflowClient, run_id: str, name: str, value: str) -> bool:
    """Write a parameter of a run; whether it stands there now, and nobody's other value."""
    try:
        client.log_param(run_id, name, value)
    except MlflowException as error:
        if error.error_code == REFUSED and WRITTEN in error.message:
            return False
        raise
    return True


def take_number(client: MlflowClient, parent: str) -> int:
    """The number of a new launch: one more than those before. They have lost the study now.

    parent: id of the study's own run.
    """
    # nobody else's, so that who comes second is refused
    who = f"{socket.gethostname()} · process {os.getpid()} · {uuid.uuid4().hex[:8]}"
    params = client.get_run(parent).data.params
    number = 1
    while f"{LAUNCH}{number}" in params or not claim(client, parent, f"{LAUNCH}{number}", who):
        number += 1
    return number


def is_followed(client: MlflowClient, parent: str, number: int) -> bool:
    """Whether a later launch has taken the study over."""
    return f"{LAUNCH}{number + 1}" in client.get_run(parent).data.params


def check_not_followed(client: MlflowClient, parent: str, number: int) -> None:
    """Raises LeaseLost where a later launch has taken the study over."""
    if is_followed(client, parent, number):
        raise LeaseLost("another launch has taken the study over")


def finish(client: MlflowClient, run_id: str) -> bool:
    """Mark a run as FINISHED, of which all is recorded; False where a launch has ended it."""
    if not claim(client, run_id, ENDED, FINISHED):
        return False
    client.set_terminated(run_id, FINISHED)
    return True


def end(client: MlflowClient, run_id: str) -> bool:
    """Mark as KILLED a run that others left RUNNING; False where they had finished it."""
    killed = claim(client, run_id, ENDED, KILLED)
    client.set_terminated(run_id, KILLED if killed else FINISHED)
    return killed
