"""Every line of a run says which job and mapping it belongs to, from whichever thread, and never a secret."""

import json
import logging
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from couplings.models import Connection
from jobs import queue
from jobs.models import Kind, SyncJob, Trigger
from jobs.runner import ahead, runner, threads
from jobs.services import jobs
from tests.faults import processes
from tests.jobs.worlds import World

TASK = """
import sys
import syncstatus.celery, django
django.setup()
from jobs import tasks
tasks.run_job.apply((int(sys.argv[1]),), task_id="bell-1")
"""


def lines(complained: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in complained.splitlines()]


def run_task(job: int) -> list[dict[str, Any]]:
    process = processes.start("-c", TASK, str(job), LOG_FORMAT="json")
    _, complained = process.communicate(timeout=processes.PATIENCE)
    assert process.returncode == 0, complained
    return lines(complained)


def test_the_lines_of_a_run_bear_job_mapping_and_task(world: World) -> None:
    world.left.add(name="Adatum")
    job = queue.enqueue(world.mapping, Kind.MODIFIED, Trigger.MANUAL)

    said = run_task(job.pk)

    assert [line["event"] for line in said] == ["job started", "job ended"]
    for line in said:
        assert (line["job"], line["mapping"], line["task"]) == (job.pk, "CUSTOMER", "bell-1")


class Page:
    candidates = range(ahead.WORTH_A_THREAD)


def test_the_threads_of_a_run_know_whose_they_are() -> None:
    found: list[dict[str, Any]] = []

    def pages() -> Any:
        for _ in range(3):
            found.append(dict(get_contextvars()))
            yield Page()

    with bound_contextvars(job=7, mapping="CUSTOMER"):
        assert len(list(ahead.ahead(pages()))) == 3
        lease = threads.daemon("lease", lambda: found.append(dict(get_contextvars())))
    lease.start()
    lease.join()

    assert found == [{"job": 7, "mapping": "CUSTOMER"}] * 4


def test_the_password_of_a_connection_is_in_no_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    crm = Connection.objects.get(name="CRM")
    crm.settings = {"url": "postgresql://crm:s3cret@127.0.0.1:1/crm"}
    crm.save()

    with caplog.at_level(logging.DEBUG):
        job = jobs.start(world.mapping, Kind.MODIFIED, queue=False)

    assert job.code
    assert "job ended" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_job_that_is_given_up_says_which_it_was(world: World) -> None:
    job = queue.enqueue(world.mapping, Kind.MODIFIED, Trigger.MANUAL)
    SyncJob.objects.filter(pk=job.pk).update(attempts=runner.ATTEMPTS)

    said = run_task(job.pk)

    assert [(line["event"], line["code"], line["mapping"]) for line in said] == [
        ("job ended", "attempts_exhausted", "CUSTOMER")
    ]
