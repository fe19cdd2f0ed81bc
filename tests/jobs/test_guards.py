"""Guards (DESIGN R9): what is held before the first deletion, whichever way a run meets the deletions."""

from collections.abc import Callable

import pytest

from couplings.models import Connection
from jobs.models import Kind
from jobs.runner import context, guarding, sources, systems
from jobs.services import held
from syncstatus.connectors import registry
from tests.jobs import tombstones
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


@pytest.fixture
def reporting(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> World:
    """Both feeds report deletions, three records a page, so that no run looks for them by itself."""
    monkeypatch.setitem(registry.CONNECTORS, tombstones.KIND, tombstones.connect)  # type: ignore[arg-type]
    for module in (context, guarding, sources):
        monkeypatch.setattr(module, "PAGE", 3)
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)
    for table, schema in ((world.left, world.mapping.left_schema), (world.right, world.mapping.right_schema)):
        table.execute(tombstones.TRIGGER.format(table=table.name, schema=schema))
    Connection.objects.update(kind=tombstones.KIND)
    world.mapping.refresh_from_db()
    systems.close_all()
    return world


def test_a_feed_that_reports_few_deletions_carries_them_over(reporting: World) -> None:
    pairs = reporting.pairs(10)
    reporting.left.delete(*(left for left, _ in pairs[:5]))
    assert told(reporting.sync()) == {"deleted": 5}
    assert len(reporting.right.keys()) == 5
    reporting.assert_quiet()


def test_a_feed_that_reports_too_many_deletions_carries_none_over(reporting: World) -> None:
    """Six stand on two pages: the first alone would pass the guard."""
    pairs = reporting.pairs(10)
    reporting.left.edit(pairs[9][0], phone="7")
    reporting.left.delete(*(left for left, _ in pairs[:6]))
    assert told(reporting.sync()) == {"modified": 1, "held": 6}
    assert len(reporting.right.keys()) == 10
    (plan,) = held.plans()
    assert (plan.code, plan.records, plan.params["planned"]) == ("mass_deletion", 6, 6)
    held.approve(held.everything(), user=None, queue=False)
    assert set(reporting.right.keys()) == {right for _, right in pairs[6:]}
    reporting.assert_quiet()


def test_a_feed_that_reports_everything_as_deleted_is_not_believed(reporting: World) -> None:
    reporting.pairs(4)
    reporting.left.execute("DELETE FROM customer")
    assert told(reporting.sync()) == {"held": 4}
    assert held.plans()[0].code == "source_empty"


def test_what_a_person_discarded_does_not_count_against_a_feed(reporting: World) -> None:
    pairs = reporting.pairs(10)
    reporting.left.delete(*(left for left, _ in pairs[:6]))
    reporting.sync()
    held.discard(held.everything(), user=None)
    reporting.left.delete(pairs[9][0])
    assert told(reporting.sync()) == {"deleted": 1}


@pytest.mark.parametrize("kind", [Kind.MODIFIED, Kind.FULL])
def test_deletions_by_number_are_held_in_both_directions(make_world: MakeWorld, kind: Kind) -> None:
    world = make_world(deletion_conflict="delete", guard_share=1, guard_count=3)
    pairs = world.pairs(10)
    world.right.delete(*(right for _, right in pairs[:4]))
    assert told(world.sync(kind))["held"] == 4
    assert len(world.left.keys()) == 10
    assert held.plans()[0].system == "ERP"


def test_a_narrowed_filter_holds_what_is_missing_then(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    pairs = world.pairs(10)
    world.mapping.refresh_from_db()
    world.set(left_filter={"name": {"ge": "Name 0005"}})
    world.left.delete(pairs[9][0])
    assert told(world.sync()) == {"unchanged": 4, "excluded": 5, "held": 1}
    assert held.plans()[0].code == "scope_changed"
    assert len(world.right.keys()) == 10
    world.left.delete(pairs[8][0])
    assert told(world.sync()) == {"deleted": 1, "held": 1}


def test_fields_mapped_anew_hold_what_is_missing_then(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    pairs = world.pairs(5)
    world.mapping.fields.filter(left="fax").delete()
    world.left.delete(pairs[0][0])
    assert told(world.sync()) == {"unchanged": 4, "held": 1}
    assert held.plans()[0].code == "scope_changed"


def test_a_table_that_lists_far_fewer_records_than_before_is_not_believed(make_world: MakeWorld) -> None:
    """Two of four pairs may go on an ordinary day; not on one on which the table has lost most of its other records."""
    world = make_world(deletion_conflict="delete", only_coupled=True, match=["name"])
    for number in range(20):
        world.left.add(name=f"Name {number:04}")
    for number in range(4):
        world.right.add(name=f"Name {number:04}")
    assert told(world.sync(Kind.MATCH))["coupled"] == 4
    world.sync(Kind.FULL)
    world.left.execute("DELETE FROM customer WHERE name IN ('Name 0000', 'Name 0001') OR name > 'Name 0010'")
    job = world.sync()
    assert (job.held, job.deleted) == (2, 0)
    (plan,) = held.plans()
    assert (plan.code, plan.params["listed"], plan.params["before"]) == ("source_short", 9, 20)
    assert len(world.right.keys()) == 4
    world.assert_quiet()


def test_a_table_that_shrinks_by_as_much_as_is_allowed_is_believed(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete", only_coupled=True, match=["name"])
    for number in range(20):
        world.left.add(name=f"Name {number:04}")
    for number in range(4):
        world.right.add(name=f"Name {number:04}")
    world.sync(Kind.MATCH)
    world.sync(Kind.FULL)
    world.left.execute("DELETE FROM customer WHERE name IN ('Name 0000', 'Name 0001') OR name > 'Name 0011'")
    job = world.sync()
    assert (job.held, job.deleted) == (0, 2)
