"""A side's filter (DESIGN 7.1) as a condition that the database evaluates."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.errors import FilterFieldUnknown, FilterOperatorUnknown, FilterValueInvalid
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.dialects.base import Dialect
from syncstatus.engine.values import Kind

OPERATORS: Final = ("eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "startswith", "isnull")


class FilterBuilder:
    """Builds the condition for one table. ``ne`` also lets in records whose field is null, as OData has it."""

    def __init__(self, dialect: Dialect, columns: Mapping[str, Column], element: Callable[[str], ColumnElement[Any]]):
        self._dialect = dialect
        self._columns = columns
        self._element = element

    def condition(self, filter_: Mapping[str, Any]) -> ColumnElement[bool] | None:
        """All of its parts together; None for an empty filter. Raises ``FilterInvalid``."""
        parts = [part for field, wanted in filter_.items() for part in self._field(field, wanted)]
        return sa.and_(*parts) if parts else None

    def _field(self, field: str, wanted: Any) -> list[ColumnElement[bool]]:
        column = self._columns.get(field)
        if column is None or column.codec is None:
            raise FilterFieldUnknown(field=field)
        if isinstance(wanted, Mapping):
            return [self._part(column, operator, value) for operator, value in wanted.items()]
        return [self._part(column, "in" if _is_list(wanted) else "eq", wanted)]

    def _part(self, column: Column, operator: str, value: Any) -> ColumnElement[bool]:
        element = self._element(column.name)
        match operator:
            case "isnull":
                return self._null(column, element, value)
            case "in":
                return self._in(column, element, value)
            case "contains" | "startswith":
                return self._text(column, element, operator, value)
            case "eq" | "ne" | "lt" | "le" | "gt" | "ge":
                return self._compare(column, element, operator, value)
        raise FilterOperatorUnknown(field=column.name, operator=str(operator), operators=", ".join(OPERATORS))

    def _null(self, column: Column, element: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        if not isinstance(value, bool):
            raise _invalid(column, "isnull", value)
        return element.is_(None) if value else element.is_not(None)

    def _in(self, column: Column, element: ColumnElement[Any], values: Any) -> ColumnElement[bool]:
        if not _is_list(values):
            raise _invalid(column, "in", values)
        wanted = [self._parameter(column, "in", value) for value in values if value is not None]
        return sa.or_(element.in_(wanted), element.is_(None)) if None in values else element.in_(wanted)

    def _text(self, column: Column, element: ColumnElement[Any], operator: str, value: Any) -> ColumnElement[bool]:
        if not isinstance(value, str) or column.codec is None or column.codec.type.kind is not Kind.TEXT:
            raise _invalid(column, operator, value)
        dialect = self._dialect
        return dialect.contains(element, value) if operator == "contains" else dialect.starts_with(element, value)

    def _compare(self, column: Column, element: ColumnElement[Any], operator: str, value: Any) -> ColumnElement[bool]:
        if value is None:
            if operator not in ("eq", "ne"):
                raise _invalid(column, operator, value)
            return element.is_(None) if operator == "eq" else element.is_not(None)
        parameter = self._parameter(column, operator, value)
        if operator == "ne":
            return sa.or_(element != parameter, element.is_(None))
        return _COMPARISONS[operator](element, parameter)

    def _parameter(self, column: Column, operator: str, value: Any) -> ColumnElement[Any]:
        kind = column.codec.type.kind if column.codec else Kind.TEXT
        try:
            native = CONVERTERS[kind](value)
        except (ValueError, TypeError, KeyError, InvalidOperation, AttributeError):
            raise _invalid(column, operator, value) from None
        return self._dialect.parameter(column, native)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _invalid(column: Column, operator: str, value: Any) -> FilterValueInvalid:
    kind = column.codec.type.kind.value if column.codec else ""
    return FilterValueInvalid(field=column.name, operator=operator, value=str(value), kind=kind)


def _integer(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _boolean(value: Any) -> bool:
    return (
        value if isinstance(value, bool) else {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
    )


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


def _datetime(value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _scalar_text(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        raise TypeError(value)
    return str(value)


CONVERTERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _scalar_text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.FLOAT: float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: lambda value: value if isinstance(value, time) else time.fromisoformat(value),
    Kind.DATETIME: _datetime,
    Kind.UUID: lambda value: str(UUID(str(value))),
    Kind.BINARY: lambda value: value if isinstance(value, bytes) else bytes.fromhex(value),
    Kind.JSON: lambda value: json.loads(value) if isinstance(value, str) else value,
}

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "eq": lambda element, value: element == value,
    "lt": lambda element, value: element < value,
    "le": lambda element, value: element <= value,
    "gt": lambda element, value: element > value,
    "ge": lambda element, value: element >= value,
}
