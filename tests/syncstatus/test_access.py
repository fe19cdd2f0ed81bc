"""Who gets in, in which language, and what is shown instead of a page."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from couplings.roles import ensure_groups
from tests import given, pages

PUBLIC = {"accounts/login/", "accounts/logout/", "preferences/", "healthz", "healthz/live", "healthz/ready", "metrics"}

pytestmark = pytest.mark.django_db


def test_every_page_needs_somebody_signed_in(client: Client) -> None:
    known = pages.samples()
    urls = [address.url(known) for address in pages.addresses() if address.route not in PUBLIC]
    assert len(urls) > 12

    for url in urls:
        for answer in (client.get(url), client.post(url, {"action": "retry_all", "confirm": "1"})):
            assert answer.status_code == 302, url
            assert answer["Location"].startswith("/accounts/login/?next="), url


def test_sign_in_and_out(client: Client) -> None:
    given.person("ada", "viewer")

    wrong = client.post("/accounts/login/", {"username": "ada", "password": "no"})
    assert 'role="alert"' in wrong.content.decode()
    data = {"username": "ada", "password": given.PASSWORD, "next": "/jobs/"}
    assert client.post("/accounts/login/", data)["Location"] == "/jobs/"
    assert client.get("/accounts/login/")["Location"] == "/"
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302


def test_signing_in_leads_to_no_foreign_page(client: Client) -> None:
    given.person("ada", "viewer")
    data = {"username": "ada", "password": given.PASSWORD, "next": "https://evil.example/"}

    assert client.post("/accounts/login/", data)["Location"] == "/"


def test_the_language_is_switched_by_a_form(client: Client) -> None:
    assert "Sign in" in client.get("/accounts/login/").content.decode()

    answer = client.post("/preferences/", {"language": "fr", "next": "/accounts/login/"})

    assert answer["Location"] == "/accounts/login/"
    page = client.get("/accounts/login/").content.decode()
    assert '<html lang="fr">' in page
    assert "Se connecter" in page


def test_a_missing_page_a_forbidden_one_and_an_old_form(client: Client) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    missing = carl.get("/nowhere/")
    assert missing.status_code == 404
    assert "There is nothing at this address" in missing.content.decode()
    assert client.get("/nowhere/").status_code == 404
    forbidden = carl.post("/errors/actions/", {"action": "retry_all"})
    assert forbidden.status_code == 403
    assert "You are not allowed to do this" in forbidden.content.decode()
    old = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "ada"})
    assert old.status_code == 403
    assert "The page was too old" in old.content.decode()


def test_a_page_that_breaks_says_so_calmly(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()


def test_roles_are_made_by_a_migration_and_keep_what_administrators_decide() -> None:
    operator = Group.objects.get(name="operator")
    names = set(operator.permissions.values_list("codename", flat=True))
    assert {"synchronize_records", "remove_couplings", "view_syncerror"} <= names
    assert "delete_records" not in names
    operator.permissions.remove(operator.permissions.get(codename="remove_couplings"))

    ensure_groups()

    assert not operator.permissions.filter(codename="remove_couplings").exists()
    viewer = Group.objects.get(name="viewer").permissions.values_list("codename", flat=True)
    assert all(name.startswith("view_") for name in viewer)
    assert Group.objects.get(name="administrator").permissions.filter(codename="delete_records").exists()


def test_static_files_are_served_without_a_step_that_collects_them(client: Client) -> None:
    for name in ("syncstatus.css", "syncstatus.js", "icon.svg"):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200, name
        assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
