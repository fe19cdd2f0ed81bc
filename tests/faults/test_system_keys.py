"""T3, T4: creates whose answer was lost, in tables whose keys the system draws while it writes."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from couplings.models import Coupling, SyncError
from jobs.models import CreateIntent
from jobs.runner import systems
from tests.faults import processes
from tests.jobs.worlds import FIELDS, Table, World

MARIADB = "id integer PRIMARY KEY AUTO_INCREMENT, fullname varchar(60), telephone varchar(20), fax varchar(30)"
SQLITE = "id integer PRIMARY KEY AUTOINCREMENT, fullname varchar(60), telephone varchar(20), fax varchar(30)"
POINTS = [
    "after the create intent",
    "after the request was sent",
    "after the other side's commit",
    "after the answer",
    "before our commit",
    "after our commit",
]


class PlainTable(Table):
    """A table of a system without row versions; its rows themselves tell whether something was written."""

    def versions(self) -> dict[str, str]:
        return {str(row[0]): repr(row) for row in self.execute(f"SELECT * FROM {self.name}")}


@pytest.fixture(params=["mariadb", "sqlite"])
def story(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> Iterator[World]:
    """Three new records on the left, none of them on the right, where the system draws the keys."""
    world = make_world()
    url: str = request.getfixturevalue(f"{request.param}_url")
    world.right.engine.dispose()
    world.right = PlainTable(sa.create_engine(url), "account", FIELDS)
    world.right.execute(
        f"CREATE TABLE account ({MARIADB if request.param == 'mariadb' else SQLITE}, credit numeric(12, 2))"
    )
    crm = world.mapping.right_connection
    crm.settings = {"url": url}
    crm.save()
    world.set(right_schema="", right_modified_on="")
    for number in range(3):
        world.left.add(name=f"Name {number}", phone="1", amount=number)
    yield world
    systems.close_all()


def names(table: Table) -> Counter[Any]:
    return Counter(name for (name,) in table.execute(f"SELECT {table.column('name')} FROM {table.name}"))


@pytest.mark.parametrize("point", POINTS)
def test_each_record_is_created_once_and_adopted(story: World, point: str) -> None:
    processes.die_at(point, 1, "sync", "CUSTOMER")
    story.sync()
    assert names(story.right) == names(story.left) == {f"Name {number}": 1 for number in range(3)}
    assert Coupling.objects.count() == 3
    assert not SyncError.objects.open().exists()
    assert not CreateIntent.objects.exists()
    story.assert_quiet()


def test_a_field_that_was_not_sent_is_no_reason_to_create_again(story: World) -> None:
    """A field of the other direction is empty in what was sent, and whatever the system made of it."""
    story.mapping.fields.filter(left="fax").update(direction="right_to_left")
    story.mapping.fields.filter(left="phone").update(clear=False, transforms=[{"prefix": "T"}])
    story.left.edit(story.left.keys()[0], phone=None)
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    story.sync()
    assert names(story.right) == names(story.left)
    assert not SyncError.objects.open().exists()
    story.assert_quiet()


def test_what_was_edited_before_the_adoption_travels(story: World) -> None:
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    (key, *_) = story.left.keys()
    story.left.edit(key, phone="9")
    story.sync()
    assert names(story.right) == names(story.left)
    phones = story.right.execute("SELECT telephone FROM account WHERE fullname = 'Name 0'")
    assert phones == [("9",)]
    story.assert_quiet()


def test_a_new_record_that_somebody_edited_at_once_is_not_created_again(story: World) -> None:
    """Nothing has the values written any more; what came since and has some of them may be ours."""
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    story.right.execute("UPDATE account SET fullname = 'Edited' WHERE fullname = 'Name 1'")
    ((edited,),) = story.right.execute("SELECT id FROM account WHERE fullname = 'Edited'")
    story.sync()
    assert names(story.left) == {"Name 0": 1, "Name 1": 1, "Name 2": 1}
    assert names(story.right) == {"Name 0": 1, "Edited": 1, "Name 2": 1}
    error = story.error()
    assert (error.kind, error.state) == ("unknown_outcome", "skipped")
    assert error.params["candidates"] == [str(edited)]
    story.assert_quiet()


def test_what_people_entered_since_does_not_keep_a_create_back(story: World) -> None:
    processes.die_at("after the create intent", 1, "sync", "CUSTOMER")
    story.right.execute("INSERT INTO account (fullname, telephone, credit) VALUES ('Somebody', '99', 77)")
    story.sync()
    assert names(story.right) == names(story.left) == {"Name 0": 1, "Name 1": 1, "Name 2": 1, "Somebody": 1}
    assert not SyncError.objects.open().exists()
    story.assert_quiet()


def test_what_was_deleted_before_the_adoption_is_not_resurrected(story: World) -> None:
    story.set(deletion_conflict="delete")
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    (key, *_) = story.left.keys()
    story.left.delete(key)
    story.sync()
    assert names(story.right) == names(story.left) == {"Name 1": 1, "Name 2": 1}
    assert not CreateIntent.objects.exists()
    story.assert_quiet()


def test_equal_records_are_each_adopted_once(story: World) -> None:
    """Which of them is whose cannot be told, and makes no difference."""
    for _ in range(3):
        story.left.add(name="Twin", phone="1")
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    story.sync()
    assert names(story.right) == names(story.left) == {"Name 0": 1, "Name 1": 1, "Name 2": 1, "Twin": 3}
    assert Coupling.objects.count() == 6
    assert not SyncError.objects.open().exists()
    story.assert_quiet()


def test_a_record_like_the_lost_one_makes_it_unknown_and_neither_is_copied(story: World) -> None:
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    story.right.execute("INSERT INTO account (fullname, telephone, credit) VALUES ('Name 1', '1', 1)")
    story.sync()
    assert names(story.left) == {"Name 0": 1, "Name 1": 1, "Name 2": 1}
    assert names(story.right) == {"Name 0": 1, "Name 1": 2, "Name 2": 1}
    error = story.error()
    assert (error.kind, error.state, len(error.params["candidates"])) == ("unknown_outcome", "skipped", 2)
    story.assert_quiet()
