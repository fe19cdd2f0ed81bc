"""How many errors are open, and of which groups: read from the counts that the store keeps, never counted.

Grouped by what is stored (owner, kind, state, cause, person), so that the answer is the same in every language.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum

from couplings.models import ErrorCount
from couplings.models.error import BY_ITSELF, NEEDS_PERSON

NOBODY = 0


class Group(NamedTuple):
    """Errors that no filter by these tells apart; ``mapping`` is 0 for those of a whole connection."""

    mapping: int
    kind: str
    state: str
    assigned_to: int = NOBODY


class CauseGroup(NamedTuple):
    mapping: int
    connection: int
    cause: str


def groups(**conditions: Any) -> Counter[Group]:
    """Open errors by group, of those that ``conditions`` (on ``ErrorCount``) name."""
    return Counter({Group._make(row[:-1]): row[-1] for row in _sums(conditions, *Group._fields)})


def causes(conditions: Mapping[str, Any], limit: int) -> list[tuple[CauseGroup, int]]:
    """The most frequent causes, the first the most frequent."""
    frequent = _sums(conditions, *CauseGroup._fields).order_by("-total", "mapping", "cause")[:limit]  # type: ignore[misc]
    return [(CauseGroup._make(row[:-1]), row[-1]) for row in frequent]


def owners(**conditions: Any) -> set[tuple[int, int]]:
    """The mappings (id, 0) and connections (0, id) that have any."""
    return {(mapping, connection) for mapping, connection, _total in _sums(conditions, "mapping", "connection")}


def listed() -> int:
    """How many errors the errors page lists while no filter is chosen: all open ones but those ignored."""
    return ErrorCount.objects.filter(state__in=[*NEEDS_PERSON, *BY_ITSELF]).aggregate(total=Sum("number"))["total"] or 0


def _sums(conditions: Mapping[str, Any], *by: str) -> QuerySet[ErrorCount, tuple[Any, ...]]:
    summed = ErrorCount.objects.filter(**conditions).order_by().values_list(*by).annotate(total=Sum("number"))
    return summed.filter(total__gt=0)
