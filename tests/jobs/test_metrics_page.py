"""What Prometheus reads, and who may read it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from couplings.models import Connection, SyncError, TableMapping
from couplings.models.error import State
from jobs import retention
from jobs.models import JobState, Kind, SyncJob, Trigger, Worker
from tests import given

pytestmark = pytest.mark.django_db

TOKEN = "a-long-token"
SEVEN_SECONDS = timedelta(seconds=7)


@pytest.fixture
def scraper(settings: Any) -> Client:
    settings.METRICS_TOKEN = TOKEN
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


class Figures:
    def __init__(self, scraper: Client) -> None:
        answer = scraper.get("/metrics")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        self.samples = [sample for family in families for sample in family.samples]

    def of(self, name: str, **labels: str) -> float | None:
        """The one sample of that name with these labels; None when there is none."""
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        assert len(found) < 2, found
        return found[0] if found else None


def ended(mapping: TableMapping, **values: Any) -> SyncJob:
    now = timezone.now()
    found = {"kind": Kind.MODIFIED, "trigger": Trigger.SCHEDULE, "state": JobState.FINISHED} | values
    return SyncJob.objects.create(mapping=mapping, started=now - SEVEN_SECONDS, finished=now, **found)


def test_jobs_count_once_when_they_have_ended(scraper: Client) -> None:
    mapping = given.mapping()
    ended(mapping, modified=3, unchanged=4)
    ended(mapping, modified=2, state=JobState.FAILED)
    SyncJob.objects.create(mapping=mapping, kind=Kind.FULL, trigger=Trigger.MANUAL)

    for _ in range(2):
        figures = Figures(scraper)
        assert figures.of("syncstatus_jobs_total", mapping="CUSTOMER", kind="modified", state="finished") == 1
        assert figures.of("syncstatus_jobs_total", mapping="CUSTOMER", kind="modified", state="failed") == 1
        assert figures.of("syncstatus_records_total", kind="modified", outcome="modified") == 5
        assert figures.of("syncstatus_records_total", kind="modified", outcome="deleted") == 0
        assert figures.of("syncstatus_jobs_active", mapping="CUSTOMER", kind="full", state="queued") == 1
        assert figures.of("syncstatus_jobs_total", kind="full", state="finished") is None


def test_durations_fall_into_buckets(scraper: Client) -> None:
    mapping = given.mapping()
    ended(mapping)
    ended(mapping)
    ended(mapping, state=JobState.FAILED)

    figures = Figures(scraper)

    name = "syncstatus_job_duration_seconds"
    assert [figures.of(f"{name}_bucket", le=bound) for bound in ("5.0", "15.0", "14400.0", "+Inf")] == [0, 2, 2, 2]
    assert figures.of(f"{name}_sum") == 14


def test_no_counter_goes_down_when_jobs_are_deleted(scraper: Client, settings: Any) -> None:
    settings.KEEP_JOBS = timedelta(days=1)
    mapping = given.mapping()
    for _ in range(3):
        ended(mapping, modified=1)
    SyncJob.objects.update(created=timezone.now() - timedelta(days=3), finished=timezone.now() - timedelta(days=2))

    assert retention.prune()["jobs"] == 2

    assert SyncJob.objects.count() == 1
    assert Figures(scraper).of("syncstatus_records_total", kind="modified", outcome="modified") == 3


def test_open_errors_by_mapping_and_kind(scraper: Client) -> None:
    mapping, items = given.mapping(), given.mapping("ITEM")
    now = timezone.now()
    given.error(mapping, 10)
    given.error(mapping, 60)
    given.error(mapping, 90, state=State.RESOLVED, resolved_at=now)
    given.error(items, 1, kind="validation")
    crm = Connection.objects.get(name="CRM")
    Connection.objects.filter(pk=crm.pk).update(circuit="open")
    SyncError.objects.create(
        connection=crm, kind="connection", code="x", state=State.RETRYING, first_seen=now, last_seen=now
    )

    figures = Figures(scraper)

    name = "syncstatus_open_errors"
    assert figures.of(name, mapping="CUSTOMER", kind="conflict") == 2
    assert 3600 <= (figures.of(f"{name}_oldest_seconds", mapping="CUSTOMER", kind="conflict") or 0) < 3700
    assert figures.of(name, mapping="ITEM", kind="validation") == 1
    assert figures.of(name, connection="CRM", kind="connection") == 1
    circuit = "syncstatus_connection_circuit"
    assert figures.of(circuit, connection="CRM", state="open") == 1
    assert figures.of(circuit, connection="CRM", state="closed") == 0
    assert figures.of(circuit, connection="ERP", state="closed") == 1


def test_the_queue_its_workers_and_what_is_paused(scraper: Client) -> None:
    mapping, paused = given.mapping(), given.mapping("ITEM", paused=True)
    now = timezone.now()
    Worker.objects.create(name="celery@host:1", started=now, seen=now)
    for owner in (mapping, paused):
        job = SyncJob.objects.create(mapping=owner, kind=Kind.FULL, trigger=Trigger.MANUAL)
        SyncJob.objects.filter(pk=job.pk).update(created=now - timedelta(minutes=5))

    figures = Figures(scraper)

    assert figures.of("syncstatus_workers") == 1
    assert figures.of("syncstatus_queue_jobs") == 1
    assert 300 <= (figures.of("syncstatus_queue_oldest_seconds") or 0) < 400
    assert figures.of("syncstatus_mapping_paused", mapping="ITEM") == 1
    assert figures.of("syncstatus_mapping_paused", mapping="CUSTOMER") == 0


def test_a_scrape_asks_as_much_for_one_mapping_as_for_many(scraper: Client, django_assert_num_queries: Any) -> None:
    for name in ("CUSTOMER", "ITEM", "CONTACT"):
        mapping = given.mapping(name)
        ended(mapping)
        given.error(mapping, 1)
        with django_assert_num_queries(12):
            scraper.get("/metrics")


def test_a_mapping_may_be_called_anything(scraper: Client) -> None:
    mapping = given.mapping('A "B"\\C\nD')
    ended(mapping)
    assert Figures(scraper).of("syncstatus_jobs_total", mapping='A "B"\\C\nD', state="finished") == 1


LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}


@pytest.mark.parametrize(
    ("request_has", "hosts", "status"),
    [
        pytest.param({}, ["localhost", "127.0.0.1"], 200, id="a program on this machine"),
        pytest.param({"REMOTE_ADDR": "10.0.0.7"}, ["localhost"], 403, id="another machine"),
        pytest.param({"REMOTE_ADDR": ""}, ["localhost"], 403, id="a Unix socket, which tells nothing"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "10.0.0.7"}, ["localhost"], 403, id="through a proxy"),
        pytest.param({}, ["localhost", "sync.example.com"], 403, id="others can reach it, perhaps through a proxy"),
    ],
)
def test_without_a_token_only_this_machine_is_told(
    settings: Any, request_has: dict[str, str], hosts: list[str], status: int
) -> None:
    settings.METRICS_TOKEN = ""
    settings.ALLOWED_HOSTS = hosts
    answer = Client().get("/metrics", **(LOCAL | request_has))  # type: ignore[arg-type]
    assert answer.status_code == status


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer no", TOKEN, "Bearer ä"])
def test_with_a_token_nothing_else_will_do(settings: Any, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.ALLOWED_HOSTS = ["localhost"]
    answer = Client().get("/metrics", **LOCAL, headers={"Authorization": sent})  # type: ignore[arg-type]

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "METRICS_TOKEN" in answer.content.decode()
    assert "syncstatus_" not in answer.content.decode()


def test_administrators_may_look_and_others_may_not(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    for name, role, status in (("ada", "administrator", 200), ("olaf", "operator", 403), ("vera", "viewer", 403)):
        assert given.signed_in(given.person(name, role)).get("/metrics").status_code == status
