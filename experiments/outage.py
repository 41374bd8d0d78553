"""A tracking store that is away for a while (server restarted, disk full): calls wait for it and are made again."""

import errno
import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments import InputError, one_line

WAIT = 600  # seconds until a study gives up; a server restarts, a disk is cleared within that
GIVEN_UP = "the tracking store was away for {} minutes ({}); the same command continues where it stopped"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# One call of MLflow's own would try again for four minutes without a word, and print two lines at the end of each run.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class StoreAway(InputError):  # noqa: N818 - what happened, not a mistake
    """The tracking store has not answered, or its disk has been full, for WAIT seconds."""


class Patient:
    """An MlflowClient whose calls wait for the store. Raises StoreAway where it stays away."""

    def __init__(self, client: MlflowClient):
        self.impatient = client
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        for name in ("mlflow.store.db.utils", "urllib3.connectionpool"):  # a traceback for each try
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __getattr__(self, name: str) -> Callable:
        return partial(persist, getattr(self.impatient, name))


def persist(call: Callable, *arguments, **options):
    """The answer of a call to the store, made again while the store is away."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return call(*arguments, **options)
        except (MlflowException, OSError) as error:
            if not away(error):
                raise
            if time.monotonic() > deadline:
                raise StoreAway(GIVEN_UP.format(WAIT // 60, one_line(error)[:200])) from None
        time.sleep(random.uniform(1, 3))  # not all workers at once


def away(error: Exception) -> bool:
    """Whether the same call may succeed later: no answer, an overloaded server, a full disk, a locked database."""
    if isinstance(error, MlflowException):
        return error.error_code == "TEMPORARILY_UNAVAILABLE" or error.message.startswith("API request to")
    return isinstance(error, OSError) and error.errno in FULL


def tell_if_possible():
    """For last words to the store, which nobody waits for: what cannot be said now, the next launch finds out."""
    return suppress(MlflowException, OSError)
