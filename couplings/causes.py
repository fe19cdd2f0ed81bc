"""Open errors grouped by cause: many records, one thing to put right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from couplings.messages import named, render
from couplings.models import SyncError

LISTED = 200


@dataclass(frozen=True)
class Cause:
    """``key`` names it in filters; ``mapping`` is "" for errors of a whole connection. ``example`` is the oldest of its
    errors, of which the message is made."""

    key: str
    count: int
    first_seen: datetime
    last_seen: datetime
    example: SyncError

    @property
    def mapping(self) -> str:
        return self.example.mapping.name if self.example.mapping else ""

    @property
    def message(self) -> str:
        """What is wrong, without the record in which it was found first."""
        error = self.example
        params: dict[str, Any] = {"fields": error.fields, "mapping": self.mapping, **named(error.params, error.mapping)}
        return render(error.code, params)


def causes(errors: QuerySet[SyncError], limit: int = LISTED) -> list[Cause]:
    """The causes of ``errors``, the most frequent first. Two queries, whatever their number."""
    grouped = errors.order_by().values("mapping", "cause")
    counted = grouped.annotate(
        count=Count("pk"), first=Min("first_seen"), last=Max("last_seen"), example=Min("pk")
    ).order_by("-count", "example")[:limit]
    rows = list(counted)
    examples = _examples(row["example"] for row in rows)
    return [Cause(row["cause"], row["count"], row["first"], row["last"], examples[row["example"]]) for row in rows]


def _examples(ids: Iterable[int]) -> dict[int, SyncError]:
    return SyncError.objects.select_related(
        "mapping__left_connection", "mapping__right_connection", "connection"
    ).in_bulk(list(ids))
