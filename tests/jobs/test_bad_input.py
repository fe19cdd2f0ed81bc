"""Bad input: each gets a clear error of the right kind, and its neighbours are done (issues of records, DESIGN R4).

PostgreSQL stands on the right; on the left PostgreSQL, SQLite or MariaDB, whichever holds the value at all.
"""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from couplings.models import Connection, Coupling, FieldMapping, SyncError, TableMapping
from couplings.models.error import State
from jobs.models import Kind
from tests import given
from tests.jobs.worlds import Table, World, told

MakeWorld = Callable[..., World]
Bad = Callable[..., World]
MEGABYTE = 1_000_000


class PlainTable(Table):
    """A table of a system without row versions; its rows themselves tell whether something was written."""

    def versions(self) -> dict[str, str]:
        columns = "name", "phone", "fax", "amount"
        hexed = ", ".join(f"hex({column})" for column in columns)
        return {str(row[0]): repr(row) for row in self.execute(f"SELECT hex(id), {hexed} FROM {self.name}")}


@pytest.fixture
def bad(make_world: MakeWorld, sqlite_url: str) -> Bad:
    """A world with a SQLite file on the left whose columns hold anything."""

    def make(key: str = "integer PRIMARY KEY", **rules: Any) -> World:
        world = make_world(**rules)
        world.left.engine.dispose()
        world.left = PlainTable(sa.create_engine(sqlite_url), "customer")
        columns = "name text NOT NULL, phone text, fax text, amount numeric(12, 2)"
        world.left.execute(f"CREATE TABLE customer (id {key}, {columns})")
        Connection.objects.filter(name="ERP").update(settings={"url": sqlite_url})
        TableMapping.objects.update(left_schema="", left_modified_on="")
        world.mapping = TableMapping.objects.select_related("left_connection", "right_connection").get()
        return world

    return make


def assert_one_bad(world: World, kind: str, code: str, *fields: str) -> SyncError:
    """Three records, the second one bad: two done, one error, and the same again."""
    assert told(world.sync()) == {"inserted": 2, "failed": 1}
    error = world.error()
    assert (error.kind, error.code, error.state, error.fields) == (kind, code, State.SKIPPED, list(fields))
    world.assert_quiet()
    return error


def between(world: World, **values: Any) -> str:
    """A record between two good ones; its key."""
    world.left.add(name="First")
    key = world.left.add(**{"name": "Second", **values})
    world.left.add(name="Third")
    return key


def test_text_that_is_too_long(world: World) -> None:
    between(world, name="x" * 61)
    error = assert_one_bad(world, "validation", "text_too_long", "name")
    assert (error.params["limit"], error.params["length"]) == (60, 61)


def test_text_of_a_megabyte(bad: Bad) -> None:
    world = bad()
    between(world, name="x" * MEGABYTE)
    assert_one_bad(world, "validation", "text_too_long", "name")


def test_text_of_a_megabyte_that_fits(bad: Bad) -> None:
    world = bad()
    world.right.execute("ALTER TABLE account ALTER fullname TYPE text")
    key = between(world, name="x" * MEGABYTE)
    assert told(world.sync()) == {"inserted": 3}
    assert world.right.get(world.coupling(key).right_key, "name") == ("x" * MEGABYTE,)
    world.assert_quiet()


def test_nul_in_text(bad: Bad) -> None:
    world = bad()
    between(world, phone="1\x002")
    error = assert_one_bad(world, "validation", "nul_in_text", "phone")
    assert "\x00" not in str(error.params)


def test_text_that_is_no_text(bad: Bad) -> None:
    """Bytes of another encoding, as programs of the last century left them."""
    world = bad()
    key = between(world)
    world.left.execute("UPDATE customer SET phone = CAST(x'41ff42' AS text) WHERE id = :id", id=int(key))
    assert_one_bad(world, "validation", "unreadable_text", "phone")


def test_half_a_surrogate_pair(bad: Bad) -> None:
    world = bad()
    key = between(world)
    world.left.execute("UPDATE customer SET phone = CAST(x'eda080' AS text) WHERE id = :id", id=int(key))
    assert told(world.sync()) == {"inserted": 2, "failed": 1}
    assert (world.error().kind, world.error().fields) == ("validation", ["phone"])
    world.assert_quiet()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none(world: World, number: str) -> None:
    world.left.execute("ALTER TABLE customer ALTER amount TYPE numeric")
    key = between(world)
    world.left.execute(f"UPDATE customer SET amount = '{number}' WHERE id = {key}")
    error = assert_one_bad(world, "validation", "unreadable_number", "amount")
    assert number in error.params["text"]


def test_a_number_that_does_not_fit(world: World) -> None:
    world.right.execute("ALTER TABLE account ALTER credit TYPE numeric(6, 2)")
    between(world, amount=123456)
    error = assert_one_bad(world, "validation", "out_of_range", "amount")
    assert "CRM" in str(error.params)


@pytest.mark.parametrize("date", ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "294000-01-01"])
@pytest.mark.parametrize("native", ["date", "timestamp", "timestamptz"])
def test_dates_that_no_calendar_here_has(world: World, date: str, native: str) -> None:
    for table in (world.left, world.right):
        table.execute(f"ALTER TABLE {table.name} ADD born {native}")
    FieldMapping.objects.create(mapping=world.mapping, position=9, left="born", right="born")
    key = between(world, born="2026-01-01")
    world.left.execute(f"UPDATE customer SET born = '{date}' WHERE id = {key}")
    error = assert_one_bad(world, "validation", "unreadable_date", "born")
    assert error.params["text"]


