"""Runs of several pages, which are listed, worked off and remembered at the same time."""

from couplings.models import Coupling
from jobs.models import Kind
from jobs.runner.context import PAGE, Run
from jobs.services import jobs
from tests.jobs.worlds import World

RECORDS = 2 * PAGE + PAGE // 2


def _sync_while_somebody_edits(world: World, key: str) -> int:
    """Edit the record after each page, so that each later page lists it again; the number of pages."""
    pages = 0

    def edit(_: Run) -> None:
        nonlocal pages
        pages += 1
        world.left.edit(key, phone=f"after page {pages}")

    world.mapping.refresh_from_db()
    jobs.start_here(world.mapping, Kind.MODIFIED, on_page=edit)
    return pages


def test_a_new_record_that_several_pages_list_is_created_once(world: World) -> None:
    world.pair(name="Adatum")
    world.left.execute(f"INSERT INTO customer (name) SELECT 'Name ' || n FROM generate_series(1, {RECORDS}) n")
    key = world.left.keys()[1]
    assert _sync_while_somebody_edits(world, key) > 2
    world.sync()
    assert len(world.right.keys()) == RECORDS + 1
    assert world.right.get(world.coupling(key).right_key, "phone") == world.left.get(key, "phone")
    assert world.errors() == []
    world.assert_quiet()


def test_a_changed_record_that_several_pages_list_follows_each_change(world: World) -> None:
    world.left.execute(f"INSERT INTO customer (name) SELECT 'Name ' || n FROM generate_series(1, {RECORDS}) n")
    world.sync()
    world.left.execute("UPDATE customer SET fax = '1'")
    key = world.left.keys()[0]
    assert _sync_while_somebody_edits(world, key) > 2
    world.sync()
    assert Coupling.objects.count() == RECORDS
    assert world.right.get(world.coupling(key).right_key, "phone", "fax") == world.left.get(key, "phone", "fax")
    assert world.errors() == []
    world.assert_quiet()
