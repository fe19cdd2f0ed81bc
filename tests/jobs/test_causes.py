"""Many records, one thing to put right: errors grouped by cause, and retried when the configuration removes it."""

from collections.abc import Callable

from couplings.causes import causes
from couplings.filters import ErrorFilter
from couplings.models import ErrorRequest, FieldMapping, SyncError
from couplings.models.error import Request
from jobs.models import Kind, SyncJob
from jobs.services import configuration, jobs
from tests.jobs.command_line import run
from tests.jobs.worlds import World

MakeWorld = Callable[..., World]


def unmapped(make_world: MakeWorld) -> World:
    """Five new records: three with one unknown region, one with another, one with an unknown region and a bad name."""
    world = make_world()
    FieldMapping.objects.create(
        mapping=world.mapping, position=50, left="region", right="status", values={"map": {"DK": "Denmark"}}
    )
    for number, region in enumerate(["FR", "FR", "FR", "IT", "DK"]):
        world.left.add(name=f"Name {number}", region=region)
    world.left.add(name="x" * 80, region="DK")
    world.sync()
    return world


def test_errors_with_the_same_missing_value_are_one_cause(make_world: MakeWorld) -> None:
    unmapped(make_world)

    found = causes(ErrorFilter({}))

    assert (found[0].count, found[0].example.params.get("value")) == (3, "FR")
    assert {(one.count, one.example.code, one.example.params.get("value")) for one in found[1:]} == {
        (1, "value_not_mapped", "IT"),
        (1, "text_too_long", None),
    }
    assert "FR" in found[0].message
    assert found[0].mapping == "CUSTOMER"
    assert len({one.key for one in found}) == 3


def test_causes_are_listed_and_their_errors_too(make_world: MakeWorld) -> None:
    unmapped(make_world)

    listed = run("errors", "causes", "--json").objects
    assert [one["count"] for one in listed] == [3, 1, 1]
    assert sorted(one["fields"] for one in listed) == [["name"], ["region"], ["region"]]
    assert len(run("errors", "list", "--cause", listed[0]["cause"], "--json").objects) == 3
    assert "FR" in run("errors", "causes").said


def test_a_value_that_is_added_retries_its_errors_in_one_job(make_world: MakeWorld) -> None:
    world = unmapped(make_world)
    text = configuration.export()
    assert "values: {DK: Denmark}" in text

    applied = configuration.apply(text.replace("{DK: Denmark}", "{DK: Denmark, FR: France}").encode())

    assert applied.retried == 3
    asked = SyncError.objects.filter(requested__request=Request.RETRY)
    assert {error.params["value"] for error in asked} == {"FR"}
    (job,) = SyncJob.objects.filter(kind=Kind.RETRY)
    jobs.run_here(job)
    assert sorted(error.code for error in world.errors()) == ["text_too_long", "value_not_mapped"]
    statuses = world.right.execute("SELECT status FROM account ORDER BY status")
    assert [status for (status,) in statuses] == ["Denmark", "France", "France", "France"]


def test_nothing_is_retried_by_a_dry_run(make_world: MakeWorld) -> None:
    unmapped(make_world)
    text = configuration.export().replace("{DK: Denmark}", "{DK: Denmark, FR: France}")

    assert configuration.apply(text.encode(), dry_run=True).retried == 0
    assert not ErrorRequest.objects.exists()
