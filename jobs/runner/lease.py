"""Who runs a job, and until when (DESIGN R13).

A worker claims a queued job with one conditional UPDATE and holds it by a lease that a thread renews. Whoever finds a
lease that ran out, or whose holder on this very machine is gone, takes the job over; the former holder's next commit
then fails.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from jobs import circuits, room
from jobs.models import JobState, SyncJob
from jobs.runner import locks, parts
from jobs.runner.holders import TERM, LeaseLost, is_gone
from jobs.runner.holders import new_holder as new_holder
from jobs.runner.threads import daemon

RENEWED_EVERY = 5.0  # seconds
CHANGES = ("inserted", "modified", "deleted", "coupled", "uncoupled")


class _Rests(Exception):
    """A connection keeps the job waiting: its circuit is open, or it has no room for another job."""


def claim(job: int, holder: str, *, early: bool = False) -> bool:
    """Whether ``job`` is ours now: it waited, or the one who ran it is dead. False also when the mapping is busy, or
    paused with the job waiting, or when one of its systems is left alone (``early``: see ``circuits.claim``)."""
    waiting = SyncJob.objects.filter(pk=job, state=JobState.QUEUED)
    if waiting.filter(mapping__enabled=True, mapping__paused=False).exists() and _take(waiting, holder, job, early):
        return True
    return take_over(job, holder, early=early)


def orphans() -> list[int]:
    """Running jobs whose worker was a process of this machine and is gone: nobody need wait for their leases."""
    running = SyncJob.objects.filter(state=JobState.RUNNING).values_list("pk", "holder")
    return [job for job, holder in running if is_gone(holder)]


def take_over(job: int, holder: str, *, early: bool = False) -> bool:
    running = SyncJob.objects.filter(pk=job, state=JobState.RUNNING)
    if _take(running.filter(lease_until__lt=Now()), holder, job, early):
        return True
    former = running.values_list("holder", flat=True).first()
    return former is not None and is_gone(former) and _take(running.filter(holder=former), holder, job, early)


def _take(jobs: QuerySet[SyncJob], holder: str, job: int, early: bool) -> bool:
    try:
        with transaction.atomic():
            taken = jobs.update(**_taken(holder)) == 1
            if taken and not (room.claim(job) and circuits.claim(job, holder, early=early)):
                raise _Rests
            return taken
    except _Rests:
        return False
    except IntegrityError:  # one_long_job_per_mapping
        return False


def _taken(holder: str) -> dict[str, Any]:
    return {
        "state": JobState.RUNNING,
        "holder": holder,
        "lease_until": Now() + TERM,
        "attempts": F("attempts") + 1,
        "started": Coalesce("started", Now()),
    }


def ours(job: int, holder: str) -> QuerySet[SyncJob]:
    return SyncJob.objects.filter(Q(pk=job, state=JobState.RUNNING, holder=holder))


def keep(
    job: int, holder: str, counters: dict[str, int], progress: dict[str, Any], pace: dict[str, Any] | None = None
) -> None:
    """Add a page to the job's counters and say how far it is, under our lease. Raises ``LeaseLost``, which rolls the
    page back."""
    fields = _added(counters) | (pace or {})
    if progress:
        # A place that moves in a listing that ends is progress, too.
        fields |= {"progress": progress, "advanced_in": F("attempts")}
    if not ours(job, holder).update(lease_until=Now() + TERM, **fields):
        raise LeaseLost


def add(job: int, counters: dict[str, int]) -> None:
    """Add a page to the counters of a job that another worker runs. Raises ``LeaseLost`` when nobody runs it."""
    if not SyncJob.objects.filter(pk=job, state=JobState.RUNNING).update(holder=F("holder"), **_added(counters)):
        raise LeaseLost


def _added(counters: dict[str, int]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: F(name) + number for name, number in counters.items() if number}
    if any(counters.get(outcome) for outcome in CHANGES):
        fields["advanced_in"] = F("attempts")
    return fields


def tell(job: int, holder: str, fields: dict[str, Any]) -> None:
    """Write how far our job is. Raises ``LeaseLost``."""
    if not ours(job, holder).update(**fields):
        raise LeaseLost


def wish(job: int, holder: str) -> str:
    """What our job is asked to do at the next opportunity (``Wish``); empty when it is to go on, or not ours."""
    return ours(job, holder).values_list("asked", flat=True).first() or ""


@contextmanager
def renewed(job: int, holder: str) -> Iterator[None]:
    """Renew the lease from a thread while the block runs: a long page or a slow system must not cost the job."""
    done = threading.Event()
    thread = daemon(f"lease of job {job}", _renew, job, holder, done)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(job: int, holder: str, done: threading.Event) -> None:
    try:
        while not done.wait(RENEWED_EVERY):
            _renew_once(job, holder)
    finally:
        connection.close()


def _renew_once(job: int, holder: str) -> None:
    """A renewal that fails is tried again; when the store stays away the lease runs out, and another takes over."""
    try:
        ours(job, holder).update(lease_until=Now() + TERM)
        locks.renew(holder)
        parts.renew(holder)
    except Error:
        connection.close()
