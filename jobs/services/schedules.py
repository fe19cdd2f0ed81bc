"""What runs when: the schedule of each mapping, its last run, and what keeps it from running."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import IntegerField, OuterRef, Subquery

from couplings.models import TableMapping
from jobs.models import JobState, SyncJob


@dataclass(frozen=True)
class Scheduled:
    """A mapping's schedule. ``last`` is its newest job of any kind; ``on_hold`` the id of a job that the schedule waits
    for, because a person has put it on hold; ``next_run`` is None where nothing is planned, or the mapping is stopped.
    """

    mapping: TableMapping
    last: SyncJob | None
    on_hold: int | None

    @property
    def next_run(self) -> datetime | None:
        stopped = self.mapping.paused or not self.mapping.enabled or self.on_hold is not None
        return None if stopped else self.mapping.next_run


def schedules() -> list[Scheduled]:
    """All mappings, what runs next first and what runs by itself never last. Three queries, whatever their number."""
    newest = SyncJob.objects.filter(mapping=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    mappings = TableMapping.objects.select_related("left_connection", "right_connection")
    found = list(mappings.annotate(newest=Subquery(newest, output_field=IntegerField())))
    jobs = SyncJob.objects.in_bulk([mapping.newest for mapping in found if mapping.newest])
    on_hold = dict(SyncJob.objects.filter(state=JobState.PAUSED).order_by("-pk").values_list("mapping", "pk"))
    rows = [Scheduled(mapping, jobs.get(mapping.newest), on_hold.get(mapping.pk)) for mapping in found]
    return sorted(rows, key=_turn)


def _turn(row: Scheduled) -> tuple[bool, float, bool, str]:
    at = row.next_run.timestamp() if row.next_run is not None else 0.0
    return row.next_run is None, at, row.mapping.schedule_every is None, row.mapping.name
