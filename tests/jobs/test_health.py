"""What load balancers and monitoring are told, without signing in."""

import signal
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from couplings.models import TableMapping
from jobs.models import JobState, Kind, SyncJob, Trigger, Worker
from tests import given
from tests.faults import processes

NOBODY = "redis://127.0.0.1:1/0"


def worker(seconds: float) -> None:
    """A worker that showed itself so many seconds ago."""
    seen = timezone.now() - timedelta(seconds=seconds)
    Worker.objects.create(name=f"celery@host:{seconds}", started=seen, seen=seen)


def waiting(mapping: TableMapping, minutes: int, **values: Any) -> None:
    job = SyncJob.objects.create(mapping=mapping, kind=Kind.RECORDS, trigger=Trigger.MANUAL, **values)
    SyncJob.objects.filter(pk=job.pk).update(created=timezone.now() - timedelta(minutes=minutes))


@pytest.mark.django_db
def test_health_is_told_to_anybody(client: Client) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/healthz", "/healthz/ready"])
def test_a_broker_that_does_not_answer_is_unhealthy(client: Client, settings: Any, page: str) -> None:
    settings.REDIS_URL = NOBODY
    worker(1)
    answer = client.get(page)

    assert answer.status_code == 503
    told = answer.json()
    assert (told["status"], told["database"], told["broker"]) == ("unavailable", "ok", "unreachable")


def test_a_process_lives_without_store_and_broker(client: Client, settings: Any) -> None:
    """No database mark: a query would fail the test."""
    settings.REDIS_URL = NOBODY
    answer = client.get("/healthz/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_means_that_a_worker_lives(client: Client) -> None:
    worker(31)
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()["workers"]) == (503, 0)

    worker(1)
    worker(2)
    answer = client.get("/healthz/ready")

    assert answer.status_code == 200
    expected = {"status": "ok", "database": "ok", "broker": "ok", "workers": 2, "oldest_waiting_seconds": None}
    assert answer.json() == expected


@pytest.mark.django_db
def test_what_waits_for_a_person_is_not_late(client: Client) -> None:
    mapping = given.mapping()
    waiting(mapping, 5)
    waiting(mapping, 1)
    waiting(mapping, 60, parameters={"resume": "foreground"})
    waiting(mapping, 60, state=JobState.CANCELLED)
    waiting(given.mapping("ITEM", paused=True), 60)

    assert 300 <= client.get("/healthz/ready").json()["oldest_waiting_seconds"] < 400


@pytest.mark.django_db(transaction=True)
def test_a_worker_shows_itself_and_takes_its_leave() -> None:
    with processes.worker() as process:
        processes.until(Worker.objects.exists, "the worker to show itself")
        assert str(process.pid) in Worker.objects.get().name
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=processes.PATIENCE)

    assert not Worker.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_pages_of_health_tell_of_a_store_that_is_away() -> None:
    program = """
import syncstatus.celery, django
django.setup()
from django.conf import settings
from django.test import Client
settings.ALLOWED_HOSTS = ["testserver"]
for page in ("/healthz", "/healthz/ready"):
    answer = Client().get(page, headers={"cookie": "sessionid=abc"})
    print(answer.status_code, answer.json()["database"])
"""
    process = processes.start("-c", program, DATABASE_URL="postgresql://user:s3cret@127.0.0.1:1/store")
    said, _ = process.communicate(timeout=processes.PATIENCE)

    assert said.splitlines() == ["503 unreachable"] * 2
