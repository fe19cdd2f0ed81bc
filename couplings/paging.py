"""Lists are paged by key, never by offset: page 20,000 costs what page 1 costs, and rows that come or go while somebody
reads neither repeat nor hide others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Func, Model, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan, LessThan

SIZE = 50
SALT = "couplings.paging"
Row = TypeVar("Row", bound=Model)


class Key(Func):
    """(column, id) compared as one, which an index on both columns answers with one descent."""

    function = "ROW"
    output_field = TextField()


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page; ``previous`` and ``next`` are the query string's parameters that lead there, None at an end."""

    rows: list[Row]
    previous: dict[str, str] | None
    next: dict[str, str] | None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Count:
    """How many there are; not exact means at least so many."""

    value: int
    exact: bool = True


def page(rows: QuerySet[Row], order: str, where: Mapping[str, str], size: int = SIZE) -> Page[Row]:
    """The page of ``rows`` that ``where`` (a query string with ``after`` or ``before``) points at.

    ``order`` is a column or annotation that is never null, descending with a leading minus; ties follow the primary
    key. A mark that is broken, or was made for another order, leads to the first page.
    """
    backwards = "before" in where
    mark = _read(where.get("before") or where.get("after"), order)
    descending = order.startswith("-") != backwards
    placed: QuerySet[Any] = rows.annotate(position=F(order.lstrip("-")))
    if mark:
        beyond = LessThan if descending else GreaterThan
        placed = placed.filter(beyond(Key(F("position"), F("pk")), Key(*(Value(part) for part in mark))))
    sign = "-" if descending else ""
    found: list[Row] = list(placed.order_by(f"{sign}position", f"{sign}pk")[: size + 1])
    more = len(found) > size
    del found[size:]
    if backwards:
        found.reverse()
    before, after = (bool(mark), more) if not backwards else (more, bool(mark))
    return Page(
        found,
        {"before": _mark(found[0], order)} if found and before else None,
        {"after": _mark(found[-1], order)} if found and after else None,
    )


def bounded_count(rows: QuerySet[Any], limit: int = 1000) -> Count:
    """Counts up to ``limit`` rows and no further."""
    found = rows.order_by()[: limit + 1].count()
    return Count(min(found, limit), found <= limit)


def _mark(row: Model, order: str) -> str:
    position = getattr(row, "position")  # noqa: B009  (the annotation above)
    if isinstance(position, datetime):
        position = position.isoformat()
    return signing.dumps([order, position, row.pk], salt=SALT)


def _read(mark: str | None, order: str) -> list[Any] | None:
    """Signed, so that nobody can make the database compare a date with a word."""
    try:
        made_for, *key = signing.loads(mark or "", salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return key if made_for == order else None
