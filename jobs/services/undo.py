"""Undo what was done to one record last, or everything that one job did.

Nothing is undone that something has come on top of: each record is checked when the undo gets to it, and left as it is
with the reason in the undo's own log. An undo is a job like any other, so it can be undone in its turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from couplings.models import SyncLogEntry, TableMapping
from couplings.roles import DELETE, SYNCHRONIZE, UNCOUPLE
from couplings.store import couplings, log
from couplings.store.log import Census
from jobs.models import ACTIVE, ENDED, Kind, SyncJob, Trigger
from jobs.services import jobs, stopping
from jobs.services.errors import Refused
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side

COUNTERS = ("inserted", "modified", "deleted", "coupled", "uncoupled", "failed")


def _none() -> dict[Side, int]:
    return dict.fromkeys(Side, 0)


@dataclass(frozen=True)
class Plan:
    """What an undo would do as far as the log tells: how many records are written, deleted and created again on each
    side, and how many pairs lose or get back their coupling. ``overtaken`` were synchronized again or undone since, and
    stay as they are. Whether anybody has edited a record only its system knows."""

    changed: dict[Side, int] = field(default_factory=_none)
    deleted: dict[Side, int] = field(default_factory=_none)
    created: dict[Side, int] = field(default_factory=_none)
    uncoupled: int = 0
    coupled: int = 0
    overtaken: int = 0

    @property
    def is_empty(self) -> bool:
        written = (*self.changed.values(), *self.deleted.values(), *self.created.values())
        return not any((*written, self.uncoupled, self.coupled))

    @property
    def permissions(self) -> set[str]:
        deletes = {DELETE} if any(self.deleted.values()) else set()
        couples = {UNCOUPLE} if self.uncoupled or self.coupled else set()
        return {SYNCHRONIZE} | deletes | couples


def plan_of_job(job: SyncJob) -> Plan:
    """What undoing ``job`` would do."""
    return _plan(log.census(job=job.pk))


def plan_of_entry(entry: SyncLogEntry) -> Plan:
    """What undoing ``entry`` would do."""
    return _plan(log.census(entry=entry.pk))


def may_be_undone(job: SyncJob) -> bool:
    """Whether the job's counters say that there is anything; ``plan_of_job`` knows what has been left of it. A preview
    has counted what it did not do."""
    return job.state in ENDED and job.kind != Kind.PREVIEW and any(getattr(job, name) for name in COUNTERS)


def undoable(entries: Sequence[SyncLogEntry]) -> set[int]:
    """The ids of those of ``entries`` that are the last thing that was done to their record."""
    newest = log.newest({entry.coupling for entry in entries if entry.coupling is not None})
    return {entry.pk for entry in entries} & {id for id, _job in newest.values()}


def newest_entry(coupling: int) -> SyncLogEntry | None:
    """The entry of what was done to a pair last: the one that can be undone."""
    found = log.newest([coupling]).get(coupling)
    return SyncLogEntry.objects.filter(pk=found[0]).first() if found is not None else None


def newest_entry_of(mapping: TableMapping, side: Side, key: str) -> SyncLogEntry | None:
    """``newest_entry`` of the record with this key, also if it is not coupled any more; that one is looked for through
    the whole log, from its end."""
    coupled = couplings.by_key(mapping.pk, side, [key], with_base=False).get(key)
    if coupled is not None:
        return newest_entry(coupled.id)
    entries = SyncLogEntry.objects.filter(**{"mapping": mapping, f"{side.value}_key": key})
    return entries.exclude(coupling=None).order_by("-pk").first()


def undo_job(job: SyncJob, *, user: User | None, queue: bool = True, **watched: Any) -> SyncJob:
    """Undo all that ``job`` did; the job that does it. ``watched`` goes to ``jobs.run_here`` (``queue=False``).

    Raises ``Refused`` (``undo_job_active``, ``undo_nothing_left``, ``undo_under_way``, ``mapping_paused``,
    ``mapping_disabled``).
    """
    return _start(job.mapping, ["job", job.pk], lambda: check_job(job), user, queue, watched)


def undo_record(entry: SyncLogEntry, *, user: User | None, queue: bool = True, **watched: Any) -> SyncJob:
    """Undo what ``entry`` says, which must be the last thing that was done to its record; the job that does it. Raises
    ``Refused`` (``undo_nothing``, ``undo_not_last``, ``undo_done_already``, and those of ``undo_job``)."""
    return _start(entry.mapping, ["entry", entry.pk], lambda: check_entry(entry), user, queue, watched)


def preview_job(job: SyncJob) -> SyncJob:
    """What ``undo_job`` would do, with the records as they are now: a job that is not saved. Nothing is written. Raises
    ``Refused`` and the connectors' errors."""
    check_job(job)
    return jobs.preview(job.mapping, Kind.UNDO, {"undoes": ["job", job.pk]})


