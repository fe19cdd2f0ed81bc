"""Pause and resume a mapping."""

from django.contrib.auth.models import User

from couplings.models import TableMapping
from jobs.models import Kind
from jobs.services import jobs


def pause(mapping: TableMapping, *, user: User | None) -> None:
    """No job starts any more; the cursors stay, so that every change is played back later (SCENARIOS T18)."""
    TableMapping.objects.filter(pk=mapping.pk).update(paused=True)


def resume(mapping: TableMapping, *, user: User | None, queue: bool = True) -> None:
    """Jobs start again, the first one now."""
    TableMapping.objects.filter(pk=mapping.pk).update(paused=False)
    mapping.refresh_from_db()
    if mapping.enabled:
        jobs.start(mapping, Kind.MODIFIED, user=user, queue=queue)
