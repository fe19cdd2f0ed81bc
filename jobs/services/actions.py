"""What people do about open errors. One UPDATE writes the wish on the errors' rows, one job a mapping works it off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import Request
from jobs.models import Kind, SyncJob
from jobs.services import couplings, jobs
from jobs.services.errors import Refused
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side

RETRY, SYNCHRONIZE, RESTORE, DELETE, UNCOUPLE = "retry", "synchronize", "restore", "delete", "uncouple"
CREATE_AGAIN = "create_again"  # see ``unanswered``
ACTIONS = (RETRY, SYNCHRONIZE, RESTORE, DELETE, UNCOUPLE)

_ONE_DELETED = Q(left_exists=False, right_exists=True) | Q(left_exists=True, right_exists=False)
_ANY = Q(pk__isnull=False)
_APPLIES = {
    RETRY: _ANY,
    SYNCHRONIZE: _ANY & ~_ONE_DELETED,
    RESTORE: _ONE_DELETED,
    DELETE: _ONE_DELETED,
    UNCOUPLE: Q(coupling__isnull=False),
    CREATE_AGAIN: Q(kind=ErrorKind.UNKNOWN_OUTCOME.value)
    & (Q(coupling__isnull=True) & (Q(left_key__isnull=True) | Q(right_key__isnull=True)) | _ONE_DELETED),
}
_WHY_NOT = {
    SYNCHRONIZE: "one_side_deleted",
    RESTORE: "nothing_deleted",
    DELETE: "nothing_deleted",
    UNCOUPLE: "not_coupled",
    CREATE_AGAIN: "nothing_unanswered",
}
_REQUESTS = {RETRY: Request.RETRY, RESTORE: Request.RESTORE, DELETE: Request.DELETE}
_USE = {Side.LEFT: Request.USE_LEFT, Side.RIGHT: Request.USE_RIGHT, None: Request.RETRY}


@dataclass(frozen=True)
class Requested:
    """How many errors were meant and how many a job takes up; ``refused`` counts the others by message code."""

    asked: int
    accepted: int
    refused: dict[str, int] = field(default_factory=dict)
    jobs: list[SyncJob] = field(default_factory=list)


def applicable(errors: QuerySet[SyncError], action: str) -> QuerySet[SyncError]:
    """Those of ``errors`` to which ``action`` applies, whether or not somebody has asked for them already."""
    return errors.filter(_OPEN_RECORD).filter(_APPLIES[action])


_OPEN_RECORD = ~Q(state="resolved") & (Q(left_key__isnull=False) | Q(right_key__isnull=False))


def request(
    errors: QuerySet[SyncError],
    action: str,
    *,
    user: User | None,
    use: Side | None = None,
    choices: Mapping[str, Any] | None = None,
    queue: bool = True,
) -> Requested:
    """Ask for ``action`` on ``errors``; ``queue=False`` works it off here before it returns.

    ``use`` is the side whose data Synchronize takes; without it, what merges is merged. An error that somebody has
    asked for already keeps that wish (SCENARIOS T24). A wish that no longer fits the records when the job gets to it
    writes nothing.
    """
    asked = errors.count()
    fitting = applicable(errors, action)
    count = fitting.count()
    if action == UNCOUPLE:
        removed = couplings.remove(Coupling.objects.filter(pk__in=fitting.values("coupling")), user=user)
        return Requested(asked, removed, refused(action, asked - count, count - removed, "record_in_work"))
    wish = Request.CHOOSE if choices else _USE[use] if action == SYNCHRONIZE else _REQUESTS[action]
    now = timezone.now()
    with transaction.atomic():
        free = SyncError.objects.filter(pk__in=fitting.order_by().values("pk"), request=Request.NONE)
        accepted = free.update(request=wish, choices=dict(choices or {}), requested_by=user, requested_at=now)
        mappings = _mappings(wish, now, user) if accepted else []
    started, paused = start(mappings, user, queue)
    return Requested(asked, accepted, refused(action, asked - count, count - accepted) | paused, started)


def _mappings(wish: Request, at: Any, user: User | None) -> list[TableMapping]:
    asked = SyncError.objects.filter(request=wish, requested_at=at, requested_by=user)
    return list(TableMapping.objects.filter(pk__in=asked.order_by().values("mapping")))


def start(mappings: Iterable[TableMapping], user: User | None, queue: bool) -> tuple[list[SyncJob], dict[str, int]]:
    """One job a mapping. A paused mapping keeps the wish until it resumes, and that is said."""
    started: list[SyncJob] = []
    paused: dict[str, int] = {}
    for mapping in mappings:
        try:
            started.append(jobs.start(mapping, Kind.RETRY, user=user, queue=queue))
        except Refused as no:
            paused[no.code] = paused.get(no.code, 0) + 1
    return started, paused


def refused(action: str, unfit: int, left: int, why: str = "already_requested") -> dict[str, int]:
    """Why some were left out: ``unfit`` because the action does not apply to them, ``left`` because of ``why``."""
    reasons = {_WHY_NOT.get(action, "not_open"): unfit, why: left}
    return {code: number for code, number in reasons.items() if number}


def find_deleted(mappings: Iterable[TableMapping], *, user: User | None, queue: bool = True) -> list[SyncJob]:
    """Find for Deleted: look for vanished records of both sides, by key; what is found opens a ``deleted`` error."""
    started = []
    for mapping in mappings:
        try:
            started.append(jobs.start(mapping, Kind.FIND_DELETED, user=user, queue=queue))
        except Refused:
            continue  # paused or disabled: left alone like by every other job
    return started
