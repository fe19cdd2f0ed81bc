"""Open errors grouped by cause: many records, one thing to put right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min
from django.db.models.functions import Coalesce

from couplings import counts, lists
from couplings.counts import CauseGroup
from couplings.facets import COUNTED
from couplings.filters import ErrorFilter
from couplings.messages import named, render
from couplings.models import SyncError, TableMapping

LISTED = 200


@dataclass(frozen=True)
class Cause:
    """``key`` names it in filters, together with its mapping, which is "" for errors of a whole connection. ``example``
    is one of its errors, of which the message is made."""

    key: str
    count: int
    example: SyncError

    @property
    def mapping(self) -> str:
        return self.example.mapping.name if self.example.mapping else ""

    @cached_property
    def message(self) -> str:
        """What is wrong, without the record in which it was found."""
        error = self.example
        mapping = error.mapping
        params: dict[str, Any] = {"fields": error.fields, "mapping": self.mapping, **named(error.params, mapping)}
        if mapping:
            params = {"left": mapping.side_name("left"), "right": mapping.side_name("right")} | params
        elif error.connection:
            params = {"connection": error.connection.name} | params
        return render(error.code, params)


def causes(
    errors: ErrorFilter, limit: int = LISTED, known_mappings: Iterable[TableMapping] | None = None
) -> list[Cause]:
    """The causes of the errors in the filter, the most frequent first.

    Read from the store's counts; with a text, an age or closed errors in the filter, counted among the newest COUNTED
    of it. Three queries, whatever the number of errors; two more for the mappings, unless all are known.
    """
    if not errors.is_valid():
        return []
    found = counts.causes(errors.groups(), limit) if errors.is_counted else _counted(errors, limit)
    newest = _newest([group for group, _number in found])
    examples = SyncError.objects.defer(*lists.UNSEEN).in_bulk(list(newest.values()))
    lists.attach(examples.values(), known_mappings)
    known = ((group, number, examples.get(newest.get(group, 0))) for group, number in found)
    return [Cause(group.cause, number, example) for group, number, example in known if example is not None]


def spans(found: Iterable[Cause]) -> dict[tuple[int | None, str], tuple[datetime, datetime]]:
    """By mapping and cause, when the open errors of each were first and last seen. It goes through all of them."""
    groups = SyncError.objects.open().filter(cause__in=[cause.key for cause in found]).order_by()
    rows = groups.values_list("mapping", "cause").annotate(first=Min("first_seen"), last=Max("last_seen"))
    return {(mapping, cause): (first, last) for mapping, cause, first, last in rows}


def _counted(errors: ErrorFilter, limit: int) -> list[tuple[CauseGroup, int]]:
    newest = errors.apply(SyncError.objects.all()).order_by("-last_seen", "-pk").values("pk")[:COUNTED]
    grouped = SyncError.objects.filter(pk__in=newest).order_by()
    rows = grouped.values_list(Coalesce("mapping", 0), Coalesce("connection", 0), "cause").annotate(number=Count("pk"))
    frequent = rows.order_by("-number", "mapping", "cause")[:limit]
    return [(CauseGroup._make(row[:-1]), row[-1]) for row in frequent]


# Each group's newest error by one descent in an index, however many errors the group has.
_NEWEST = """
    SELECT g.mapping, g.connection, g.cause, e.id
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS g (mapping, connection, cause)
    CROSS JOIN LATERAL (
        (SELECT id FROM couplings_syncerror
            WHERE mapping_id = g.mapping AND cause = g.cause AND state <> 'resolved'
            ORDER BY last_seen DESC, id DESC LIMIT 1)
        UNION ALL
        (SELECT id FROM couplings_syncerror
            WHERE mapping_id IS NULL AND connection_id = g.connection AND state <> 'resolved' LIMIT 1)
    ) e
"""


def _newest(groups: list[CauseGroup]) -> dict[CauseGroup, int]:
    if not groups:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(column) for column in zip(*groups, strict=True)])
        return {CauseGroup(*row[:-1]): row[-1] for row in cursor.fetchall()}
