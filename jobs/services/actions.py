"""What people do about open errors. One INSERT puts the wish beside the errors, one job a mapping works it off."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from couplings import audit, error_actions
from couplings.error_actions import CREATE_AGAIN, DELETE, RESTORE, RETRY, SYNCHRONIZE, UNCOUPLE, USE_LEFT, USE_RIGHT
from couplings.models import BulkRequest, Coupling, SyncError, TableMapping
from couplings.models.error import Request
from couplings.store import requests
from couplings.store.requests import Wish
from jobs.models import Kind, SyncJob
from jobs.services import couplings, jobs
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


class MoreThanConfirmed(Exception):
    """The action applies to more errors than a person has confirmed; nothing was done."""


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
    at_most: int | None = None,
) -> Requested:
    """Ask for ``action`` on ``errors``; ``queue=False`` works it off here before it returns. Raises
    ``MoreThanConfirmed`` when it applies to more than ``at_most`` of them.

    Remove Coupling is done at once, without asking the systems, up to ``AT_ONCE``.

    ``use`` is the side whose data Synchronize takes; without it, what merges is merged. An error that somebody has
    asked for already keeps that wish (SCENARIOS T24). A wish that no longer fits the records when the job gets to it
    writes nothing.
    """
    named = error_actions.rule(action, use)
    if action == UNCOUPLE and (removed := _uncoupled(errors, user, at_most)) is not None:
        return removed
    reckoned = error_actions.reckon_possible(errors, named)
    records = records_of(applicable(errors, named))
    by = user.pk if user is not None else None
    wish = Wish(Request.CHOOSE if choices else _REQUESTS[named], by, timezone.now(), choices or {})
    accepted = _ask(errors.filter(error_actions.possible(named)), wish, user, at_most)
    done = sum(accepted.values())
    audit.note(asked=reckoned.asked, accepted=done, records=records)
    started, paused = start(TableMapping.objects.filter(pk__in=accepted), user, queue)
    return Requested(reckoned.asked, done, left_out(reckoned, done) | paused, started)


def _uncoupled(errors: QuerySet[SyncError], user: User | None, at_most: int | None) -> Requested | None:
    """None where there are too many to be waited for."""
    reckoned = error_actions.reckon(errors, UNCOUPLE)
    if reckoned.fitting > AT_ONCE:
        return None
    _check_confirmed(reckoned.fitting, at_most)
    fitting = applicable(errors, UNCOUPLE)
    removed = couplings.remove(Coupling.objects.filter(pk__in=fitting.values("coupling")), user=user)
    return Requested(reckoned.asked, removed, left_out(reckoned, removed, "record_in_work"))


def _ask(errors: QuerySet[SyncError], wish: Wish, user: User | None, at_most: int | None) -> dict[int, int]:
    """One statement writes the wish where there is none, and says for how many errors of each mapping."""
    with transaction.atomic():
        accepted = requests.ask(errors, wish)
        done = sum(accepted.values())
        _check_confirmed(done, at_most)
        if done > 1:  # can be watched, and taken back while it is worked off
            BulkRequest.objects.create(request=wish.request, requested_at=wish.at, requested_by=user, asked=done)
        return accepted


def _check_confirmed(count: int, at_most: int | None) -> None:
    if at_most is not None and count > at_most:
        raise MoreThanConfirmed


def records_of(errors: QuerySet[SyncError]) -> list[str]:
    """For the audit log, the records of the first errors by their keys: an error is forgotten sooner than what was done
    about it. Nothing is read where nobody acts."""
    if not audit.is_kept():
        return []
    return [audit.pair(*keys) for keys in errors.order_by("pk").values_list("left_key", "right_key")[: audit.KEPT]]


def start(mappings: Iterable[TableMapping], user: User | None, queue: bool) -> tuple[list[SyncJob], dict[str, int]]:
    """One job a mapping. A paused mapping keeps the wish until it resumes, and that is said."""
    found, refused = jobs.start_each(mappings, Kind.RETRY, user=user, queue=queue)
    return found, dict(Counter(no.code for no in refused))


def left_out(reckoned: error_actions.Reckoning, accepted: int, why: str = "already_requested") -> dict[str, int]:
    """Why some were left out: the action does not apply to them or, since it was reckoned, because of ``why``."""
    missed = reckoned.fitting - accepted
    if missed <= 0:
        return dict(reckoned.refused)
    return {**reckoned.refused, why: reckoned.refused.get(why, 0) + missed}


def find_deleted(mappings: Iterable[TableMapping], *, user: User | None, queue: bool = True) -> list[SyncJob]:
    """Find for Deleted: look for vanished records of both sides, by key; what is found opens a ``deleted`` error."""
    started, _refused = jobs.start_each(mappings, Kind.FIND_DELETED, user=user, queue=queue)
    return started  # those that are paused or disabled are left alone like by every other job
