"""A store that is away for a while (server restarted, disk full) is waited for."""

import errno
import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, NoReturn

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random,
)

from tracking.errors import InputError, one_line

WAIT = 600  # seconds until a study gives up; a server restarts, a disk is cleared within that
PAUSE = (1, 3)  # seconds between two tries, at random: not all workers at once
GIVEN_UP = (
    "the tracking store was away for {} minutes ({}); "
    "the same command continues where it stopped"
)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# One call of MLflow's own would try again for four minutes without a word, and print two lines
# at the end of each run.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
TALKATIVE = ("mlflow.store.db.utils", "urllib3.connectionpool")  # a traceback for each try


class StoreAway(InputError):  # noqa: N818 - what happened, not a mistake
    """The store has not answered, or its disk has been full, for WAIT seconds."""


class Patient:
    """An MlflowClient whose calls wait for the store. Raises StoreAway where it stays away."""

    def __init__(self, client: MlflowClient):
        self.impatient = client
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __getattr__(self, name: str) -> Callable:
        return partial(persist, getattr(self.impatient, name))


def persist(call: Callable, *arguments: Any, **options: Any) -> Any:
    """The answer of a call to the store, made again while the store is away.

    Raises StoreAway after WAIT seconds, and at once whatever another try would not mend.
    """
    retrying = Retrying(
        retry=retry_if_exception(away),
        wait=wait_random(*PAUSE),
        stop=stop_after_delay(WAIT),
        retry_error_callback=_give_up,
    )
    return retrying(call, *arguments, **options)


def _give_up(state: RetryCallState) -> NoReturn:
    error = state.outcome.exception() if state.outcome else None
    said = one_line(error)[:200] if error else ""
    raise StoreAway(GIVEN_UP.format(WAIT // 60, said))


def away(error: BaseException) -> bool:
    """Whether the same call may succeed later.

    So it is with no answer, an overloaded server, a full disk, a locked database.
    """
    if isinstance(error, MlflowException):
        busy = error.error_code == "TEMPORARILY_UNAVAILABLE"
        return busy or error.message.startswith("API request to")
    return isinstance(error, OSError) and error.errno in FULL


def tell_if_possible() -> AbstractContextManager:
    """For last words to the store, which nobody waits for.

    What cannot be said now, the next launch finds out.
    """
    return suppress(MlflowException, OSError)
