"""Looks at a study's examples before it is answered, where that costs little (`check`)."""

import math
import time
from collections.abc import Sequence
from typing import Any

from mlflow.entities import Metric, RunTag

from experiments.orchestration.estimate import Row, estimate
from experiments.orchestration.options import StudyOptions
from experiments.orchestration.standing import Standing
from experiments.orchestration.study_runs import tags_so_far
from experiments.tasks.examine import examine, seconds_to_examine
from experiments.training.devices import find_device
from experiments.training.task import Task
from experiments.training.trial import Trial
from tracking.csv_cells import as_csv
from tracking.data_check import PREFIX, SUSPECTS, DataCheck, as_tag
from tracking.errors import one_line
from tracking.plain import plain
from tracking.retry import StoreAway

SHARE = 0.05  # of a study's time, that check=auto spends at most
TRIAL = 0.1  # seconds that any trial takes, at least: its run is written, its data are read
TIMED = 2.0  # seconds of a check, from which timing the learners costs no more than it
LONG = 5.0  # seconds of a check that is announced


class Checking:
    """The check of one launch. A study's examples are looked at once.

    client: of the store. run_id: of the study's own run.
    """

    def __init__(self, options: StudyOptions, task: Task, client: Any, run_id: str):
        self.options = options
        self.task = task
        self.client = client
        self.run_id = run_id
        self.labelled = None if options.check == "false" else task.labelled()
        self.tag = PREFIX + task.fingerprint
        self.seconds = 0.0  # that the check takes
        if self.labelled is not None and self.tag in client.get_run(run_id).data.tags:
            self.labelled = None
        if self.labelled is not None:
            self.seconds = seconds_to_examine(self.labelled, task.classes)

    def begin(self, trials: Sequence[Trial], standing: Standing) -> None:
        """Before the trials are run: where it is sure to cost little, or was asked for.

        trials: of the study, those that it will choose included, as far as they are known.
        """
        if self.labelled is None:
            return
        spent = _spent(standing)
        expected = spent + TRIAL * len(standing.missing(trials))
        if self.options.check == "auto" and not self._is_cheap(expected):
            if self.seconds < TIMED or self.options.engine != "here":
                return
            rows = estimate(trials, standing, self.task, find_device(self.options.device))
            expected = max(expected, spent + _known(rows))
        if self.options.check == "true" or self._is_cheap(expected):
            self._check()

    def end(self, standing: Standing) -> None:
        """After they were run: what they have taken is known now."""
        if self.labelled is None:
            return
        spent = _spent(standing)
        if self._is_cheap(spent):
            self._check()
        elif not self.options.is_step:
            print(_left_out(self.seconds, spent), flush=True)

    def _is_cheap(self, study: float) -> bool:
        return self.seconds <= SHARE * study

    def _check(self) -> None:
        """Never stops the study. Raises StoreAway as any call does."""
        labelled = self.labelled
        assert labelled is not None
        self.labelled = None
        if self.seconds > LONG:
            print(f"looking at the examples: about {self.seconds:.0f} s", flush=True)
        try:
            found, suspects = examine(labelled, self.task.classes)
            self._record(found)
            if len(suspects):
                file = SUSPECTS.format(fingerprint=self.task.fingerprint)
                self.client.log_text(self.run_id, as_csv(suspects), file)
            print(_summary(found), flush=True)
        except StoreAway:
            raise
        except Exception as error:  # of examples of any kind
            reason = f"{type(error).__name__}: {one_line(error)}"
            print(f"the examples could not be looked at: {reason}", flush=True)

    def _record(self, found: DataCheck) -> None:
        now = int(1000 * time.time())
        numbers = {
            name: value for name, value in plain(vars(found)).items() if value is not None
        }
        self.client.log_batch(
            self.run_id,
            metrics=[
                Metric(PREFIX + name, float(value), now, 0) for name, value in numbers.items()
            ],
            tags=[RunTag(self.tag, as_tag(found))],
        )


def check_lines(
    options: StudyOptions, task: Task, rows: Sequence[Row], standing: Standing
) -> list[str]:
    """What a dry run says of it; nothing where it is done, or there is nothing to look at."""
    labelled = None if options.check == "false" else task.labelled()
    if labelled is None or PREFIX + task.fingerprint in tags_so_far(options.study):
        return []
    seconds = seconds_to_examine(labelled, task.classes)
    study = _spent(standing) + _known(rows)
    if options.check == "auto" and seconds > SHARE * study:
        return [_left_out(seconds, study)]
    return [f"looks at the examples for duplicates and wrong labels: about {seconds:.1f} s"]


def _spent(standing: Standing) -> float:
    """Seconds of the trials that have ended."""
    return sum(standing.seconds.values())


def _known(rows: Sequence[Row]) -> float:
    """Seconds of what is to do, as far as they are known."""
    return sum(row.seconds for row in rows if row.seconds == row.seconds)


def _left_out(seconds: float, study: float) -> str:
    return (
        f"the examples are not looked at: about {seconds:.1f} s are more than {SHARE:.0%} of "
        f"the study's {study:.1f} s; check=true looks"
    )


def _summary(found: DataCheck) -> str:
    """What was found, in a line; the report says what follows."""
    said = [
        f"{found.repeated:,} of {found.pool:,} in the pool are there twice",
        f"{found.leaked_test:,} of {found.test:,} for testing are in the pool, too",
    ]
    if found.surveyed and not math.isnan(found.wrong):
        known = f"{found.wrong_low:.1%} to {found.wrong_high:.1%}"
        bound = f"at most {found.wrong_high:.1%}"
        share = bound if found.is_bound else known
        said.append(f"{share} of the labels seem wrong or ambiguous")
    return f"looked at the examples ({found.seconds:.1f} s): {'; '.join(said)}"
