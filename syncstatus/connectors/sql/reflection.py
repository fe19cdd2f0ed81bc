"""What a table looks like, from the database's catalog."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import NoSuchTableError

from syncstatus.connectors.errors import TableMissing
from syncstatus.connectors.ports import FieldInfo, TableInfo, TableName
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.dialects.base import Dialect, TableFacts

# Their tables are about the database itself.
SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys", "main", "temp"})


@dataclass(frozen=True, slots=True)
class Reflection:
    """A table's fields and keys. ``unique`` holds every set of columns that the database keeps unique."""

    info: TableInfo
    columns: Mapping[str, Column]
    unique: Sequence[frozenset[str]]
    facts: TableFacts


def reflect(connection: Connection, dialect: Dialect, table: str, schema: str | None) -> Reflection:
    """Raises ``TableMissing``; the errors of the database itself come through untranslated."""
    inspector = sa.inspect(connection)
    try:
        # An unknown type is no reason to warn: a field that nobody maps may have any.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            reflected = inspector.get_columns(table, schema)
            key = tuple(inspector.get_pk_constraint(table, schema).get("constrained_columns") or ())
            unique = _unique(inspector, table, schema)
    except NoSuchTableError:
        raise TableMissing(table=_full_name(table, schema)) from None
    if not reflected:
        raise TableMissing(table=_full_name(table, schema))
    facts = dialect.facts(connection, table, schema)
    columns = {column["name"]: _column(dialect, column, facts) for column in reflected}
    info = TableInfo(table, schema, {name: column.info for name, column in columns.items()}, key)
    _probe(connection, table, schema)
    return Reflection(info, columns, [frozenset(key), *unique] if key else unique, facts)


def listed(connection: Connection) -> list[TableName]:
    """The tables and views of the default schema, then those of the others, by name."""
    inspector = sa.inspect(connection)
    own = inspector.default_schema_name
    others = sorted(name for name in inspector.get_schema_names() if name != own and name not in SYSTEM_SCHEMAS)
    return [TableName(name, schema) for schema in (None, *others) for name in _names(inspector, schema)]


def _names(inspector: Inspector, schema: str | None) -> list[str]:
    return sorted({*inspector.get_table_names(schema), *inspector.get_view_names(schema)})


def _probe(connection: Connection, table: str, schema: str | None) -> None:
    """The catalog shows tables that we may not read."""
    connection.execute(sa.select(sa.literal(1)).select_from(sa.table(table, schema=schema)).where(sa.false()))


def _unique(inspector: Inspector, table: str, schema: str | None) -> list[frozenset[str]]:
    constraints = [frozenset(found["column_names"]) for found in inspector.get_unique_constraints(table, schema)]
    indexes = [
        frozenset(name for name in index["column_names"] if name)
        for index in inspector.get_indexes(table, schema, include_auto_indexes=True)
        if index["unique"] and all(index["column_names"]) and not _is_partial(index)
    ]
    return [*constraints, *indexes]


def _is_partial(index: Any) -> bool:
    return any(
        name.endswith("_where") and value is not None for name, value in index.get("dialect_options", {}).items()
    )


def _column(dialect: Dialect, reflected: ReflectedColumn, facts: TableFacts) -> Column:
    name = reflected["name"]
    nullable = bool(reflected["nullable"])
    codec = dialect.codec(name, reflected["type"], facts, nullable=nullable)
    computed = reflected.get("computed") is not None
    identity: Mapping[str, Any] = reflected.get("identity") or {}
    generated = computed or bool(identity) or reflected.get("default") is not None
    generated = generated or reflected.get("autoincrement") is True or name in facts.numbered
    info = FieldInfo(
        name=name,
        type=codec.type if codec else None,
        native_type=facts.natives.get(name) or _native(reflected["type"], facts.casts.get(name, "")),
        writable=not computed and not identity.get("always"),
        generated=generated,
        required=not nullable and not generated,
    )
    return Column(info, codec, facts.casts.get(name, ""), name in facts.folding)


def _native(type_: Any, cast: str) -> str:
    try:
        return str(type_) if not isinstance(type_, sa.types.NullType) else cast
    except sa.exc.CompileError:
        return cast or type(type_).__name__


def _full_name(table: str, schema: str | None) -> str:
    return f"{schema}.{table}" if schema else table
