"""Filters are sent to the systems: what they let in is counted there, and what leaves them is excluded (T13)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from couplings.models import Connection, Coupling
from jobs.models import Kind
from jobs.services import counting
from syncstatus.engine.records import Side
from tests.jobs import configuration_files
from tests.jobs.command_line import run
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


@pytest.fixture
def north(make_world: MakeWorld) -> World:
    """Ten pairs in the north and ten in the south, the filter lets all of them in; deletions would be carried over."""
    world = make_world(deletion_conflict="delete")
    world.pairs(20)
    world.left.execute("UPDATE customer SET region = CASE WHEN id % 2 = 0 THEN 'north' ELSE 'south' END")
    world.sync()
    return world


@pytest.mark.parametrize("kind", [Kind.MODIFIED, Kind.FULL])
def test_a_filter_that_is_narrowed_moved_and_widened_deletes_nothing(north: World, kind: Kind) -> None:
    versions = north.left.versions(), north.right.versions()
    for regions, excluded in ((["north"], 10), (["south"], 10), (["nowhere"], 20), (["north", "south"], 0), ([], 0)):
        north.set(left_filter={"region": regions} if regions else {})
        job = north.sync(kind)
        assert (job.excluded, job.deleted, job.held, job.inserted) == (excluded, 0, 0, 0), regions
        assert north.errors() == []
    assert (north.left.versions(), north.right.versions()) == versions
    assert Coupling.objects.count() == 20


def test_what_left_the_filter_is_let_alone_and_comes_back_in_step(north: World) -> None:
    north.set(left_filter={"region": "north"})
    north.sync()
    south = north.left.execute("SELECT min(id) FROM customer WHERE region = 'south'")[0][0]
    right = north.coupling(str(south)).right_key
    north.left.edit(str(south), phone="7")
    north.sync()
    assert north.right.get(right, "phone") != ("7",)
    north.set(left_filter={})
    assert told(north.sync())["modified"] == 1
    assert north.right.get(right, "phone") == ("7",)
    north.assert_quiet()


def test_a_record_that_leaves_the_filter_on_either_side_is_no_deletion(north: World) -> None:
    north.set(left_filter={"region": ["north", "south"]}, right_filter={"status": {"isnull": True}})
    north.sync()
    north.left.execute("UPDATE customer SET region = 'east' WHERE region = 'north'")
    north.right.execute("UPDATE account SET status = 'closed'")
    job = north.sync()
    assert (job.deleted, job.held, len(north.left.keys()), len(north.right.keys())) == (0, 0, 20, 20)
    north.assert_quiet()


def test_a_deletion_beside_a_changed_filter_is_held_and_the_excluded_are_not(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=100)
    pairs = world.pairs(20)
    world.left.execute("UPDATE customer SET region = CASE WHEN id % 2 = 0 THEN 'north' ELSE 'south' END")
    world.sync()
    world.left.delete(*[left for left, _ in pairs[:4]])
    world.set(left_filter={"region": "north"})
    job = world.sync()
    assert (job.held, job.deleted, len(world.right.keys())) == (4, 0, 20)
    assert {error.left_key for error in world.errors()} == {left for left, _ in pairs[:4]}


@pytest.mark.parametrize("system", ["postgres", "mariadb", "sqlite"])
def test_both_counts_on_every_database(world: World, request: pytest.FixtureRequest, system: str) -> None:
    url = request.getfixturevalue(f"{system}_url")
    engine = sa.create_engine(url)
    with engine.begin() as user:
        user.execute(sa.text("CREATE TABLE customer (id integer PRIMARY KEY, name varchar(100), phone varchar(30))"))
        user.execute(sa.text("INSERT INTO customer VALUES (1, 'Ada', '1'), (2, 'Bob', '1'), (3, 'Cid', '2')"))
    engine.dispose()
    Connection.objects.filter(name="ERP").update(settings={"url": url})
    world.mapping.fields.exclude(left__in=["name", "phone"]).delete()
    world.set(
        left_connection=Connection.objects.get(name="ERP"),
        left_schema="",
        left_modified_on="",
        left_filter={"phone": "1"},
    )
    count = counting.counts(world.mapping)[Side.LEFT]
    assert (count.total, count.included, count.problem) == (3, 2, None)


def test_the_commands_tell_the_counts(north: World) -> None:
    north.set(left_filter={"region": "north"})
    listed = run("mappings", "list", "--counts", "--json").object
    expected = {"left_records": 20, "left_in_filter": 10, "right_records": 20, "right_in_filter": 20}
    assert {name: listed[name] for name in expected} == expected
    assert "10/20" in run("mappings", "list", "--counts").said
    assert "left_records" not in run("mappings", "list", "--json").object, "nobody has asked"
    shown = run("mappings", "show", "CUSTOMER").said
    assert "CUSTOMER: 10 of 20 records in ERP lie within the filter region = north." in shown
    assert "CUSTOMER: 20 records in CRM, without a filter." in shown


def test_a_system_that_is_away_is_told(north: World) -> None:
    Connection.objects.filter(name="CRM").update(settings={"url": "postgresql://127.0.0.1:1/nowhere"})
    shown = run("mappings", "show", "CUSTOMER")
    assert (shown.code, "CRM could not be reached" in shown.said) == (0, True)


@pytest.mark.django_db
@pytest.mark.parametrize("known", [False, True])
def test_a_dry_run_tells_what_a_new_filter_lets_in(tmp_path: Path, known: bool) -> None:
    folder = configuration_files.build(tmp_path)
    with sa.create_engine(f"sqlite:///{folder}/erp.sqlite3").begin() as user:
        for number, country in enumerate(["DK", "DK", "DK", "SE", "SE"]):
            user.execute(sa.text(f"INSERT INTO customer (id, name, country) VALUES ({number}, 'Ada', '{country}')"))
    if known:
        configuration_files.apply(folder)
        assert "lie within" not in configuration_files.apply(folder, "--dry-run"), "nothing is filtered"
    configuration_files.change(folder, "modified_on: modified_at}", "modified_on: modified_at, filter: {country: DK}}")
    said = configuration_files.apply(folder, "--dry-run")
    assert "CUSTOMER: 3 of 5 records in ERP lie within the filter country = DK." in said
