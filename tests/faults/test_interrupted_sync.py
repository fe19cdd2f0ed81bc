"""Ctrl-C ends `sync` with the page it is in; the next one goes on with the same job."""

import json
import signal

import pytest

from couplings.models import Coupling
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import runner, sources
from jobs.runner.context import PAGE
from jobs.services import jobs
from tests.faults import processes
from tests.jobs.worlds import World

ROWS = 30_000


def test_ctrl_c_leaves_whole_pages_and_a_job_to_go_on_with(world: World) -> None:
    world.left.execute(f"INSERT INTO customer (name, phone) SELECT 'Name ' || n, '1' FROM generate_series(1, {ROWS}) n")
    process = processes.start("manage.py", "sync", "CUSTOMER", "--json")
    processes.until(Coupling.objects.exists, "the first page")
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=processes.PATIENCE)
    (line,) = said.splitlines()
    told = json.loads(line)
    assert process.returncode == 1
    assert (told["state"], told["read"]) == ("queued", told["inserted"])
    assert "Stopping after this page" in complained
    assert "Traceback" not in complained
    done = Coupling.objects.count()
    assert done % PAGE == 0
    assert 0 < done < ROWS
    assert len(world.right.keys()) == done == told["inserted"]

    following = processes.run("sync", "CUSTOMER", "--json")
    again = json.loads(following.stdout)
    assert (following.returncode, again["job"], again["state"]) == (0, told["job"], "finished")
    assert (again["read"], again["inserted"]) == (ROWS, ROWS)
    assert Coupling.objects.count() == len(world.right.keys()) == ROWS
    job = SyncJob.objects.get()
    assert (job.state, job.lease_until, job.holder) == (JobState.FINISHED, None, "")


def test_a_job_that_waits_already_stands_for_the_interrupted_one(world: World) -> None:
    """The schedule has rung meanwhile, and only one job of a kind may wait."""
    world.left.add(name="Adatum")

    def schedule_and_stop() -> bool:
        SyncJob.objects.create(mapping=world.mapping, kind=Kind.MODIFIED, trigger=Trigger.SCHEDULE)
        return True

    job = jobs.start_here(world.mapping, Kind.MODIFIED, stop=schedule_and_stop)
    assert (job.state, job.code, job.lease_until) == (JobState.CANCELLED, "interrupted", None)
    assert SyncJob.objects.get(state=JobState.QUEUED).trigger == Trigger.SCHEDULE


def test_a_person_who_stops_uses_up_no_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE", 1)
    for number in range(2 * runner.ATTEMPTS):
        world.left.add(name=f"Name {number}")
    for _ in range(runner.ATTEMPTS + 1):
        job = jobs.start_here(world.mapping, Kind.MODIFIED, stop=lambda: True)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert jobs.start_here(world.mapping, Kind.MODIFIED).pk == job.pk
    assert SyncJob.objects.get().state == JobState.FINISHED
