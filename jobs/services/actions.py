"""What people do about open errors. One UPDATE writes the wish on the errors' rows, one job a mapping works it off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from couplings import audit, error_actions
from couplings.error_actions import CREATE_AGAIN, DELETE, RESTORE, RETRY, SYNCHRONIZE, UNCOUPLE, USE_LEFT, USE_RIGHT
from couplings.models import BulkRequest, Coupling, SyncError, TableMapping
from couplings.models.error import Request
from jobs.models import Kind, SyncJob
from jobs.services import couplings, jobs
from jobs.services.errors import Refused
from syncstatus.engine.records import Side

__all__ = ["ACTIONS", "CREATE_AGAIN", "DELETE", "RESTORE", "RETRY", "SYNCHRONIZE", "UNCOUPLE", "Requested", "request"]

ACTIONS = (RETRY, SYNCHRONIZE, RESTORE, DELETE, UNCOUPLE)

_REQUESTS = {
    RETRY: Request.RETRY,
    SYNCHRONIZE: Request.RETRY,
    USE_LEFT: Request.USE_LEFT,
    USE_RIGHT: Request.USE_RIGHT,
    RESTORE: Request.RESTORE,
    DELETE: Request.DELETE,
    UNCOUPLE: Request.UNCOUPLE,
}
# Couplings that are removed while somebody waits. More of them are left to jobs, which can be watched and cancelled.
AT_ONCE = 20_000


@dataclass(frozen=True)
class Requested:
    """How many errors were meant and how many a job takes up; ``refused`` counts the others by message code."""

    asked: int
    accepted: int
    refused: dict[str, int] = field(default_factory=dict)
    jobs: list[SyncJob] = field(default_factory=list)


def applicable(errors: QuerySet[SyncError], action: str) -> QuerySet[SyncError]:
    """Those of ``errors`` to which ``action`` applies (by its name in ``error_actions``)."""
    return errors.filter(error_actions.condition(action))


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

    Remove Coupling is done at once, without asking the systems, up to ``AT_ONCE``.

    ``use`` is the side whose data Synchronize takes; without it, what merges is merged. An error that somebody has
    asked for already keeps that wish (SCENARIOS T24). A wish that no longer fits the records when the job gets to it
    writes nothing.
    """
    named = error_actions.rule(action, use)
    reckoned = error_actions.reckon(errors, named)
    fitting = applicable(errors, named)
    if action == UNCOUPLE and reckoned.fitting <= AT_ONCE:
        removed = couplings.remove(Coupling.objects.filter(pk__in=fitting.values("coupling")), user=user)
        return Requested(reckoned.asked, removed, left_out(reckoned, removed, "record_in_work"))
    wish = Request.CHOOSE if choices else _REQUESTS[named]
    records = records_of(fitting)
    accepted, mappings = _ask(fitting, wish, dict(choices or {}), user)
    audit.note(asked=reckoned.asked, accepted=accepted, records=records)
    started, paused = start(mappings, user, queue)
    return Requested(reckoned.asked, accepted, left_out(reckoned, accepted) | paused, started)


def _ask(
    errors: QuerySet[SyncError], wish: Request, choices: dict[str, Any], user: User | None
) -> tuple[int, list[TableMapping]]:
    """One statement writes the wish where there is none; how often, and the mappings concerned."""
    now = timezone.now()
    with transaction.atomic():
        free = errors.order_by().filter(request=Request.NONE)
        accepted = free.update(request=wish, choices=choices, requested_by=user, requested_at=now)
        remember(wish, now, user, accepted)
        return accepted, _mappings(wish, now, user) if accepted else []


def records_of(errors: QuerySet[SyncError]) -> list[str]:
    """For the audit log, the records of the first errors by their keys: an error is forgotten sooner than what was done
    about it. Nothing is read where nobody acts."""
    if not audit.is_kept():
        return []
    return [audit.pair(*keys) for keys in errors.order_by("pk").values_list("left_key", "right_key")[: audit.KEPT]]


def remember(wish: Request, at: datetime, user: User | None, accepted: int) -> None:
    """A wish for more than one error can be watched, and taken back while it is worked off."""
    if accepted > 1:
        BulkRequest.objects.create(request=wish, requested_at=at, requested_by=user, asked=accepted)


def _mappings(wish: Request, at: datetime, user: User | None) -> list[TableMapping]:
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


def left_out(reckoned: error_actions.Reckoning, accepted: int, why: str = "already_requested") -> dict[str, int]:
    """Why some were left out: the action does not apply to them or, since it was reckoned, because of ``why``."""
    missed = reckoned.fitting - accepted
    if missed <= 0:
        return dict(reckoned.refused)
    return {**reckoned.refused, why: reckoned.refused.get(why, 0) + missed}


def find_deleted(mappings: Iterable[TableMapping], *, user: User | None, queue: bool = True) -> list[SyncJob]:
    """Find for Deleted: look for vanished records of both sides, by key; what is found opens a ``deleted`` error."""
    started = []
    for mapping in mappings:
        try:
            started.append(jobs.start(mapping, Kind.FIND_DELETED, user=user, queue=queue))
        except Refused:
            continue  # paused or disabled: left alone like by every other job
    return started
