"""Delete mappings with all that is remembered of them: couplings, errors, log and jobs. No system is asked, and no
record of theirs is touched.

A million couplings go in batches, each a short transaction of its own, so that nothing waits long for it. Until the
last one is gone the mapping stays, disabled and paused: whoever is cut off on the way deletes it again. Nothing of it
runs meanwhile, as a run that found half of the couplings would take the other half for new records.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from couplings import audit
from couplings.configuration import history
from couplings.configuration.diff import Change, What
from couplings.configuration.entries import Document
from couplings.configuration.history import Author
from couplings.configuration.stored import stored_document
from couplings.models import (
    Coupling,
    MappingDraft,
    SyncError,
    SyncLogEntry,
    TableMapping,
    UncoupledRecord,
)
from couplings.store import couplings as store
from jobs.models import ENDED, PlannedChange, RecordHolder, SyncJob
from jobs.services import stopping
from jobs.services.errors import Refused
from jobs.services.mapping_needs import needs_of_others

BATCH = 5_000  # rows
JOBS = 500  # whose log is looked for at once
LOOK_AGAIN = 0.2  # seconds between looks at what is still in work

Enough = Callable[[], bool]


def never() -> bool:
    return False


def delete(*mappings: TableMapping, user: User | None, enough: Enough = never) -> bool:
    """Delete them, or as much of them as there is patience for: ``enough`` is asked after each batch, and ends the
    call. Whether all of it is gone; if not, the next call goes on.

    Mappings that need each other go together: either all of them or, until the last row of any is gone, none. Their
    running jobs are cancelled after the page they are in. The history of their configuration stays. Raises ``Refused``:
    ``mapping_needed`` with the names of the mappings that need one of them, or ``mapping_in_work`` when a page takes
    longer than there is patience for.
    """
    for mapping in mappings:
        audit.note(mapping=mapping.name)
    was = stored_document()
    _close(mappings)
    for mapping in mappings:
        _end_jobs(mapping, user)
    for mapping in mappings:
        _wait(mapping, enough)
    for _deleted in chain.from_iterable(map(_steps, mappings)):
        if enough():
            return False
    _finish(mappings, was, user)
    return True


def _close(mappings: Sequence[TableMapping]) -> None:
    """No job of them begins any more, not even one that is queued in this moment."""
    with transaction.atomic():
        rows = TableMapping.objects.filter(pk__in=[mapping.pk for mapping in mappings])
        names = set(rows.select_for_update().order_by("pk").values_list("name", flat=True))
        if needs := needs_of_others(names):
            needing = [need.mapping for need in needs if need.parent == needs[0].parent]
            raise Refused("mapping_needed", mapping=needs[0].parent, mappings=list(dict.fromkeys(needing)))
        rows.update(enabled=False, paused=True)


def _end_jobs(mapping: TableMapping, user: User | None) -> None:
    for job in SyncJob.objects.filter(mapping=mapping).exclude(state__in=ENDED).select_related("mapping"):
        with suppress(Refused):  # it has ended by itself, or is being cancelled already
            stopping.cancel(job, user=user)


def _wait(mapping: TableMapping, enough: Enough) -> None:
    """A page that is in work has read couplings, and its records are written by them: they are needed until its end."""
    while _is_in_work(mapping):
        if enough():
            raise Refused("mapping_in_work", mapping=mapping.name)
        time.sleep(LOOK_AGAIN)


def _is_in_work(mapping: TableMapping) -> bool:
    """Whether a job runs, or anybody else works on its records. Dead ones are known by their leases."""
    running = SyncJob.objects.filter(mapping=mapping, lease_until__gt=Now())
    return running.exists() or RecordHolder.objects.filter(mapping=mapping, until__gt=Now()).exists()


def _steps(mapping: TableMapping) -> Iterator[None]:
    """Delete what there may be many of, the couplings last: errors name them."""
    entries = (_of_jobs(mapping, model) for model in (SyncLogEntry, PlannedChange))
    rows = (model._default_manager.filter(mapping=mapping) for model in (SyncError, UncoupledRecord, SyncJob, Coupling))
    return chain(*entries, chain.from_iterable(map(_in_batches, rows)))


def _of_jobs(mapping: TableMapping, model: type[SyncLogEntry | PlannedChange]) -> Iterator[None]:
    """Entries are found by their jobs, as no index leads to them from the mapping. Those that are older than the jobs
    that are kept go with the mapping itself."""
    jobs = list(SyncJob.objects.filter(mapping=mapping).values_list("pk", flat=True))
    for start in range(0, len(jobs), JOBS):
        rows = model._default_manager.filter(job__in=jobs[start : start + JOBS])
        while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            _delete(rows, keys)
            yield


def _in_batches(rows: QuerySet) -> Iterator[None]:
    """Walked through by key, so that no batch reads again what the ones before have left behind."""
    after = 0
    while keys := list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        _delete(rows, keys)
        yield
        after = keys[-1]


def _delete(rows: QuerySet, keys: list[int]) -> None:
    """Couplings are most of it, and need not be read to be deleted."""
    with transaction.atomic():
        if rows.model is Coupling:
            store.remove(keys)
        else:
            rows.model._default_manager.filter(pk__in=keys).delete()


def _finish(mappings: Sequence[TableMapping], was: Document, user: User | None) -> None:
    with transaction.atomic():
        rows = TableMapping.objects.filter(pk__in=[mapping.pk for mapping in mappings])
        there = rows.select_for_update().order_by("pk").values_list("name", flat=True)
        removed = [Change("mapping", name, What.REMOVED) for name in there if name in was.mappings]
        history.record(was, removed, Author(user))
        MappingDraft.objects.filter(name__in=[mapping.name for mapping in mappings]).delete()
        rows.delete()
