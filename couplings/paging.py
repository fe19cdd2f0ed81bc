"""Lists are paged by key, never by offset: page 20,000 costs what page 1 costs, and rows that come or go while somebody
reads neither repeat nor hide others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Func, Model, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan, LessThan

SIZE = 25
SALT = "couplings.paging"
Row = TypeVar("Row", bound=Model)
Listed = TypeVar("Listed")
Part = tuple[str, ...]
"""What a part of a list is called, and what tells it from others of that name."""


class Key(Func):
    """(column, …, id) compared as one, which an index on these columns answers with one descent."""

    function = "ROW"
    output_field = TextField()


@dataclass(frozen=True)
class Page(Generic[Listed]):
    """Rows of one page; ``previous`` and ``next`` are the query string's parameters that lead there, None at an end."""

    rows: list[Listed]
    previous: dict[str, str] | None
    next: dict[str, str] | None

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Count:
    """How many there are; not exact means at least so many."""

    value: int
    exact: bool = True


def page(
    rows: QuerySet[Row], order: str, where: Mapping[str, str], size: int = SIZE, ties: Sequence[str] = ()
) -> Page[Row]:
    """The page of ``rows`` that ``where`` (a query string with ``after`` or ``before``) points at.

    ``order`` is a column or annotation that is never null, descending with a leading minus; equal ones follow ``ties``
    and then the primary key, in the same direction. A mark that is broken, or was made for another order, leads to the
    first page.
    """
    columns = list(dict.fromkeys([order.lstrip("-"), *ties]))
    place = _Place.read(where, order, len(columns) + 1)
    return place.cut(place.rows(rows, columns, place.mark, size + 1), size, lambda row: _key(row, columns))


def page_of_parts(
    parts: Iterable[tuple[Part, QuerySet[Row]]],
    order: str,
    where: Mapping[str, str],
    ties: Sequence[str],
    size: int = SIZE,
) -> Page[Row]:
    """As ``page``, for rows in the order of something that no index knows: parts by label, in each ``ties`` and then
    the primary key. A part is read when the page is not full before it; ``order`` names the order in the marks."""
    place = _Place.read(where, order, len(ties) + 2)
    reached, *mark = place.mark or [None]
    found: list[Row] = []
    labels: dict[int, Part] = {}
    for label, rows in sorted(parts, key=itemgetter(0), reverse=place.descending):
        beyond_label = reached is None or (list(label) < reached if place.descending else list(label) > reached)
        if len(found) > size or not (beyond_label or list(label) == reached):
            continue
        read = place.rows(rows, ties, None if beyond_label else mark, size + 1 - len(found))
        labels |= {row.pk: label for row in read}
        found += read
    return place.cut(found, size, lambda row: [labels[row.pk], *_key(row, ties)])


def page_read_by(
    read: Callable[[list[Any] | None, bool, int], list[Listed]],
    order: str,
    where: Mapping[str, str],
    key: Callable[[Listed], list[Any]],
    length: int,
    size: int = SIZE,
) -> Page[Listed]:
    """As ``page``, for a list that has a statement of its own: ``read`` is told the mark behind which the page lies
    (None: the first), whether to go down from it, and how many rows to read. ``key`` of a row, of that ``length``, is
    its mark; ``order`` is a name of its own, descending with a leading minus."""
    place = _Place.read(where, order, length)
    return place.cut(read(place.mark, place.descending, size + 1), size, key)


@dataclass(frozen=True)
class _Place:
    """Where a page lies: behind ``mark`` (None: it is the first), in the direction of the list or ``backwards``."""

    order: str
    mark: list[Any] | None
    backwards: bool

    @classmethod
    def read(cls, where: Mapping[str, str], order: str, length: int) -> "_Place":
        return cls(order, _read(where.get("before") or where.get("after"), order, length), "before" in where)

    @property
    def descending(self) -> bool:
        return self.order.startswith("-") != self.backwards

    def rows(self, rows: QuerySet[Row], columns: Sequence[str], mark: list[Any] | None, limit: int) -> list[Row]:
        places = {f"place_{number}": F(column) for number, column in enumerate(columns)}
        placed: QuerySet[Any] = rows.annotate(**places)
        if mark:
            beyond = LessThan if self.descending else GreaterThan
            placed = placed.filter(beyond(Key(*map(F, places), F("pk")), Key(*map(Value, mark))))
        sign = "-" if self.descending else ""
        return list(placed.order_by(*(f"{sign}{name}" for name in (*places, "pk")))[:limit])

    def cut(self, found: list[Listed], size: int, key: Callable[[Listed], list[Any]]) -> Page[Listed]:
        """The page of ``found``, which holds one row more if there are more."""
        more, marked = len(found) > size, self.mark is not None
        shown = found[:size][::-1] if self.backwards else found[:size]
        before, after = (more, marked) if self.backwards else (marked, more)
        return Page(
            shown,
            {"before": _mark(self.order, key(shown[0]))} if shown and before else None,
            {"after": _mark(self.order, key(shown[-1]))} if shown and after else None,
        )


def _key(row: Model, columns: Sequence[str]) -> list[Any]:
    """By the annotations of ``_Place.rows``."""
    return [*(getattr(row, f"place_{number}") for number in range(len(columns))), row.pk]


def bounded_count(rows: QuerySet[Any], limit: int = 1000) -> Count:
    """Counts up to ``limit`` rows and no further."""
    found = rows.order_by()[: limit + 1].count()
    return Count(min(found, limit), found <= limit)


def bounded_counts(*chains: Sequence[QuerySet[Any]], limit: int = 1000) -> list[Count]:
    """As ``bounded_count`` for all of ``chains`` in their order, by one statement. In a chain each is a part of the
    next: behind one that exceeds ``limit`` nothing is looked at any more."""
    steps: list[str] = []
    params: list[Any] = []
    for chain in chains:
        before = ""
        for rows in chain:
            sql, given = _up_to(rows, limit + 1)
            counted = f"(SELECT count(*) FROM ({sql}) AS part)"  # noqa: S608  (of the ORM's own text)
            if before:
                counted = f"CASE WHEN {before}.n > {limit} THEN {before}.n ELSE {counted} END FROM {before}"
            before = f"step_{len(steps)}"
            steps.append(f"{before}(n) AS (SELECT {counted})")
            params.extend(given)
    with connection.cursor() as cursor:
        wanted = ", ".join(f"(TABLE step_{number})" for number in range(len(steps)))
        cursor.execute(f"WITH {', '.join(steps)} SELECT {wanted}", params)
        found = cursor.fetchone() or ()
    return [Count(min(number, limit), number <= limit) for number in found]


def _up_to(rows: QuerySet[Any], limit: int) -> tuple[str, Sequence[Any]]:
    try:
        sql, params = rows.order_by().values("pk")[:limit].query.sql_with_params()
    except EmptyResultSet:  # of a filter that cannot be read
        return "SELECT WHERE false", ()
    return sql, params


def _mark(order: str, key: list[Any]) -> str:
    texts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return signing.dumps([order, *texts], salt=SALT)


def _read(mark: str | None, order: str, length: int) -> list[Any] | None:
    """Signed, so that nobody can make the database compare a date with a word."""
    try:
        made_for, *key = signing.loads(mark or "", salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return key if made_for == order and len(key) == length else None
