"""Records that a database refuses: a code for each reason, the field where it shows, and the neighbours written."""

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from syncstatus.connectors.ports import Create, Delete, Endpoint, Outcome, Source, Update, WriteResult
from tests.syncstatus.connectors.sql.customers import Customers

FIELDS = ("name", "code", "amount", "quantity", "born", "country")

TABLES = (
    "CREATE TABLE country (code varchar(2) PRIMARY KEY)",
    """CREATE TABLE customer (id integer PRIMARY KEY, name varchar(5) NOT NULL, code varchar(20) UNIQUE,
    amount decimal(5, 2), quantity smallint CHECK (quantity > 0), born date,
    country varchar(2) REFERENCES country (code))""",
    "CREATE TABLE note (customer_id integer NOT NULL, FOREIGN KEY (customer_id) REFERENCES customer (id))",
    "INSERT INTO country VALUES ('DK')",
)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def system(request: pytest.FixtureRequest) -> Iterator[Customers]:
    names = {"postgresql": "postgres_url", "mariadb": "mariadb_url", "sqlite": "sqlite_url"}
    url: str = request.getfixturevalue(names[request.param])
    if request.param == "sqlite":
        sqlite3.connect(str(make_url(url).database)).close()
    found = Customers(url, Source("customer", FIELDS), numeric=True)
    found.execute(*TABLES)
    yield found
    found.close()


@pytest.fixture
def endpoint(system: Customers) -> Endpoint:
    return system.connector.open(system.source)


def name_of(system: Customers) -> str:
    return system.engine.dialect.name


# what is wrong: values, code, field, on which databases
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"name": None}, "value_required", "name", "postgresql mysql sqlite"),
    ({"code": "taken"}, "duplicate_value", None, "postgresql mysql sqlite"),
    ({"name": "too long"}, "value_too_long", "name", "postgresql mysql"),
    ({"amount": Decimal("12345.5")}, "value_out_of_range", "amount", "postgresql mysql"),
    ({"quantity": 99999}, "value_out_of_range", "quantity", "postgresql mysql"),
    ({"quantity": -1}, "constraint_refused", None, "postgresql mysql sqlite"),
    ({"country": "XX"}, "reference_missing", None, "postgresql mysql sqlite"),
    ({"code": "NUL \0"}, "value_not_storable", "code", "postgresql"),
    ({"code": "half \ud83d"}, "value_not_storable", "code", "postgresql mysql sqlite"),
]


@pytest.mark.parametrize("neighbours", [2, 40], ids=["few", "many"])
def test_each_reason_has_its_code(system: Customers, endpoint: Endpoint, neighbours: int) -> None:
    here = [case for case in REFUSED if name_of(system) in case[3]]
    system.execute("INSERT INTO customer (id, name, code) VALUES (1, 'Ada', 'taken')")
    good = {str(number): {"name": f"N{number}", "code": f"c{number}"} for number in range(100, 100 + neighbours)}
    bad = {str(1000 + number): {"name": "Bob", **values} for number, (values, *_) in enumerate(here)}
    everybody = dict(sorted({**good, **bad}.items(), key=lambda item: int(item[0]) % 7))

    created = dict(zip(everybody, endpoint.create([Create(k, v, k) for k, v in everybody.items()]), strict=True))
    assert_refused(created, here, list(bad))
    assert {created[key].outcome for key in good} == {Outcome.OK}

    for key in bad:
        system.execute(f"INSERT INTO customer (id, name) VALUES ({key}, 'Bob')")
    versions = {key: stamp.version for key, stamp in endpoint.stamps(list(everybody)).items()}
    changes = {
        **{key: {"name": "New"} for key in good},
        **{key: values for key, (values, *_) in zip(bad, here, strict=True)},
    }
    updated = dict(
        zip(everybody, endpoint.update([Update(k, versions[k], changes[k]) for k in everybody]), strict=True)
    )
    assert_refused(updated, here, list(bad))
    assert {updated[key].outcome for key in good} == {Outcome.OK}
    assert {record.values[0] for key, record in endpoint.read(list(bad)).items()} == {"Bob"}


def assert_refused(results: dict[str, WriteResult], cases: list[Any], keys: list[str]) -> None:
    for key, (values, code, field, _) in zip(keys, cases, strict=True):
        result = results[key]
        assert (result.outcome, result.code) == (Outcome.INVALID, code), (values, result)
        assert field is None or result.field == field, (values, result)
        assert result.detail


@pytest.mark.parametrize("neighbours", [1, 20], ids=["few", "many"])
def test_a_record_that_others_refer_to_is_not_deleted(system: Customers, endpoint: Endpoint, neighbours: int) -> None:
    keys = [str(number) for number in range(1, neighbours + 2)]
    for key in keys:
        system.execute(f"INSERT INTO customer (id, name) VALUES ({key}, 'Ada')")
    system.execute("INSERT INTO note VALUES (1)")
    versions = {key: stamp.version for key, stamp in endpoint.stamps(keys).items()}
    results = dict(zip(keys, endpoint.delete([Delete(key, versions[key]) for key in keys]), strict=True))
    assert (results["1"].outcome, results["1"].code) == (Outcome.INVALID, "referenced")
    assert {result.outcome for key, result in results.items() if key != "1"} == {Outcome.OK}
    assert set(endpoint.stamps(keys)) == {"1"}


