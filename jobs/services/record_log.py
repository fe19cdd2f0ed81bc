"""A record's Synchronization Log: what each job did to it, and who asked for that job."""

from collections.abc import Sequence
from dataclasses import dataclass

from couplings import log
from couplings.models import SyncLogEntry, TableMapping
from jobs.models import SyncJob
from jobs.services import undo


@dataclass(frozen=True)
class Line:
    """``job`` is None for one that is no longer kept; ``undoable``: this was the last that was done to the record."""

    entry: log.Entry
    job: SyncJob | None
    undoable: bool


def lines(entries: Sequence[SyncLogEntry], mapping: TableMapping) -> list[Line]:
    """``entries`` of one mapping, in their order; two queries, however many they are."""
    jobs = SyncJob.objects.select_related("requested_by").in_bulk({entry.job for entry in entries})
    last = undo.undoable(entries)
    return [Line(log.readable(entry, mapping), jobs.get(entry.job), entry.pk in last) for entry in entries]
