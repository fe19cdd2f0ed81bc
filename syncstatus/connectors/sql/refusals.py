"""Results of single operations: refused before they are sent, or by the database."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from syncstatus.connectors.ports import Create, Delete, Outcome, Update, WriteResult
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.failures import Failure
from syncstatus.connectors.sql.table import BoundTable
from syncstatus.engine.records import Record
from syncstatus.engine.values import FieldType, Kind, Unreadable


def gone(key: str | None) -> WriteResult:
    return WriteResult(Outcome.GONE, key, code="record_gone")


def conflict(key: str, version: str) -> WriteResult:
    """``version`` is the one the record has now."""
    return WriteResult(Outcome.CONFLICT, key, version, code="record_changed")


def exists(key: str) -> WriteResult:
    return WriteResult(Outcome.EXISTS, key, code="key_exists")


def locked(key: str) -> WriteResult:
    return WriteResult(Outcome.TRANSIENT, key, code="locked")


def invalid(key: str | None, code: str, field: str) -> WriteResult:
    return WriteResult(Outcome.INVALID, key, code=code, field=field)


def written(table: BoundTable, record: Record, sent: Mapping[str, Any]) -> WriteResult:
    """Success; with the record as stored when that is not what was sent."""
    stored = dict(zip(table.source.fields, record.values, strict=True))
    as_sent = all(stored[name] == value for name, value in sent.items() if name in stored)
    return WriteResult(Outcome.OK, record.key, record.version, None if as_sent else record.values)


def refused_unsent(table: BoundTable, operation: Create | Update) -> WriteResult | None:
    """What need not be sent to be refused: a computed field, a value that was never readable."""
    values = operation.values
    if values.keys().isdisjoint(table.read_only) and Unreadable not in map(type, values.values()):
        return None
    key = operation.key if isinstance(operation, Update) else None
    computed = next((name for name in values if name in table.read_only), None)
    if computed is not None:
        return invalid(key, "field_read_only", computed)
    unreadable = next(name for name, value in values.items() if isinstance(value, Unreadable))
    return invalid(key, "value_not_storable", unreadable)


def refused(table: BoundTable, operation: Create | Update | Delete, failure: Failure) -> WriteResult:
    """The database's refusal, with the field where its words or the values show it."""
    result = failure.result(operation.key)
    if isinstance(operation, Delete) and result.code == "reference_missing":
        return replace(result, code="referenced")  # SQLite does not say which end of the reference it is
    if result.outcome is not Outcome.INVALID or isinstance(operation, Delete):
        return result
    field = result.field if result.field in table.columns else None
    field = field or _suspect(table.columns, operation.values, result.code)
    length = _length(table.columns[field]) if field else None
    params = {**result.params, "length": length} if result.code == "value_too_long" and length else result.params
    return replace(result, params=params, field=field)


def _suspect(columns: Mapping[str, Column], values: Mapping[str, Any], code: str) -> str | None:
    is_suspect = _SUSPECTS.get(code)
    if is_suspect is None:
        return None
    typed = ((name, columns[name].codec, value) for name, value in values.items())
    return next((name for name, codec, value in typed if codec and is_suspect(codec.type, value)), None)


def _length(column: Column) -> int | None:
    return column.codec.type.length if column.codec else None


def _is_too_long(type_: FieldType, value: Any) -> bool:
    return type_.length is not None and isinstance(value, (str, bytes)) and len(value) > type_.length


def _is_out_of_range(type_: FieldType, value: Any) -> bool:
    if type_.precision is None:
        return False
    if type_.kind is Kind.INTEGER and isinstance(value, int):
        return not -(1 << (type_.precision - 1)) <= value < 1 << (type_.precision - 1)
    return isinstance(value, Decimal) and value.adjusted() >= type_.precision - (type_.scale or 0)


def _is_not_storable(_type: FieldType, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)


_SUSPECTS: Final[Mapping[str, Callable[[FieldType, Any], bool]]] = {
    "value_too_long": _is_too_long,
    "value_out_of_range": _is_out_of_range,
    "value_not_storable": _is_not_storable,
    "value_required": lambda type_, value: value is None and not type_.nullable,
}
