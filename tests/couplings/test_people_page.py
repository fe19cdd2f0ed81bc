"""People and their roles: who may change them, and that nobody locks everybody out."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import AuditEntry
from couplings.roles import DELETE, PEOPLE, SYNCHRONIZE
from tests import given

PASSWORD = "wrong horse battery staple"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return given.person("ada", "administrator")


@pytest.fixture
def client(ada: User) -> Client:
    return given.signed_in(ada)


def change(client: Client, user: User, **values: Any) -> str:
    data = {"role": "operator", "is_active": "on", **values}
    answer = client.post(f"/people/{user.pk}/", {name: value for name, value in data.items() if value}, follow=True)
    return answer.content.decode()


def fresh(user: User) -> User:
    """As the next request sees them: permissions are remembered for the time of one."""
    return User.objects.get(pk=user.pk)


def test_an_operator_is_added_and_works_at_once(client: Client) -> None:
    new = {"username": "dora", "first_name": "Dora", "role": "operator", "password1": PASSWORD, "password2": PASSWORD}

    page = client.post("/people/add/", {**new, "may_delete": "on"}, follow=True).content.decode()

    assert "dora can sign in now." in page
    dora = User.objects.get(username="dora")
    assert dora.check_password(PASSWORD)
    assert dora.has_perms([SYNCHRONIZE, DELETE])
    assert not dora.has_perm(PEOPLE)
    entry = AuditEntry.objects.get(action="person_add")
    assert (entry.who, entry.subject["person"], entry.subject["role"]) == ("ada", "dora", "operator")
    assert PASSWORD not in str(entry.subject)


def test_a_wrong_form_comes_back_at_its_fields_and_saves_nothing(client: Client) -> None:
    wrong = {"username": "ada", "role": "viewer", "may_delete": "on", "password1": PASSWORD, "password2": "other"}

    answer = client.post("/people/add/", wrong)

    assert set(answer.context["form"].errors) == {"username", "may_delete", "password2"}
    assert User.objects.count() == 1
    assert PASSWORD not in answer.content.decode()


def test_a_role_and_the_grant_are_changed(client: Client) -> None:
    carl = given.person("carl", "viewer")
    change(client, carl, role="operator", may_delete="on")
    assert fresh(carl).has_perms([SYNCHRONIZE, DELETE])
    change(client, carl, role="operator")
    assert not fresh(carl).has_perm(DELETE)
    change(client, carl, role="viewer")
    assert not fresh(carl).has_perm(SYNCHRONIZE)
    assert [group.name for group in fresh(carl).groups.all()] == ["viewer"]


def test_whoever_may_not_sign_in_any_more_is_out_at_once(client: Client) -> None:
    carl = given.person("carl", "viewer")
    his = given.signed_in(carl)
    assert his.get("/").status_code == 200

    change(client, carl, role="viewer", is_active="")

    assert his.get("/").status_code == 302
    assert "carl" in client.get("/people/").content.decode()


@pytest.mark.parametrize("values", [{"role": "operator"}, {"role": "administrator", "is_active": ""}])
def test_nobody_takes_the_role_from_themselves(client: Client, ada: User, values: dict[str, str]) -> None:
    given.person("berta", "administrator")

    assert "Nobody could undo this" in change(client, ada, **values)

    assert fresh(ada).has_perm(PEOPLE)


def test_the_last_administrator_stays() -> None:
    """Somebody whose permission was given to them alone is not an administrator who could give the role back."""
    ada = given.person("ada", "administrator")
    eve = given.signed_in(given.person("eve", "viewer", "change_user"))

    assert "Nobody could undo this" in change(eve, ada, role="viewer")
    given.person("berta", "administrator")
    assert "Nobody could undo this" not in change(eve, ada, role="viewer")


def test_a_superuser_becomes_what_is_chosen(client: Client) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    assert "administrator" in client.get("/people/").content.decode()

    change(client, root, role="viewer")

    assert not fresh(root).has_perm(SYNCHRONIZE)


def test_a_forgotten_password_is_replaced(client: Client) -> None:
    carl = given.person("carl", "viewer")
    his = given.signed_in(carl)

    client.post(f"/people/{carl.pk}/password/", {"new_password1": PASSWORD, "new_password2": PASSWORD})

    assert fresh(carl).check_password(PASSWORD)
    assert his.get("/").status_code == 302


def test_the_list_takes_the_same_queries_for_few_and_many(client: Client) -> None:
    with CaptureQueriesContext(connection) as few:
        client.get("/people/")
    for number in range(12):
        given.person(f"person{number}", "operator", "delete_records")
    with CaptureQueriesContext(connection) as many:
        client.get("/people/")
    assert len(many) == len(few)
