"""A database that goes away: before a statement, in the middle of a write, while it commits, and for a restart."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from syncstatus.connectors.errors import Unreachable
from syncstatus.connectors.ports import Create, Endpoint, Outcome, Source, Update
from tests.syncstatus.connectors.contract import all_keys, create, customer
from tests.syncstatus.connectors.sql.customers import MARIADB, POSTGRESQL, Customers, source


@pytest.fixture(params=["postgresql", "mariadb"])
def system(request: pytest.FixtureRequest) -> Iterator[Customers]:
    is_postgresql = request.param == "postgresql"
    found = Customers(request.getfixturevalue("postgres_url" if is_postgresql else "mariadb_url"), source())
    columns = POSTGRESQL if is_postgresql else MARIADB
    found.execute(f"CREATE TABLE customer (id varchar(40) PRIMARY KEY, {columns})")
    yield found
    found.close()


@pytest.fixture
def endpoint(system: Customers) -> Endpoint:
    return system.connector.open(system.source)


def cut(system: Customers) -> None:
    """An administrator ends every other session of the database."""
    if system.engine.dialect.name == "postgresql":
        system.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return
    with system.engine.connect() as connection:
        question = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = database() AND ID <> connection_id()"
        for (number,) in connection.execute(sa.text(question)).all():
            connection.execute(sa.text(f"KILL {number}"))


def test_a_connection_that_broke_while_idle_is_replaced(system: Customers, endpoint: Endpoint) -> None:
    create(endpoint, "1", "2")
    cut(system)
    assert set(all_keys(endpoint)) == {"1", "2"}
    cut(system)
    create(endpoint, "3")
    assert set(all_keys(endpoint)) == {"1", "2", "3"}


@pytest.mark.parametrize("count", [1, 20], ids=["one", "many"])
def test_a_connection_that_breaks_while_writing_wrote_nothing(
    system: Customers, endpoint: Endpoint, count: int
) -> None:
    made = create(endpoint, *(f"{number}" for number in range(1, count + 1)))
    engine = system.connector._database.engine  # type: ignore[attr-defined]
    updates = [Update(key, str(result.version), {"city": "Lost"}) for key, result in made.items()]

    def break_it(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            cut(system)

    event.listen(engine, "before_cursor_execute", break_it)
    with pytest.raises(Unreachable):
        endpoint.update(updates)
    event.remove(engine, "before_cursor_execute", break_it)
    assert all_keys(endpoint) == {key: result.version for key, result in made.items()}


@pytest.mark.parametrize("count", [1, 20], ids=["one", "many"])
def test_an_answer_that_is_lost_while_committing_is_unknown(system: Customers, endpoint: Endpoint, count: int) -> None:
    """SCENARIOS T3: the caller searches before it creates again."""
    engine = system.connector._database.engine  # type: ignore[attr-defined]

    event.listen(engine, "commit", lambda _connection: cut(system), once=True)
    results = endpoint.create([Create(f"{number}", customer(), f"{number}") for number in range(1, count + 1)])
    assert [(result.outcome, result.code) for result in results] == [(Outcome.UNKNOWN, "answer_lost")] * count
    assert all_keys(endpoint) == {}


def test_keys_whose_reservation_got_no_answer_are_nobodys(postgres_url: str) -> None:
    """Nothing was created yet, so this is a broken connection like any other."""
    system = Customers(postgres_url, Source("thing", ("name",)))
    system.execute("CREATE TABLE thing (id bigserial PRIMARY KEY, name text)")
    endpoint = system.connector.open(system.source)
    engine = system.connector._database.engine  # type: ignore[attr-defined]
    event.listen(engine, "commit", lambda _connection: cut(system), once=True)
    with pytest.raises(Unreachable):
        endpoint.reserve_keys(3)
    keys = endpoint.reserve_keys(3)
    assert keys is not None
    assert len(keys) == 3
    system.close()
