"""All ordinary types of the three databases, and values that Python has no form for."""

import sqlite3
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from syncstatus.connectors.errors import TypeUnsupported
from syncstatus.connectors.ports import Create, Outcome, Source, Update
from syncstatus.connectors.registry import connect
from syncstatus.engine.values import FieldType, Kind, Unreadable

MOMENT = datetime(2026, 3, 1, 12, 30, 45, 123456, tzinfo=UTC)
NOON = MOMENT.replace(microsecond=0)
UUID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

# type in the database's words, the engine's type, a value
POSTGRESQL: list[tuple[str, FieldType, Any]] = [
    ("varchar(40)", FieldType(Kind.TEXT, length=40), 'tab\there, "quote", line\nbreak'),
    ("text", FieldType(Kind.TEXT), "\\N"),
    ("char(5)", FieldType(Kind.TEXT, length=5, fixed=True), "abc"),
    ("smallint", FieldType(Kind.INTEGER, precision=16), -32768),
    ("integer", FieldType(Kind.INTEGER, precision=32), 2147483647),
    ("bigint", FieldType(Kind.INTEGER, precision=64), 9223372036854775807),
    ("numeric(10,3)", FieldType(Kind.DECIMAL, precision=10, scale=3), Decimal("1234567.125")),
    ("numeric", FieldType(Kind.DECIMAL), Decimal("0.1234567890123456789012345678901234567890")),
    ("real", FieldType(Kind.FLOAT), 0.1),
    ("double precision", FieldType(Kind.FLOAT), 0.1 + 0.2),
    ("boolean", FieldType(Kind.BOOLEAN), True),
    ("date", FieldType(Kind.DATE), date(1, 1, 1)),
    ("time(3)", FieldType(Kind.TIME, time_precision=3), time(23, 59, 59, 123000)),
    ("timestamp", FieldType(Kind.DATETIME, time_precision=6), MOMENT),
    ("timestamptz(0)", FieldType(Kind.DATETIME, time_precision=0), NOON),
    ("timestamptz", FieldType(Kind.DATETIME, time_precision=6), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("uuid", FieldType(Kind.UUID), UUID),
    ("bytea", FieldType(Kind.BINARY), b"\x00\xff\\x"),
    ("json", FieldType(Kind.JSON), {"a": [1, None, "æ"], "b": {"c": True}}),
    ("jsonb", FieldType(Kind.JSON), [1.5, "x"]),
    ("mood", FieldType(Kind.TEXT), "fine"),
    ("short", FieldType(Kind.TEXT), "abc"),
    ("inet", FieldType(Kind.TEXT), "10.0.0.1"),
]

MARIADB: list[tuple[str, FieldType, Any]] = [
    ("varchar(40)", FieldType(Kind.TEXT, length=40), "quote ' and \\ and \N{GRINNING FACE}"),
    ("longtext", FieldType(Kind.TEXT), "x" * 70_000),
    ("char(5)", FieldType(Kind.TEXT, length=5, fixed=True), "abc"),
    ("tinyint", FieldType(Kind.INTEGER, precision=8), -128),
    ("smallint unsigned", FieldType(Kind.INTEGER, precision=17), 65535),
    ("mediumint", FieldType(Kind.INTEGER, precision=24), 8388607),
    ("int unsigned", FieldType(Kind.INTEGER, precision=33), 4294967295),
    ("bigint", FieldType(Kind.INTEGER, precision=64), -9223372036854775808),
    ("decimal(10,3)", FieldType(Kind.DECIMAL, precision=10, scale=3), Decimal("1234567.125")),
    ("double", FieldType(Kind.FLOAT), 0.1 + 0.2),
    ("tinyint(1)", FieldType(Kind.BOOLEAN), True),
    ("bit(1)", FieldType(Kind.BOOLEAN), False),
    ("date", FieldType(Kind.DATE), date(1000, 1, 1)),
    ("time(3)", FieldType(Kind.TIME, time_precision=3), time(23, 59, 59, 123000)),
    ("datetime(6)", FieldType(Kind.DATETIME, time_precision=6), MOMENT),
    ("timestamp", FieldType(Kind.DATETIME, time_precision=0), NOON),
    ("year", FieldType(Kind.INTEGER, precision=16), 2026),
    ("uuid", FieldType(Kind.UUID), UUID),
    ("longblob", FieldType(Kind.BINARY), b"\x00\xff'\\"),
    ("varbinary(10)", FieldType(Kind.BINARY, length=10), b"\x00\xff"),
    ("json", FieldType(Kind.JSON), {"a": [1, None, "æ"]}),
    ("enum('fine','bad')", FieldType(Kind.TEXT), "fine"),
]

SQLITE: list[tuple[str, FieldType, Any]] = [
    ("varchar(40)", FieldType(Kind.TEXT, length=40), "007"),
    ("integer", FieldType(Kind.INTEGER, precision=64), 9223372036854775807),
    ("numeric(10,3)", FieldType(Kind.DECIMAL, precision=10, scale=3), Decimal("1234567.125")),
    ("real", FieldType(Kind.FLOAT), 0.1 + 0.2),
    ("boolean", FieldType(Kind.BOOLEAN), True),
    ("date", FieldType(Kind.DATE), date(1, 1, 1)),
    ("time", FieldType(Kind.TIME, time_precision=6), time(23, 59, 59, 123000)),
    ("datetime", FieldType(Kind.DATETIME, time_precision=6), MOMENT),
    ("uuid", FieldType(Kind.UUID), UUID),
    ("blob", FieldType(Kind.BINARY), b"\x00\xff"),
    ("json", FieldType(Kind.JSON), {"a": [1, None, "æ"]}),
]

# type, SQL of a value that has no form in Python, its code
POSTGRESQL_ODD = [
    ("timestamptz", "'infinity'", "unreadable_date"),
    ("timestamp", "'0044-03-15 BC'", "unreadable_date"),
    ("timestamptz", "'20000-01-01'", "unreadable_date"),
    ("date", "'-infinity'", "unreadable_date"),
    ("date", "'0044-03-15 BC'", "unreadable_date"),
    ("numeric", "'NaN'", "unreadable_number"),
    ("double precision", "'Infinity'", "unreadable_number"),
    ("real", "'NaN'", "unreadable_number"),
    ("time", "'24:00'", "unreadable_time"),
]
MARIADB_ODD = [
    ("date", "'0000-00-00'", "unreadable_date"),
    ("datetime", "'0000-00-00 00:00:00'", "unreadable_date"),
    ("date", "'2026-00-00'", "unreadable_date"),
    ("time", "'-01:00:00'", "unreadable_time"),
    ("time", "'838:59:59'", "unreadable_time"),
]
SQLITE_ODD = [
    ("text", "CAST(x'ff' AS TEXT)", "unreadable_text"),
    ("integer", "'many'", "unreadable_number"),
    ("numeric", "'many'", "unreadable_number"),
    ("real", "9e999", "unreadable_number"),
    ("date", "'yesterday'", "unreadable_date"),
    ("datetime", "x'00'", "unreadable_date"),
    ("boolean", "'perhaps'", "unreadable_boolean"),
    ("json", "'{'", "unreadable_json"),
]


class Thing:
    """A table with one column of each type."""

    def __init__(self, url: str, types: list[str]) -> None:
        self.url = url
        self.fields = tuple(f"f{number}" for number in range(len(types)))
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        columns = ", ".join(f"{name} {type_} NULL" for name, type_ in zip(self.fields, types, strict=True))
        self.execute(f"CREATE TABLE thing (id integer PRIMARY KEY, {columns})")
        self.connector = connect("sql", {"url": url})

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "mysql":
                connection.exec_driver_sql("SET sql_mode = ''")
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        self.connector.close()
        self.engine.dispose()


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    names = {"postgresql": "postgres_url", "mariadb": "mariadb_url", "sqlite": "sqlite_url"}
    url: str = request.getfixturevalue(names[request.param])
    if request.param == "sqlite":
        sqlite3.connect(str(make_url(url).database)).close()
    if request.param == "postgresql":
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('fine', 'bad'); CREATE DOMAIN short AS varchar(3)")
    return url


def _kind(url: str) -> str:
    return make_url(url).get_backend_name()


ORDINARY = {"postgresql": POSTGRESQL, "mysql": MARIADB, "sqlite": SQLITE}
ODD = {"postgresql": POSTGRESQL_ODD, "mysql": MARIADB_ODD, "sqlite": SQLITE_ODD}


@pytest.mark.parametrize("count", [1, 10], ids=["one", "many"])
def test_ordinary_values_survive(database: str, count: int) -> None:
    ordinary = ORDINARY[_kind(database)]
    thing = Thing(database, [native for native, _, _ in ordinary])
    endpoint = thing.connector.open(Source("thing", thing.fields))
    values = dict(zip(thing.fields, (value for _, _, value in ordinary), strict=True))
    nothing = dict.fromkeys(thing.fields)
    types = [endpoint.info.fields[name].type for name in thing.fields]
    assert types == [type_ for _, type_, _ in ordinary]

    keys = [str(number) for number in range(1, count + 1)]
    created = endpoint.create([Create(key, values, key) for key in keys])
    assert [(r.outcome, r.values) for r in created] == [(Outcome.OK, None)] * count
    assert all(record.values == tuple(values.values()) for record in endpoint.read(keys).values())
    assert [type(v) for v in endpoint.read(keys)["1"].values] == [type(v) for v in values.values()]

    emptied = endpoint.update([Update(str(r.key), str(r.version), nothing) for r in created])
    assert [(r.outcome, r.values) for r in emptied] == [(Outcome.OK, None)] * count
    assert all(record.values == (None,) * len(ordinary) for record in endpoint.read(keys).values())

    filled = endpoint.update([Update(str(r.key), str(r.version), values) for r in emptied])
    assert [(r.outcome, r.values) for r in filled] == [(Outcome.OK, None)] * count
    assert all(record.values == tuple(values.values()) for record in endpoint.read(keys).values())
    thing.close()


def test_ordinary_values_can_be_filtered_and_searched(database: str) -> None:
    ordinary = ORDINARY[_kind(database)]
    thing = Thing(database, [native for native, _, _ in ordinary])
    whole = thing.connector.open(Source("thing", thing.fields))
    values = dict(zip(thing.fields, (value for _, _, value in ordinary), strict=True))
    whole.create([Create("1", values, "1"), Create("2", dict.fromkeys(thing.fields), "2")])
    comparable = [n for n, (_, type_, _) in zip(thing.fields, ordinary, strict=True) if type_.kind is not Kind.JSON]
    for name in comparable:
        endpoint = thing.connector.open(Source("thing", thing.fields, filter={name: values[name]}))
        # MariaDB stores single bits of a float that no literal equals.
        assert [stamp.key for stamp in endpoint.keys(None, 10)] == ["1"] or values[name] == 0.1, name
        if values[name] != 0.1:
            assert [r.key for r in whole.search([name], [(values[name],)], case_sensitive=[True])] == ["1"], name
    thing.close()


def test_a_value_without_a_form_in_python_is_alone_unreadable(database: str) -> None:
    odd = ODD[_kind(database)]
    thing = Thing(database, [native for native, _, _ in odd])
    thing.execute(f"INSERT INTO thing VALUES (1, {', '.join(value for _, value, _ in odd)})")
    thing.execute("INSERT INTO thing (id) VALUES (2)")
    endpoint = thing.connector.open(Source("thing", thing.fields))
    records = endpoint.read(["1", "2"])
    assert [value.code for value in records["1"].values if isinstance(value, Unreadable)] == [code for *_, code in odd]
    assert records["2"].values == (None,) * len(odd)
    (result,) = endpoint.update([Update("2", records["2"].version, {"f0": records["1"].values[0]})])
    assert (result.outcome, result.code, result.field) == (Outcome.INVALID, "value_not_storable", "f0")
    thing.close()


@pytest.mark.parametrize("native", ["integer[]", "interval", "tsvector", "point", "xml", "money", "timetz"])
def test_an_unmapped_field_may_have_any_type(postgres_url: str, native: str) -> None:
    thing = Thing(postgres_url, ["text", native])
    assert thing.connector.describe("thing").fields["f1"].type is None
    assert thing.connector.open(Source("thing", ("f0",))).keys(None, 10) == []
    with pytest.raises(TypeUnsupported) as refused:
        thing.connector.open(Source("thing", ("f0", "f1")))
    assert refused.value.params["field"] == "f1"
    thing.close()
