"""A store that is away for a while (server restarted, disk full) is waited for.

A call whose answer was lost has been done or not, and nobody knows which. So each call here
may be made again: what deletes takes "there is none" for done, and what creates looks for what
it may have made.
"""

import errno
import logging
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any, NoReturn

import requests
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random,
)

from tracking.errors import InputError, one_line

WAIT = (
    600.0  # seconds until a study gives up; a server restarts, a disk is cleared within that
)
PAUSE = (1, 3)  # seconds between two tries, at random: not all workers at once
GIVEN_UP = (
    "the tracking store was away for {} ({}); the same command continues where it stopped"
)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# One call of MLflow's own would try again for four minutes without a word, and would make
# twice what it was asked to make once. It would print two lines at the end of each run, one of
# which may hold the store's password.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # a bar for each small file
}
TALKATIVE = ("mlflow.store.db.utils", "urllib3.connectionpool")  # a traceback for each try
MISSING = "RESOURCE_DOES_NOT_EXIST"  # MLflow's code
DELETES = ("delete_tag", "delete_experiment_tag", "delete_logged_model")
OPENED = "mlflow.opened"  # the tag that tells which call made a run; MLflow shows no such
# What SQLite says of a file that no waiting mends.
BROKEN = (
    "no such table",
    "no such column",
    "malformed",
    "not a database",
    "readonly database",
)
# What databases say of a row that is there already: SQLite and PostgreSQL, MySQL.
DONE_BEFORE = ("unique constraint", "duplicate entry")
BUSY = (408, 425, 429)  # answers of a server that is there and cannot now; so are 500 to 599
REFUSED = (400, 401, 403)  # who asks is wrong, or not allowed


class StoreAway(InputError):  # noqa: N818 - what happened, not a mistake
    """The store has not answered, or its disk has been full, for as long as was waited."""


class Patient:
    """An MlflowClient whose calls wait for the store. Raises StoreAway where it stays away.

    wait: seconds; None for WAIT.
    """

    def __init__(self, client: MlflowClient, wait: float | None = None):
        self.impatient = client
        self.wait = wait
        calm()

    def __getattr__(self, name: str) -> Callable:
        call = getattr(self.impatient, name)
        if name in DELETES:
            call = partial(_unless_missing, call)
        if name == "create_run":
            return self._create_run
        return partial(persist, call, wait=self.wait)

    def _create_run(
        self, experiment_id: str, *given: Any, tags: Any = None, **options: Any
    ) -> Run:
        """A run that is made once, however often it is asked for."""
        marked = {**(tags or {}), OPENED: uuid.uuid4().hex}
        tries = count()

        def once() -> Run:
            found = next(tries) and self._opened_before(experiment_id, marked[OPENED])
            create = self.impatient.create_run
            return found or create(experiment_id, *given, tags=marked, **options)

        return persist(once, wait=self.wait)

    def _opened_before(self, experiment_id: str, mark: str) -> Run | None:
        """The run that an earlier try has made, and whose answer was lost."""
        where = f"tags.`{OPENED}` = '{mark}'"
        found = self.impatient.search_runs([experiment_id], where, max_results=1)
        return found[0] if found else None


def calm() -> None:
    """MLflow neither tries again nor talks by itself in this process and those it starts."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def persist_whole(call: Callable, *arguments: Any) -> Any:
    """The same for what is many calls in MLflow's own hands, such as logging a model.

    MLflow makes each of them again: as a whole they would hardly ever succeed where one call
    in five fails. It does not know that a call whose answer was lost was done; where that
    stands in the way, the whole is made again.
    """
    with repeated_by_mlflow():
        return persist(_told_of_lost_answers, call, *arguments)


def _told_of_lost_answers(call: Callable, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except MlflowException as error:
        if any(words in error.message.lower() for words in DONE_BEFORE):
            raise requests.ConnectionError("the answer to a call was lost") from error
        raise


@contextmanager
def repeated_by_mlflow() -> Iterator[None]:
    names = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"}
    before = {name: os.environ.get(name) for name in names}
    os.environ |= names
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def persist(call: Callable, *arguments: Any, wait: float | None = None, **options: Any) -> Any:
    """The answer of a call to the store, made again while the store is away.

    wait: seconds until it gives up; None for WAIT.
    Raises StoreAway then, and at once whatever another try would not mend.
    """
    seconds = WAIT if wait is None else wait
    retrying = Retrying(
        retry=retry_if_exception(away),
        wait=wait_random(*PAUSE),
        stop=stop_after_delay(seconds),
        retry_error_callback=partial(_give_up, seconds),
    )
    return retrying(call, *arguments, **options)


def _give_up(seconds: float, state: RetryCallState) -> NoReturn:
    error = state.outcome.exception() if state.outcome else None
    said = one_line(error)[:200] if error else ""
    waited = f"{seconds / 60:.0f} minutes" if seconds > 99 else f"{seconds:.0f} seconds"
    raise StoreAway(GIVEN_UP.format(waited, said))


# --- calls that may be made again ------------------------------------------------------------


def _unless_missing(call: Callable, *given: Any, **options: Any) -> None:
    """Delete something that may have been deleted before."""
    try:
        call(*given, **options)
    except MlflowException as error:
        if error.error_code != MISSING:
            raise


# --- what is waited for ----------------------------------------------------------------------


def away(error: BaseException) -> bool:
    """Whether the same call may succeed later.

    So it is with no answer, an overloaded server, a full disk, a locked database.
    """
    if isinstance(error, MlflowException):
        return _store_is_away(error)
    if isinstance(error, requests.RequestException):
        status = error.response.status_code if error.response is not None else None
        return status is None or status in BUSY or status >= 500
    if isinstance(error, sqlite3.OperationalError):
        return "locked" in str(error)
    return isinstance(error, OSError) and error.errno in FULL


def _store_is_away(error: MlflowException) -> bool:
    if error.error_code == "TEMPORARILY_UNAVAILABLE":
        return not any(words in error.message for words in BROKEN)
    if not error.message.startswith("API request to"):
        return False
    answered = "failed with error code" in error.message
    return not (answered and error.get_http_status_code() in REFUSED)


def is_of_the_store(error: BaseException) -> bool:
    """Whether the store, and not this program, is what went wrong."""
    kinds = (MlflowException, requests.RequestException, sqlite3.Error, SQLAlchemyError)
    return isinstance(error, kinds)


def tell_if_possible() -> AbstractContextManager:
    """For last words to the store, which nobody waits for.

    What cannot be said now, the next launch finds out.
    """
    return suppress(MlflowException, StoreAway, OSError)
