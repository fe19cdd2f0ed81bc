from datetime import timedelta

import pytest
from django.utils import timezone

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


def test_secrets_are_never_shown() -> None:
    given.connection("ERP", settings={"url": "postgresql://erp:hunter2@host/erp"}, secret="gAAAA")

    page = given.signed_in(given.person("ada", "administrator")).get(URL).content.decode()

    assert "hunter2" not in page
    assert "gAAAA" not in page


def test_without_connections_it_says_what_to_do() -> None:
    page = given.signed_in(given.person("ada", "administrator")).get(URL).content.decode()

    assert "manage.py config apply FILE" in page