def test_a_record_that_somebody_holds_is_left_for_later(system: Customers) -> None:
    """The others are done."""
    if name_of(system) == "sqlite":
        pytest.skip("SQLite locks the whole database")
    hasty = Customers(system.url, system.source, options={"lock_timeout": "1"})
    endpoint = hasty.connector.open(system.source)
    keys = [str(number) for number in range(1, 21)]
    for key in keys:
        system.execute(f"INSERT INTO customer (id, name) VALUES ({key}, 'Ada')")
    versions = {key: stamp.version for key, stamp in endpoint.stamps(keys).items()}
    with system.engine.connect() as holder:
        holder.execute(sa.text("SELECT 1 FROM customer WHERE id = 7 FOR UPDATE"))
        results = dict(zip(keys, endpoint.update([Update(k, versions[k], {"name": "Bob"}) for k in keys]), strict=True))
    assert (results["7"].outcome, results["7"].code) == (Outcome.TRANSIENT, "locked")
    assert {result.outcome for key, result in results.items() if key != "7"} == {Outcome.OK}
    hasty.close()


def test_a_locked_sqlite_file_is_tried_again_later(system: Customers) -> None:
    if name_of(system) != "sqlite":
        pytest.skip("only SQLite locks the whole database")
    hasty = Customers(system.url, system.source, options={"lock_timeout": "0.05"})
    endpoint = hasty.connector.open(system.source)
    with sqlite3.connect(str(make_url(system.url).database)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        (result,) = endpoint.create([Create("1", {"name": "Ada"}, "1")])
        holder.rollback()
    holder.close()
    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "try_again")
    hasty.close()


def test_a_change_made_while_we_wait_is_a_conflict(system: Customers, endpoint: Endpoint) -> None:
    """SCENARIOS T5: the version is compared with what is there once the lock is ours."""
    if name_of(system) == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    keys = [str(number) for number in range(1, 21)]
    for key in keys:
        system.execute(f"INSERT INTO customer (id, name) VALUES ({key}, 'Ada')")
    versions = {key: stamp.version for key, stamp in endpoint.stamps(keys).items()}
    for writes in (
        [Update(key, versions[key], {"name": "Ours"}) for key in keys],
        [Update("7", versions["7"], {"name": "Ours"})],
    ):
        system.execute("UPDATE customer SET name = 'Ada' WHERE id = 7")
        versions["7"] = endpoint.stamps(["7"])["7"].version
        writes = [Update(write.key, versions[write.key], write.values) for write in writes]
        results: list[WriteResult] = []
        with system.engine.connect() as holder:
            holder.execute(sa.text("UPDATE customer SET name = 'Their' WHERE id = 7"))
            ours = threading.Thread(target=lambda: results.extend(endpoint.update(writes)))  # noqa: B023
            ours.start()
            wait_until_blocked(system, ours)
            holder.commit()
            ours.join()
        outcomes = {write.key: result.outcome for write, result in zip(writes, results, strict=True)}
        assert outcomes["7"] is Outcome.CONFLICT
        assert endpoint.read(["7"])["7"].values[0] == "Their"
        versions = {key: stamp.version for key, stamp in endpoint.stamps(keys).items()}


def wait_until_blocked(system: Customers, writer: threading.Thread) -> None:
    question = {
        "postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted",
        "mysql": "SELECT count(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
    }[name_of(system)]
    with system.engine.connect() as observer:
        while writer.is_alive() and not observer.execute(sa.text(question)).scalar_one():
            observer.rollback()


@pytest.mark.parametrize("count", [1, 20], ids=["one", "many"])
def test_a_user_who_may_only_read(postgres_url: str, count: int) -> None:
    system = Customers(postgres_url, Source("customer", FIELDS), numeric=True)
    system.execute(*TABLES, "INSERT INTO customer (id, name) SELECT i, 'Ada' FROM generate_series(1, 20) i")
    system.execute(
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'reader'", "GRANT SELECT ON customer TO reader"
    )
    url = make_url(postgres_url).set(username="reader", password="reader").render_as_string(hide_password=False)
    reader = Customers(url, system.source)
    endpoint = reader.connector.open(system.source)
    stamps = endpoint.stamps([str(number) for number in range(1, count + 1)])
    results = [
        *endpoint.create([Create(f"{n}", {"name": "Bob"}, f"{n}") for n in range(100, 100 + count)]),
        *endpoint.update([Update(key, stamp.version, {"name": "Bob"}) for key, stamp in stamps.items()]),
        *endpoint.delete([Delete(key, stamp.version) for key, stamp in stamps.items()]),
    ]
    assert {(result.outcome, result.code) for result in results} == {(Outcome.DENIED, "permission_denied")}
    reader.close()
    system.execute("DROP OWNED BY reader", "DROP ROLE reader")
    system.close()