def preview_record(entry: SyncLogEntry) -> SyncJob:
    """As ``preview_job``, of ``undo_record``."""
    check_entry(entry)
    return jobs.preview(entry.mapping, Kind.UNDO, {"undoes": ["entry", entry.pk]})


def check_job(job: SyncJob) -> None:
    """Raises ``Refused`` when nothing of ``job`` can be undone now."""
    if job.state not in ENDED:
        raise Refused("undo_job_active", job=job.pk)
    if plan_of_job(job).is_empty:
        raise Refused("undo_nothing_left", job=job.pk)


def check_entry(entry: SyncLogEntry) -> None:
    """Raises ``Refused`` when ``entry`` did nothing, or something was done to its record since."""
    if SyncJob.objects.filter(pk=entry.job).exclude(state__in=ENDED).exists():
        raise Refused("undo_job_active", job=entry.job)
    newest = log.newest([entry.coupling]).get(entry.coupling) if entry.coupling is not None else None
    if newest is not None and newest[0] > entry.pk:
        raise Refused(_overtaken_by(entry, newest[1]), job=newest[1], record=entry.left_key or entry.right_key)
    if plan_of_entry(entry).is_empty:
        raise Refused("undo_nothing", record=entry.left_key or entry.right_key or "")


def _overtaken_by(entry: SyncLogEntry, job: int) -> str:
    wishes = [["entry", entry.pk], ["job", entry.job]]
    undone = SyncJob.objects.filter(pk=job, kind=Kind.UNDO, parameters__undoes__in=wishes)
    return "undo_done_already" if undone.exists() else "undo_not_last"


def _start(
    mapping: TableMapping, undoes: list[Any], check: Callable[[], None], user: User | None, queue: bool, watched: Any
) -> SyncJob:
    """One undo of the same at a time; one that was stopped at a terminal goes on."""
    jobs.check_may_run(mapping)
    job = _go_on(undoes, user)
    if job is None:
        check()
        job = _created(mapping, undoes, user)
    if not queue:
        return jobs.run_here(job, **watched)
    jobs.ring(job)
    return job


def _go_on(undoes: list[Any], user: User | None) -> SyncJob | None:
    active = SyncJob.objects.filter(kind=Kind.UNDO, state__in=ACTIVE, parameters__undoes=undoes).first()
    if active is None:
        return None
    try:
        return stopping.resume(active, user=user)
    except Refused:
        raise Refused("undo_under_way") from None


def _created(mapping: TableMapping, undoes: list[Any], user: User | None) -> SyncJob:
    try:
        with transaction.atomic():
            return SyncJob.objects.create(
                mapping=mapping,
                kind=Kind.UNDO,
                trigger=Trigger.MANUAL,
                requested_by=user,
                parameters={"undoes": undoes},
            )
    except IntegrityError:  # one_undo_of_the_same: somebody was faster
        raise Refused("undo_under_way") from None


def _plan(counted: Sequence[Census]) -> Plan:
    newest = [group for group in counted if group.newest]
    return Plan(
        changed=_written(newest, Outcome.MODIFIED, Outcome.FAILED, Outcome.COUPLED, Outcome.UNCOUPLED),
        deleted=_written(newest, Outcome.INSERTED),
        created=_written(newest, Outcome.DELETED),
        uncoupled=_number(newest, Outcome.COUPLED),
        coupled=_number(newest, Outcome.UNCOUPLED),
        overtaken=sum(group.number for group in counted if not group.newest),
    )


def _written(counted: Sequence[Census], *outcomes: Outcome) -> dict[Side, int]:
    groups = [group for group in counted if group.outcome in outcomes]
    return {
        Side.LEFT: sum(group.number for group in groups if group.left),
        Side.RIGHT: sum(group.number for group in groups if group.right),
    }


def _number(counted: Sequence[Census], outcome: Outcome) -> int:
    return sum(group.number for group in counted if group.outcome == outcome)