def test_a_bad_value_that_is_put_right(world: World) -> None:
    key = between(world, name="x" * 61)
    world.sync()
    world.left.edit(key, name="Second")
    assert told(world.sync()) == {"skipped": 1}
    given.ask("retry")
    assert told(world.sync(Kind.RETRY)) == {"inserted": 1}
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize(
    ("rule", "code", "fields"),
    [
        ("ADD CHECK (telephone <> 'bad')", "constraint_refused", []),
        ("ADD UNIQUE (telephone)", "duplicate_value", []),
        ("ALTER fax SET NOT NULL", "required_empty", ["fax"]),
    ],
)
def test_a_row_that_breaks_a_rule_of_the_other_side(world: World, rule: str, code: str, fields: list[str]) -> None:
    world.right.add(name="Fabrikam", phone="bad", fax="1") if "UNIQUE" in rule else None
    world.right.execute(f"ALTER TABLE account {rule}")
    world.sync()
    for number, (phone, fax) in enumerate([("1", "1"), ("bad", None), ("3", "1")]):
        world.left.add(name=f"Name {number}", phone=phone, fax=fax)
    assert told(world.sync()) == {"inserted": 2, "failed": 1}
    error = world.error()
    assert (error.kind, error.code, error.state, error.fields) == ("validation", code, State.SKIPPED, fields)
    assert error.description == "Name 1"
    world.assert_quiet()


def test_an_update_that_breaks_a_rule_is_written_on_neither_side(world: World) -> None:
    (key, partner), *_ = world.pairs(3)
    world.right.execute("ALTER TABLE account ADD CHECK (telephone <> 'bad')")
    world.left.execute("UPDATE customer SET phone = CASE WHEN id = :id THEN 'bad' ELSE '7' END", id=int(key))
    assert told(world.sync()) == {"modified": 2, "failed": 1}
    assert world.error().left_key == key
    assert world.right.get(partner, "phone") == ("+45 000000",)
    world.assert_quiet()


# Keys


def test_a_key_that_changes(world: World) -> None:
    """The old key's record is gone and a new one has come: nothing is lost, and a person is asked about the old one."""
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.execute("UPDATE customer SET id = 4711")
    assert told(world.sync()) == {"failed": 1, "inserted": 1}
    error = world.error()
    assert (error.kind, error.left_key, error.right_key) == ("deleted", key, partner)
    assert world.left.keys() == ["4711"]
    assert world.right.get(partner, "name") == ("Adatum",)
    assert world.right.get(world.coupling("4711").right_key, "name") == ("Adatum",)
    world.assert_quiet()


def test_a_key_that_changes_where_records_match(make_world: MakeWorld) -> None:
    """The partner is still coupled to the old key; the new record says so instead of making a second one."""
    world = make_world(match=["name"])
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.execute("UPDATE customer SET id = 4711")
    world.sync()
    assert {error.kind for error in world.errors()} == {"deleted", "duplicate"}
    assert world.right.keys() == [partner]
    world.assert_quiet()
    given.ask("uncouple", *SyncError.objects.filter(kind="deleted"))
    assert Coupling.objects.get().left_key == key


@pytest.mark.parametrize(
    "key", ["k" * MEGABYTE, "".join(chr(0x4E00 + number) for number in range(2000)), "a\x00b", " ", "", "ключ", "😀"],
    ids=["megabyte", "incompressible", "NUL", "blank", "empty", "Cyrillic", "emoji"],
)  # fmt: skip
def test_keys_of_any_kind(bad: Bad, key: str) -> None:
    """What the store can remember survives; anything else is an error of that record, and its neighbours are done."""
    world = bad("text PRIMARY KEY")
    for name in ("aaa", key, "zzz"):
        world.left.execute("INSERT INTO customer (id, name) VALUES (:id, :name)", id=name, name="Name")
    storable = len(key.encode()) < 2000 and "\x00" not in key
    assert told(world.sync()) == ({"inserted": 3} if storable else {"inserted": 2, "failed": 1})
    assert [error.kind for error in world.errors()] == ([] if storable else ["validation"])
    assert len(world.right.keys()) == (3 if storable else 2)
    world.assert_quiet()
    given.ask("retry")
    world.sync(Kind.RETRY)
    assert [error.code for error in world.errors()] == ([] if storable else ["key_not_storable"]), "it is there still"


# MariaDB


def test_a_zero_date_of_mariadb(make_world: MakeWorld, mariadb_url: str) -> None:
    world = make_world()
    world.left.engine.dispose()
    world.left = PlainTable(sa.create_engine(mariadb_url), "customer")
    columns = "name varchar(100) NOT NULL, phone varchar(30), fax varchar(30), amount decimal(12, 2), born date"
    world.left.execute(f"CREATE TABLE customer (id integer AUTO_INCREMENT PRIMARY KEY, {columns})")
    world.right.execute("ALTER TABLE account ADD born date")
    FieldMapping.objects.create(mapping=world.mapping, position=9, left="born", right="born")
    Connection.objects.filter(name="ERP").update(settings={"url": mariadb_url})
    TableMapping.objects.update(left_schema="", left_modified_on="")
    world.mapping = TableMapping.objects.get()
    between(world, born="2026-01-01")
    with world.left.engine.begin() as user:
        user.execute(sa.text("SET sql_mode = ''"))
        user.execute(sa.text("UPDATE customer SET born = '0000-00-00' WHERE name = 'Second'"))
    assert_one_bad(world, "validation", "unreadable_date", "born")