def test_a_trigger_has_the_last_word(postgres_url: str) -> None:
    system = Customers(postgres_url, Source("customer", FIELDS), numeric=True)
    system.execute(*TABLES, "INSERT INTO customer (id, name) SELECT i, 'Ada' FROM generate_series(1, 20) i")
    system.execute(
        """CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
        IF NEW.name = ''no'' THEN RAISE EXCEPTION ''Not with me.''; END IF;
        IF NEW.name = ''skip'' THEN RETURN NULL; END IF;
        NEW.name := upper(NEW.name); RETURN NEW; END'""",
        "CREATE TRIGGER judge BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION judge()",
    )
    endpoint = system.connector.open(system.source)
    stamps = endpoint.stamps([str(number) for number in range(1, 21)])
    names = {"5": "no", "6": "skip"}
    updates = [Update(key, stamp.version, {"name": names.get(key, "bob")}) for key, stamp in stamps.items()]
    results = dict(zip(stamps, endpoint.update(updates), strict=True))
    assert (results["5"].outcome, results["5"].code, results["5"].detail) == (
        Outcome.INVALID,
        "constraint_refused",
        "Not with me.",
    )
    assert (results["6"].outcome, results["6"].code) == (Outcome.INVALID, "refused")
    rest = [result for key, result in results.items() if key not in names]
    assert {(result.outcome, (result.values or ("",))[0]) for result in rest} == {(Outcome.OK, "BOB")}
    stored = endpoint.read(list(stamps))
    assert all(stored[key].version == result.version for key, result in results.items() if key not in names)
    system.close()


def test_a_date_out_of_range_for_the_database(system: Customers, endpoint: Endpoint) -> None:
    (result,) = endpoint.create([Create("1", {"name": "Ada", "born": date(9999, 12, 31)}, "1")])
    assert result.outcome is Outcome.OK
    assert endpoint.read(["1"])["1"].values[4] == date(9999, 12, 31)


@pytest.mark.parametrize("count", [1, 20], ids=["one", "many"])
@pytest.mark.parametrize(("failures", "outcome"), [(2, Outcome.OK), (99, Outcome.TRANSIENT)])
def test_a_transaction_that_was_rolled_back_is_tried_again(
    postgres_url: str, count: int, failures: int, outcome: Outcome
) -> None:
    system = Customers(postgres_url, Source("customer", FIELDS), numeric=True)
    system.execute(*TABLES, "INSERT INTO customer (id, name) SELECT i, 'Ada' FROM generate_series(1, 20) i")
    system.execute(
        f"""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF nextval(''tries'') <= {failures}
        THEN RAISE EXCEPTION USING ERRCODE = ''40P01'', MESSAGE = ''deadlock detected''; END IF; RETURN NEW; END'""",
        "CREATE SEQUENCE tries",
        "CREATE TRIGGER fail BEFORE UPDATE ON customer FOR EACH STATEMENT EXECUTE FUNCTION fail()",
    )
    endpoint = system.connector.open(system.source)
    stamps = endpoint.stamps([str(number) for number in range(1, count + 1)])
    results = endpoint.update([Update(key, stamp.version, {"name": "Bob"}) for key, stamp in stamps.items()])
    assert [result.outcome for result in results] == [outcome] * count
    written = {record.values[0] for record in endpoint.read(list(stamps)).values()}
    assert written == {"Bob" if outcome is Outcome.OK else "Ada"}
    system.close()


def test_a_constraint_looked_at_while_committing_is_one_records_problem(postgres_url: str) -> None:
    system = Customers(postgres_url, Source("child", ("parent",)), numeric=True)
    system.execute(
        "CREATE TABLE parent (id integer PRIMARY KEY)",
        "CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO parent VALUES (1)",
    )
    endpoint = system.connector.open(system.source)
    results = endpoint.create([Create(f"{n}", {"parent": 2 if n == 7 else 1}, f"{n}") for n in range(20)])
    assert [n for n, result in enumerate(results) if result.outcome is not Outcome.OK] == [7]
    assert results[7].code == "reference_missing"
    system.close()


def test_blanks_cut_off_by_the_type_are_noticed(postgres_url: str) -> None:
    system = Customers(postgres_url, Source("customer", FIELDS), numeric=True)
    system.execute(*TABLES)
    endpoint = system.connector.open(system.source)
    names = [f"N{n}      " if n % 2 else f"N{n}" for n in range(10)]
    results = endpoint.create([Create(f"{n}", {"name": name}, f"{n}") for n, name in enumerate(names)])
    stored = [result.values[0] if result.values else names[n] for n, result in enumerate(results)]
    assert stored == [record.values[0] for record in endpoint.read([f"{n}" for n in range(10)]).values()]
    assert [result.values is None for result in results] == [not n % 2 for n in range(10)]
    system.close()
