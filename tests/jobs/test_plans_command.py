"""`manage.py sync --preview --keep`, `--apply` and `--discard`."""

import pytest

from couplings.models import SyncError
from jobs.models import JobState, Kind, PlannedChange, SyncJob
from tests.jobs.command_line import run
from tests.jobs.worlds import World

COUNTERS = ["read", "inserted", "modified", "deleted", "unchanged", "coupled", "uncoupled", "excluded", "waiting"]
COUNTERS += ["held", "skipped", "failed"]
KEYS = ["mapping", "job", "state", *COUNTERS, "seconds"]


def test_keep_apply_and_apply_again(world: World) -> None:
    world.left.add(name="Adatum")

    kept = run("sync", "CUSTOMER", "--preview", "--keep", "--json")

    assert kept.code == 0
    assert list(kept.object) == [*KEYS, "preview"]
    assert (kept.object["state"], kept.object["inserted"], kept.object["preview"]) == ("planned", 1, True)
    assert world.right.keys() == []
    plan = kept.object["job"]
    assert "Adatum" in run("jobs", "show", plan, "--records", "--json").said
    applied = run("sync", "--apply", plan, "--json")
    assert (applied.code, list(applied.object)) == (0, KEYS)
    assert (applied.object["state"], applied.object["inserted"]) == ("finished", 1)
    assert len(world.right.keys()) == 1
    again = run("sync", "--apply", plan)
    assert again.code == 2
    assert f"The plan was applied by job {applied.object['job']}." in again.complained
    assert SyncJob.objects.filter(kind=Kind.APPLY).count() == 1


def test_what_stays_out_of_step_is_1(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    kept = run("sync", "CUSTOMER", "--preview", "--keep", "--json")
    assert (kept.code, kept.object["failed"], SyncError.objects.count()) == (1, 1, 0)
    assert run("sync", "--apply", kept.object["job"]).code == 1
    assert world.error().kind == "conflict"


def test_discard(world: World) -> None:
    world.left.add(name="Adatum")
    plan = run("sync", "CUSTOMER", "--preview", "--keep", "--json").object["job"]
    assert run("sync", "--discard", plan, "--json").object["state"] == "cancelled"
    assert not PlannedChange.objects.exists()
    assert run("sync", "--apply", plan).code == 2


def test_the_workers_can_look_ahead(world: World) -> None:
    assert run("sync", "CUSTOMER", "--preview", "--keep", "--queue").code == 0
    job = SyncJob.objects.get()
    assert (job.kind, job.state) == (Kind.PREVIEW, JobState.QUEUED)


@pytest.mark.parametrize(
    "options",
    [
        ["CUSTOMER", "--keep"],
        ["CUSTOMER", "--preview", "--queue"],
        ["CUSTOMER", "--apply", "1"],
        ["--apply", "1", "--discard", "1"],
        ["--apply", "999999"],
        ["--apply", "1", "--full"],
    ],
)
def test_wrong_usage_is_2(world: World, options: list[str]) -> None:
    assert run("sync", *options).code == 2
    assert not SyncJob.objects.exists()


def test_a_system_that_is_away_is_3(world: World) -> None:
    connection = world.mapping.right_connection
    connection.settings["url"] = connection.settings["url"].replace("/crm_", "/gone_")
    connection.save()
    assert run("sync", "CUSTOMER", "--preview", "--keep").code == 3
    assert SyncJob.objects.get().state == JobState.FAILED
