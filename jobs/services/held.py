"""Held plans: deletions that a guard kept back, until somebody approves or discards them (DESIGN R9).

A plan is what one job held for one reason on one side of its mapping; its records are open errors of the state held.
Approving one is Delete Records; so both are carried out, checked again and told apart by the same code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Min, QuerySet

from couplings import audit, messages, paging
from couplings.models import SyncError, TableMapping
from couplings.models.error import State
from jobs.services import actions
from jobs.services.actions import Requested
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side


@dataclass(frozen=True)
class Plan:
    """``side`` is where the records would be deleted, ``code`` the guard's message; ``approved`` counts those that a
    job is about to delete. ``since`` is when the first of them was held, in UTC. Not ``exact``: it has more records
    than that."""

    mapping: TableMapping
    job: int
    side: Side
    code: str
    params: Mapping[str, Any]
    records: int
    approved: int
    since: datetime
    exact: bool = True

    @property
    def count(self) -> paging.Count:
        return paging.Count(self.records, self.exact)

    @property
    def system(self) -> str:
        return self.mapping.side_name(self.side)

    @property
    def reason(self) -> str:
        """Why a guard held them, in the reader's language."""
        return messages.render(self.code, {**self.params, "mapping": self.mapping.name, "reason": "plan"})


def plans(held: QuerySet[SyncError] | None = None) -> list[Plan]:
    """The plans of ``held`` (all there are), the newest first."""
    rows = everything() if held is None else held
    grouped = (
        rows.order_by()
        .values_list("mapping", "job", "left_exists", "code")
        .annotate(example=Min("pk"), records=Count("pk"), approved=Count("requested"), since=Min("first_seen"))
        .order_by("-job", "mapping", "left_exists", "code")
    )
    mappings = TableMapping.objects.select_related("left_connection", "right_connection").in_bulk()
    examples = dict(SyncError.objects.filter(pk__in=[row[4] for row in grouped]).values_list("pk", "params"))
    return [
        Plan(mappings[mapping], job, side_of(left_exists), code, examples.get(example, {}), *counted)
        for mapping, job, left_exists, code, example, *counted in grouped
        if mapping in mappings
    ]


def side_of(left_exists: bool | None) -> Side:
    """Where a record would be deleted: where it exists still."""
    return Side.LEFT if left_exists else Side.RIGHT


def everything() -> QuerySet[SyncError]:
    return SyncError.objects.filter(state=State.HELD)


def of_plan(job: int, side: Side, code: str) -> QuerySet[SyncError]:
    """The records of one plan."""
    return everything().filter(job=job, left_exists=side is Side.LEFT, code=code)


def approve(held: QuerySet[SyncError], *, user: User | None, queue: bool = True) -> Requested:
    """Let a job delete exactly these records; ``queue=False`` deletes them here before it returns.

    Each is checked again when its turn comes: one that came back, or was changed since, is not deleted. Those that
    somebody has approved already, or that are held no more, are counted in ``refused``.
    """
    return actions.request(held, actions.DELETE, user=user, queue=queue)


def discard(held: QuerySet[SyncError], *, user: User | None) -> Requested:
    """Delete none of these records. They stay as ordinary ``deleted`` errors, which no run takes up by itself: a
    person restores or deletes them, or removes their couplings.

    One that somebody has approved already goes its way, and is counted in ``refused``.
    """
    asked = held.count()
    ids = held.order_by().values("pk")
    free = SyncError.objects.filter(pk__in=ids, state=State.HELD, requested=None)
    discarded = sum(_discard(free, plan, user) for plan in _sides(free))
    audit.note(asked=asked, accepted=discarded)
    return Requested(asked, discarded, {"already_requested": asked - discarded} if asked > discarded else {})


def _sides(held: QuerySet[SyncError]) -> Iterable[tuple[TableMapping, Side]]:
    found = set(held.order_by().values_list("mapping", "left_exists").distinct())
    mappings = TableMapping.objects.select_related("left_connection", "right_connection").in_bulk()
    return [(mappings[mapping], side_of(left_exists)) for mapping, left_exists in found]


def _discard(free: QuerySet[SyncError], where: tuple[TableMapping, Side], user: User | None) -> int:
    mapping, side = where
    params = {
        "side": mapping.side_name(side),
        "deleted_side": mapping.side_name(side.other),
        "by": user.get_username() if user is not None else "",
    }
    same = free.filter(mapping=mapping, left_exists=side is Side.LEFT)
    kind = ErrorKind.DELETED.value
    with transaction.atomic():
        _lock(same)
        return same.update(kind=kind, code="deletion_discarded", params=params, state=State.SKIPPED)


def _lock(errors: QuerySet[SyncError]) -> None:
    """Wait for whoever approves some of them in this moment: the next statement sees that."""
    mine = SyncError.objects.filter(pk__in=errors.values("pk")).order_by("pk").select_for_update(no_key=True)
    list(mine.values_list("pk", flat=True))
