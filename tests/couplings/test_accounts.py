"""Signing in, being kept out after too many attempts, and a new password."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone

from couplings.models import AuditEntry
from tests import given

LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db


def broken(_request: HttpRequest) -> HttpResponse:
    password = "hunter2"
    raise ValueError(password)


urlpatterns = [path("", broken)]


def attempt(client: Client, password: str, name: str = "ada", **more: str) -> int:
    return client.post(LOGIN, {"username": name, "password": password}, **more).status_code  # type: ignore[arg-type]


@pytest.fixture
def locked(client: Client) -> Client:
    """Ada's name with a wrong password as often as it takes."""
    for name in ("ada", "berta"):
        given.person(name, "viewer")
    codes = [attempt(client, "wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert codes == [200] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    return client


def test_too_many_wrong_passwords_are_answered_with_when_to_try_again(locked: Client) -> None:
    answer = locked.post(LOGIN, {"username": "ada", "password": given.PASSWORD})

    assert answer.status_code == 429
    assert "Try again in 15 minutes." in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert settings.SESSION_COOKIE_NAME not in locked.cookies


def test_nobody_else_is_kept_out_and_ada_not_from_elsewhere(locked: Client) -> None:
    assert attempt(locked, given.PASSWORD, "berta") == 302
    assert attempt(Client(), given.PASSWORD, REMOTE_ADDR="10.9.9.9") == 302


def test_one_address_that_tries_many_names_is_kept_out_and_others_are_not(client: Client) -> None:
    given.person("ada", "viewer")
    with override_settings(LOGIN_ATTEMPTS_OF_ADDRESS=8):
        codes = [attempt(client, "Summer2026!", f"name{number}") for number in range(9)]
        assert codes == [200] * 7 + [429, 429]
        assert attempt(client, given.PASSWORD) == 429
        assert attempt(Client(), given.PASSWORD, REMOTE_ADDR="10.9.9.9") == 302


def test_a_few_who_mistype_do_not_lock_their_office_out(client: Client) -> None:
    for number in range(9):
        person = given.person(f"name{number}", "viewer")
        assert [attempt(client, "wrong", person.username) for _ in range(4)] == [200] * 4
    assert attempt(client, given.PASSWORD, "name0") == 302


def test_a_right_password_of_one_does_not_forget_what_others_tried(client: Client) -> None:
    """Whoever has one account could try all others with it."""
    given.person("ada", "viewer")
    with override_settings(LOGIN_ATTEMPTS_OF_ADDRESS=8):
        for number in range(7):
            assert attempt(client, "wrong", f"name{number}") == 200
        assert attempt(client, given.PASSWORD) == 302
        assert attempt(Client(), "wrong", "name8") == 429


def test_one_name_from_many_addresses_is_kept_out_but_not_at_home(client: Client) -> None:
    given.person("ada", "viewer")
    assert attempt(client, given.PASSWORD, REMOTE_ADDR="10.1.1.1") == 302
    with override_settings(LOGIN_ATTEMPTS_FOR_NAME=8):
        codes = [attempt(Client(), "wrong", REMOTE_ADDR=f"10.9.9.{number}") for number in range(8)]
        assert codes == [200] * 7 + [429]
        assert attempt(Client(), given.PASSWORD, REMOTE_ADDR="10.9.9.99") == 429
        assert attempt(Client(), given.PASSWORD, REMOTE_ADDR="10.1.1.1") == 302


def test_an_unknown_address_is_nobodys(client: Client) -> None:
    """Everybody behind a socket would share its limit."""
    given.person("ada", "viewer")
    with override_settings(LOGIN_ATTEMPTS_OF_ADDRESS=3):
        assert [attempt(client, "wrong", f"name{number}", REMOTE_ADDR="") for number in range(4)] == [200] * 4


def test_an_address_comes_free_when_the_oldest_attempts_are_old_enough(client: Client) -> None:
    given.person("ada", "viewer")
    start = timezone.now()
    with override_settings(LOGIN_ATTEMPTS_OF_ADDRESS=4):
        for number in range(4):
            with time_machine.travel(start + timedelta(minutes=number), tick=False):
                attempt(client, "wrong", f"name{number}")
        with time_machine.travel(start + timedelta(minutes=14), tick=False):
            answer = client.post(LOGIN, {"username": "ada", "password": given.PASSWORD})
            assert (answer.status_code, answer["Retry-After"]) == (429, "60")
        with time_machine.travel(start + timedelta(minutes=15, seconds=1), tick=False):
            assert attempt(client, given.PASSWORD) == 302


def test_the_wait_ends_though_somebody_goes_on_trying(locked: Client) -> None:
    start = timezone.now()
    with time_machine.travel(start + timedelta(minutes=14), tick=False):
        assert attempt(locked, "wrong") == 429
    with time_machine.travel(start + timedelta(minutes=15, seconds=5), tick=False):
        assert attempt(locked, given.PASSWORD) == 302


def test_attempts_of_somebody_kept_out_do_not_fill_the_audit_log(locked: Client) -> None:
    for _ in range(3):
        attempt(locked, "wrong")

    assert AuditEntry.objects.filter(who="ada", result="refused").count() == settings.AXES_FAILURE_LIMIT


def test_a_right_password_forgets_the_wrong_ones(client: Client) -> None:
    given.person("ada", "viewer")
    for _ in range(3):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            assert attempt(client, "wrong") == 200
        assert attempt(client, given.PASSWORD) == 302
        client.post("/accounts/logout/")


def test_a_new_password_ends_the_other_sessions() -> None:
    ada = given.person("ada", "viewer")
    here, elsewhere = given.signed_in(ada), given.signed_in(ada)
    new = "wrong horse battery staple"
    data = {"old_password": given.PASSWORD, "new_password1": new, "new_password2": new}

    answer = here.post("/accounts/password/", data, follow=True)

    assert "Your password is changed." in answer.content.decode()
    assert elsewhere.get("/").status_code == 302
    assert attempt(Client(), new) == 302
    assert AuditEntry.objects.filter(who="ada", action="password", result="done").exists()
    assert new not in str(list(AuditEntry.objects.values()))


def test_a_weak_or_mistyped_password_is_refused_at_its_field() -> None:
    here = given.signed_in(given.person("ada", "viewer"))
    for first, second in (("12345678", "12345678"), ("wrong horse battery", "wrong horse buttery")):
        data = {"old_password": given.PASSWORD, "new_password1": first, "new_password2": second}
        assert 'class="errorlist"' in here.post("/accounts/password/", data).content.decode()
    assert attempt(Client(), given.PASSWORD) == 302


@override_settings(ROOT_URLCONF=__name__)
def test_a_page_that_breaks_shows_neither_the_trace_nor_what_was_in_it(client: Client) -> None:
    client.raise_request_exception = False

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
    assert "hunter2" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_form_leads_to_a_foreign_page(place: str) -> None:
    ada = given.person("ada", "administrator")
    error = given.error(given.mapping(), 1)
    client = given.signed_in(ada)

    answers = [
        Client().post(LOGIN, {"username": "ada", "password": given.PASSWORD, "next": place}),
        client.post("/preferences/", {"language": "fr", "next": place}),
        client.post("/errors/actions/", {"action": "retry", "selected": [error.pk], "next": place}),
    ]

    assert {answer.status_code for answer in answers} == {302}
    for answer in answers:
        assert answer["Location"].startswith("/")
        assert "evil" not in answer["Location"]
