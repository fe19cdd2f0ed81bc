"""The end of a run: nothing breaks any more, people press Retry, and everything has to settle."""

import time
from dataclasses import dataclass, field

from django.db import Error, connection
from django.db.models import Q, QuerySet, Sum

from couplings.models import Connection, SyncError, TableMapping
from jobs.models import JobState, Kind, SyncJob
from jobs.services import actions, mappings
from tests.faults.chaos.business import MAPPINGS
from tests.faults.chaos.clerks import Clerks

WRITTEN = ("inserted", "modified", "deleted", "coupled", "uncoupled")
ACTIVE = [JobState.QUEUED, JobState.RUNNING]
LASTING = ["conflict", "deleted", "deleted_and_changed"]
"""Kinds of errors that only a decision ends."""
RETRIES = 3
TWICE = 2


@dataclass
class Quiet:
    """``resumed`` counts mappings that the product had paused; ``settled`` says whether two rounds wrote nothing."""

    clerks: Clerks
    patience: float
    resumed: int = 0
    settled: bool = False
    seconds: float = 0.0
    _retried: dict[int, int] = field(default_factory=dict)

    def settle(self) -> None:
        begun, calm = time.monotonic(), 0
        while calm < TWICE and time.monotonic() < begun + self.patience:
            try:
                self._help()
                calm = calm + 1 if self._round(Kind.MODIFIED) == 0 and not self._unfinished().exists() else 0
            except Error:
                connection.close()
        self.settled, self.seconds = calm == TWICE, time.monotonic() - begun

    def end_schedules(self) -> None:
        """No job starts by itself any more, so that none is caught waiting for its turn."""
        TableMapping.objects.update(next_run=None, schedule_every=None)
        self._wait()

    def compare_everything(self) -> int:
        """Everything is looked at once more, and nothing should be written."""
        return self._round(Kind.FULL) + self._round(Kind.MODIFIED)

    def _help(self) -> None:
        """What a person does in the morning."""
        for row in TableMapping.objects.filter(paused=True):
            mappings.resume(row, user=None)
            self.resumed += 1
        if Connection.objects.filter(healthy=False).exists():
            self.clerks.do(self.clerks.check_connections, MAPPINGS[0])
        for mapping in MAPPINGS:
            self.clerks.do(self.clerks.answer, mapping)
        retried = [pk for pk in self._unfinished().values_list("pk", flat=True) if self._retried.get(pk, 0) < RETRIES]
        for pk in retried:
            self._retried[pk] = self._retried.get(pk, 0) + 1
        actions.request(SyncError.objects.filter(pk__in=retried), actions.RETRY, user=None)

    def _unfinished(self) -> QuerySet[SyncError]:
        """Errors that a retry, or time, should end."""
        again = Q(pk__in=[pk for pk, times in self._retried.items() if times >= RETRIES])
        return SyncError.objects.open().exclude(kind__in=LASTING).exclude(again)

    def _round(self, kind: Kind) -> int:
        """A job for each mapping, by the workers; how many records these and all others meanwhile wrote."""
        last = SyncJob.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        running = list(SyncJob.objects.filter(state__in=ACTIVE).values_list("pk", flat=True))
        click = self.clerks.synchronize if kind is Kind.MODIFIED else self.clerks.compare_everything
        for mapping in MAPPINGS:
            self.clerks.do(click, mapping)
        self._wait()
        done = SyncJob.objects.filter(Q(pk__gt=last) | Q(pk__in=running))
        sums = done.aggregate(**{name: Sum(name) for name in WRITTEN})
        return sum(number or 0 for number in sums.values())

    def _wait(self) -> None:
        """Until no job waits or runs; jobs of the schedule come and go."""
        deadline = time.monotonic() + self.patience
        while SyncJob.objects.filter(state__in=ACTIVE).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
