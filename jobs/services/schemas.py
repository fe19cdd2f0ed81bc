"""The systems' tables, for whoever maps them: which there are, what each looks like, and a first proposal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from couplings.configuration.entries import SideEntry
from couplings.models import Connection
from jobs.services.systems import Systems
from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.ports import FieldInfo, TableInfo, TableName
from syncstatus.engine.records import Side
from syncstatus.engine.values import Kind, KindsDiffer, common_kind

Message = tuple[str, dict[str, Any]]

# “modified_at”, “changedon”, “LastUpdated”: what such a field is called in most systems.
_MODIFIED: Final = re.compile(r"(last)?(modified|changed|updated)(at|on|date|time|datetime)?")


@dataclass(frozen=True)
class Described:
    """The tables of a mapping by side, None for one that cannot be described; ``problems`` are messages (code, params)
    that say why."""

    tables: Mapping[Side, TableInfo | None]
    problems: list[Message] = field(default_factory=list)


def describe(data: Mapping[str, Any]) -> Described:
    """The two tables that a mapping in the file's form names, asked now. Nothing is raised."""
    tables: dict[Side, TableInfo | None] = {}
    problems: list[Message] = []
    with Systems(_connections()) as systems:
        for side in Side:
            entry = _side(data.get(side.value) or {})
            found = systems.describe(entry)
            tables[side] = found if isinstance(found, TableInfo) else None
            if isinstance(found, ConnectorError):
                problems.append(_message(entry.connection, found))
        problems += [_message(name, error) for name, error in systems.failed.items()]
    return Described(tables, problems)


def tables(connection: str) -> tuple[list[TableName], Message | None]:
    """The tables of a connection; or none, and why its system cannot be asked."""
    with Systems(_connections()) as systems:
        connector = systems.connector(connection)
        if connector is None:
            return [], _message(connection, systems.failed[connection])
        try:
            return connector.tables(), None
        except ConnectorError as error:
            return [], _message(connection, error)


def _connections() -> dict[str, Connection]:
    return {row.name: row for row in Connection.objects.all()}


def _side(data: Mapping[str, Any]) -> SideEntry:
    return SideEntry(data.get("connection", ""), data.get("table", ""), data.get("schema", ""))


def _message(connection: str, error: ConnectorError) -> Message:
    return error.code, {"connection": connection, **error.params, "detail": error.detail}


def propose(left: TableInfo, right: TableInfo) -> dict[str, Any]:
    """What a new mapping of both tables may begin with, in the file's form: ``fields`` that are called the same, and
    ``modified_on`` by side where a field says when a record was changed."""
    changed = {side: _modified_on(table) for side, table in ((Side.LEFT, left), (Side.RIGHT, right))}
    there = {_plain(info.name): info for info in right.fields.values() if _is_data(right, info, changed[Side.RIGHT])}
    fields: dict[str, Any] = {}
    for info in left.fields.values():
        partner = there.get(_plain(info.name)) if _is_data(left, info, changed[Side.LEFT]) else None
        if partner is not None and (rule := _pair(info, partner)) is not None:
            fields[info.name] = rule
    return {"fields": fields, "modified_on": changed}


def _pair(left: FieldInfo, right: FieldInfo) -> Any:
    """The field mapping; None where values can travel in neither direction."""
    if left.type is None or right.type is None or not (left.writable or right.writable):
        return None
    try:
        common_kind(left.type, right.type)
    except KindsDiffer:
        return None
    if left.writable and right.writable:
        return right.name
    return {"to": right.name, "direction": "left_to_right" if right.writable else "right_to_left"}


def _is_data(table: TableInfo, info: FieldInfo, modified_on: str) -> bool:
    """Whether people fill it: not a number that the system draws, nor the time of a change."""
    return info.name != modified_on and not (info.name in table.key and (info.generated or len(table.key) > 1))


def _modified_on(table: TableInfo) -> str:
    times = (info.name for info in table.fields.values() if info.type is not None and info.type.kind is Kind.DATETIME)
    return next((name for name in times if _MODIFIED.fullmatch(_plain(name))), "")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
