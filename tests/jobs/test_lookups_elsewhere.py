"""Lookups where the parents and children of one side stand in SQLite or MariaDB, with foreign keys that are kept."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from couplings.models import Connection, Coupling, TableMapping
from jobs.services import actions
from tests.jobs.families import Family, add_contacts, waiting
from tests.jobs.worlds import Table, World, told

TEXTS = "phone varchar(30), fax varchar(30), region varchar(9)"
COLUMNS = {
    "customer": f"name varchar(100) NOT NULL, amount decimal(12, 2), {TEXTS}",
    "contact": "name varchar(100) NOT NULL, customer_id integer, FOREIGN KEY (customer_id) REFERENCES customer (id)",
}
KEYS = {
    "sqlite_url": "id integer PRIMARY KEY AUTOINCREMENT",
    "mariadb_url": "id integer AUTO_INCREMENT PRIMARY KEY",
}


@pytest.fixture(params=KEYS)
def family(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> Iterator[Family]:
    """Customers and contacts of the left side in a database of another kind."""
    url = request.getfixturevalue(request.param)
    found = add_contacts(make_world())
    engine = sa.create_engine(url)
    for table in (found.parents.left, found.world.left):
        table.engine.dispose()
    found.parents.left, found.world.left = Table(engine, "customer"), Table(engine, "contact")
    for table in (found.parents.left, found.world.left):
        table.execute(f"CREATE TABLE {table.name} ({KEYS[request.param]}, {COLUMNS[table.name]})")
    Connection.objects.filter(name="ERP").update(settings={"url": url})
    TableMapping.objects.update(left_schema="", left_modified_on="")
    for world in (found.parents, found.world):
        world.mapping.refresh_from_db()
    yield found
    engine.dispose()


def parent_of(family: Family, contact: str) -> str | None:
    rows = family.left.execute("SELECT customer_id FROM contact WHERE id = :id", id=int(contact))
    return None if rows[0][0] is None else str(rows[0][0])


def test_links_travel_both_ways_and_parents_come_first(family: Family) -> None:
    customers = [family.parents.left.add(name=name) for name in ("Adatum", "Fabrikam")]
    contact = family.left.add(name="Ada", customer_id=int(customers[0]))
    account = family.parents.right.add(name="Contoso")
    person = family.right.add(name="Bob", customer_id=account)
    family.world.sync()
    accounts = [family.parents.coupling(key).right_key for key in customers[:1]]
    assert family.account_of(family.partner(contact)) == accounts[0]
    bob = Coupling.objects.get(mapping=family.world.mapping, right_key=person).left_key
    parents = Coupling.objects.filter(mapping=family.parents.mapping)
    assert parent_of(family, bob) == parents.get(right_key=account).left_key

    family.sync()
    family.left.execute("UPDATE contact SET customer_id = :to WHERE id = :id", to=int(customers[1]), id=int(contact))
    family.right.edit(person, customer_id=accounts[0])
    family.sync()

    assert family.account_of(family.partner(contact)) == family.parents.coupling(customers[1]).right_key
    assert parent_of(family, bob) == customers[0]
    assert family.world.errors() == []
    assert [set(told(job)) for job in family.sync()] == [{"unchanged"}, {"unchanged"}]


def test_t19_a_child_waits_for_its_parent(family: Family) -> None:
    family.parents.set(left_filter={"region": "EU"})
    customer = family.parents.left.add(name="Adatum", region="US")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    assert len(waiting(family.world.mapping)) == 1
    family.parents.left.execute("UPDATE customer SET region = 'EU'")
    family.sync()
    assert family.account_of(family.partner(contact)) == family.parents.coupling(customer).right_key
    assert family.world.errors() == []


def test_children_of_a_restored_parent_point_to_its_new_key(family: Family) -> None:
    account = family.parents.right.add(name="Adatum")
    person = family.right.add(name="Ada", customer_id=account)
    family.sync()
    before = Coupling.objects.get(mapping=family.parents.mapping).left_key
    contact = Coupling.objects.get(mapping=family.world.mapping, right_key=person).left_key
    family.left.execute("UPDATE contact SET customer_id = NULL")
    family.parents.left.execute("DELETE FROM customer")
    family.parents.sync()
    deleted = family.parents.errors()
    assert [error.kind for error in deleted] == ["deleted"]
    actions.request(type(deleted[0]).objects.open(), "restore", user=None, queue=False)
    family.sync()
    after = Coupling.objects.get(mapping=family.parents.mapping).left_key
    assert (parent_of(family, contact), after != before) == (after, True)
    assert family.world.errors() == []


def test_children_are_deleted_before_the_parent_that_the_system_keeps_for_them(family: Family) -> None:
    TableMapping.objects.update(deletion_conflict="delete", guard_share=1)
    account = family.parents.right.add(name="Adatum")
    person = family.right.add(name="Ada", customer_id=account)
    family.sync()
    family.right.delete(person)
    family.parents.right.delete(account)
    family.sync()
    family.sync()
    assert (family.parents.left.keys(), family.left.keys(), family.world.errors()) == ([], [], [])
