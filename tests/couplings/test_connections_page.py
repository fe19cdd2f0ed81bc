from datetime import timedelta

import pytest
from django.utils import timezone

from couplings.models import SyncError
from tests import given

URL = "/connections/"

pytestmark = pytest.mark.django_db


def test_it_tells_the_health_of_each_connection() -> None:
    given.connection("ERP", health={"version": "PostgreSQL 18"})
    given.connection("CRM", healthy=False, health={"code": "unreachable", "detail": "no route to host"})
    given.connection("SHOP", healthy=None, open_until=timezone.now() + timedelta(minutes=3))

    page = given.signed_in(given.person("carl", "viewer")).get(URL).content.decode()

    assert "PostgreSQL 18" in page
    assert "CRM could not be reached" in page
    assert "no route to host" in page
    assert "not checked yet" in page
    assert "It is tried again" in page
    assert "Check now" not in page


def test_it_tells_why_a_system_is_left_alone_and_until_when() -> None:
    until = timezone.now() + timedelta(minutes=3, seconds=30)
    health = {"code": "asked_to_wait", "params": {"until": until.isoformat()}, "detail": "429"}
    open_circuit = {"circuit": "open", "open_until": until, "healthy": False}
    crm = given.connection("CRM", asked_to_wait=True, health=health, **open_circuit)
    given.connection("ERP", circuit="half_open", healthy=False, health={"code": "unreachable"})
    now = timezone.now()
    SyncError.objects.create(
        connection=crm,
        kind="connection",
        code="asked_to_wait",
        state="retrying",
        attempts=4,
        first_seen=now,
        last_seen=now,
    )

    page = given.signed_in(given.person("carl", "viewer")).get(URL).content.decode()

    assert "asks for patience" in page
    assert "CRM has asked to be left alone until" in page
    assert "in 3 min" in page
    assert "4 attempts" in page
    assert "One job is trying it" in page


def test_it_shows_the_limits_of_a_connection() -> None:
    given.connection("CRM", settings={"url": "x", "limit": {"requests": 6000, "per": "5m"}, "jobs": 2})

    page = given.signed_in(given.person("carl", "viewer")).get(URL).content.decode()

    assert "6,000 requests in 5m" in page
    assert "2 jobs side by side" in page


def test_secrets_are_never_shown() -> None:
    given.connection("ERP", settings={"url": "postgresql://erp:hunter2@host/erp"}, secret="gAAAA")

    page = given.signed_in(given.person("ada", "administrator")).get(URL).content.decode()

    assert "hunter2" not in page
    assert "gAAAA" not in page


def test_without_connections_it_says_what_to_do() -> None:
    page = given.signed_in(given.person("ada", "administrator")).get(URL).content.decode()

    assert "manage.py config apply FILE" in page
