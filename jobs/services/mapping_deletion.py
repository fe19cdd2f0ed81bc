"""Delete a mapping with all that is remembered of it: couplings, errors, log and jobs. No system is asked, and no
record of theirs is touched.

A million couplings go in batches, each a short transaction of its own, so that nothing waits long for it. Until the
last one is gone the mapping stays, disabled and paused: whoever is cut off on the way deletes it again. Nothing of it
runs meanwhile, as a run that found half of the couplings would take the other half for new records.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from couplings import audit
from couplings.configuration import history
from couplings.configuration.diff import Change, What
from couplings.configuration.entries import Document
from couplings.configuration.history import Author
from couplings.configuration.stored import stored_document
from couplings.models import (
    Coupling,
    FieldMapping,
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

BATCH = 5_000  # rows
JOBS = 500  # whose log is looked for at once
LOOK_AGAIN = 0.2  # seconds between looks at what is still in work

Enough = Callable[[], bool]


def never() -> bool:
    return False


def needed_by(mapping: TableMapping) -> list[str]:
    """The names of the other mappings that look up its records or depend on it, disabled ones as well."""
    looking = FieldMapping.objects.filter(lookup__contains=[mapping.name]).values("mapping")
    needing = TableMapping.objects.filter(Q(pk__in=looking) | Q(depends_on=mapping)).exclude(pk=mapping.pk)
    return list(needing.order_by("name").values_list("name", flat=True).distinct())


def delete(mapping: TableMapping, *, user: User | None, enough: Enough = never) -> bool:
    """Delete it, or as much of it as there is patience for: ``enough`` is asked after each batch, and ends the call.
    Whether all of it is gone; if not, the next call goes on.

    Its running jobs are cancelled after the page they are in. The history of its configuration stays. Raises
    ``Refused``: ``mapping_needed`` with the names of the mappings that need it, or ``mapping_in_work`` when the page
    takes longer than there is patience for.
    """
    audit.note(mapping=mapping.name)
    was = stored_document()
    _close(mapping)
    _end_jobs(mapping, user)
    _wait(mapping, enough)
    for _deleted in _steps(mapping):
        if enough():
            return False
    _finish(mapping, was, user)
    return True


def _close(mapping: TableMapping) -> None:
    """No job of it begins any more, not even one that is queued in this moment."""
    with transaction.atomic():
        row = TableMapping.objects.select_for_update().filter(pk=mapping.pk)
        if row.exists() and (names := needed_by(mapping)):
            raise Refused("mapping_needed", mapping=mapping.name, mappings=names)
        row.update(enabled=False, paused=True)


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


def _finish(mapping: TableMapping, was: Document, user: User | None) -> None:
    with transaction.atomic():
        if mapping.name in was.mappings and TableMapping.objects.select_for_update().filter(pk=mapping.pk).exists():
            history.record(was, [Change("mapping", mapping.name, What.REMOVED)], Author(user))
        MappingDraft.objects.filter(name=mapping.name).delete()
        TableMapping.objects.filter(pk=mapping.pk).delete()
