"""Who may do what: each action of each page for each role, all cells, and that pages show nothing that is refused.

The addresses are those of the URL resolver: one that takes forms and has no row here fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import resolve

from couplings.audit_in_words import ACTIONS
from couplings.audit_requests import action_of
from jobs import forms
from tests import given, pages

# Each role may do what those before it may.
NOBODY, VIEWER, OPERATOR, DELETING, ADMINISTRATOR = range(5)
PEOPLE = {
    VIEWER: ("carl", "viewer"),
    OPERATOR: ("berta", "operator"),
    DELETING: ("dirk", "operator", "delete_records"),
    ADMINISTRATOR: ("ada", "administrator"),
}

# The least role for each view that takes forms; for views with several actions, one for each of them.
TABLE: dict[str, int | dict[str, int]] = {
    "login": NOBODY,
    "couplings:preferences": NOBODY,
    "logout": VIEWER,
    "password_change": VIEWER,
    "couplings:views": dict.fromkeys(("save", "first", "not_first", "delete"), VIEWER),
    "couplings:person_add": ADMINISTRATOR,
    "couplings:person": ADMINISTRATOR,
    "couplings:person_password": ADMINISTRATOR,
    "jobs:actions": {
        "retry": OPERATOR,
        "retry_all": OPERATOR,
        "synchronize": OPERATOR,
        "restore": OPERATOR,
        "create_again": OPERATOR,
        "delete": DELETING,
        "remove_coupling": OPERATOR,
        "find_deleted": OPERATOR,
        "assign": OPERATOR,
        "comment": OPERATOR,
        "ignore": OPERATOR,
        "unignore": OPERATOR,
    },
    "jobs:cancel_bulk": OPERATOR,
    "jobs:error": OPERATOR,
    "jobs:adopt": OPERATOR,
    "jobs:held_actions": {
        "approve": DELETING,
        "approve_all": DELETING,
        "discard": OPERATOR,
        "discard_all": OPERATOR,
    },
    "jobs:coupling_actions": {"synchronize": OPERATOR, "remove_coupling": OPERATOR},
    "jobs:record_actions": {"synchronize": OPERATOR, "couple": OPERATOR, "remove_coupling": OPERATOR},
    "jobs:set_up_coupling": OPERATOR,
    "jobs:first": OPERATOR,
    "jobs:mapping_add": ADMINISTRATOR,
    "jobs:mapping_actions": {
        "modified": OPERATOR,
        "full": OPERATOR,
        "find_deleted": OPERATOR,
        "preview": OPERATOR,
        "pause": ADMINISTRATOR,
        "resume": ADMINISTRATOR,
        "accept": ADMINISTRATOR,
    },
    "jobs:mapping_delete": ADMINISTRATOR,
    "jobs:mapping_edit": ADMINISTRATOR,
    "jobs:mapping_review": ADMINISTRATOR,
    "jobs:mapping_rules": ADMINISTRATOR,
    "jobs:mapping_field": ADMINISTRATOR,
    "jobs:mapping_side": ADMINISTRATOR,
    "jobs:mapping_constant": ADMINISTRATOR,
    "jobs:mapping_default": ADMINISTRATOR,
    "jobs:mapping_version": ADMINISTRATOR,
    "jobs:mapping_import": OPERATOR,
    "jobs:matches": OPERATOR,
    "jobs:remove_couplings": OPERATOR,
    "jobs:job_actions": dict.fromkeys(("pause", "resume", "cancel", "apply", "discard"), OPERATOR),
    "jobs:undo_job": OPERATOR,
    "jobs:undo_entry": OPERATOR,
    "jobs:connection_add": ADMINISTRATOR,
    "jobs:connection_edit": ADMINISTRATOR,
    "jobs:connection_secret": ADMINISTRATOR,
    "jobs:connection_delete": ADMINISTRATOR,
    "jobs:check": OPERATOR,
}
FORMS = {
    "jobs:actions": forms.ErrorActionForm,
    "jobs:held_actions": forms.HeldActionForm,
    "jobs:coupling_actions": forms.CouplingActionForm,
    "jobs:mapping_actions": forms.MappingActionForm,
    "jobs:job_actions": forms.JobActionForm,
}
# What a form has to say so that its action, and not a question about it, is refused or not.
SAID: dict[str, dict[str, str]] = {"jobs:record_actions": {"mapping": "CUSTOMER", "side": "left"}}
QUERY = {"jobs:record_actions": "?mapping=CUSTOMER&side=left"}

pytestmark = pytest.mark.django_db


@dataclass
class Forms(HTMLParser):
    """The forms of a page that change something: where each is posted to, and its buttons that name an action."""

    page: str
    found: list[tuple[str, str]] = field(default_factory=list)
    target: str | None = None
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and told.get("method", "").lower() == "post":
            self.target = told.get("action") or self.page
            self.ids[told.get("id", "")] = self.target
            self.found.append((self.target, ""))
        elif tag in {"button", "input"} and told.get("name") == "action":
            target = told.get("formaction") or self.ids.get(told.get("form", "-")) or self.target
            self.found += [(target, told.get("value", ""))] if target else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.target = None


def person(role: int) -> User:
    return given.person(*PEOPLE[role])


def rows() -> Iterator[tuple[str, str, int]]:
    """Name of the view, action, least role."""
    for name, least in TABLE.items():
        cells = least if isinstance(least, dict) else {"": least}
        yield from ((name, action, one) for action, one in cells.items())


def least_of(name: str, action: str) -> int:
    least = TABLE[name]
    return least[action] if isinstance(least, dict) else least


def post(client: Client, name: str, action: str, there: dict[str, Any]) -> int:
    """The answer's status; whatever it did is taken back."""
    address = next(one for one in pages.addresses() if one.name == name)
    data = SAID.get(name, {}) | ({"action": action} if action else {})
    with transaction.atomic():
        status = client.post(address.url(there) + QUERY.get(name, ""), data).status_code
        transaction.set_rollback(True)
    return status


@pytest.mark.parametrize("role", PEOPLE)
def test_each_action_is_refused_to_those_who_may_not_do_it_and_to_no_others(role: int) -> None:
    user, there = person(role), pages.samples()
    wrong = []
    for name, action, least in rows():
        status = post(given.signed_in(user), name, action, there)
        assert status != 500
        if (status == 403) != (role < least):
            wrong.append((name, action, status))
    assert wrong == []


def test_somebody_who_is_not_signed_in_does_nothing() -> None:
    there = pages.samples()
    for name, action, least in rows():
        status = post(Client(), name, action, there)
        assert status == 302 or least == NOBODY, name


def test_every_address_that_takes_forms_has_a_row() -> None:
    ada, there = person(ADMINISTRATOR), pages.samples()
    without = []
    for address in pages.addresses():
        with transaction.atomic():
            status = given.signed_in(ada).post(address.url(there)).status_code
            transaction.set_rollback(True)
        if status != 405 and address.name not in TABLE:
            without.append(address.name)
    assert without == []


def test_every_action_has_its_words_in_the_audit_log() -> None:
    names = {action_of(name.rpartition(":")[2], action) for name, action, _least in rows()}
    assert names - set(ACTIONS) == {"login", "preferences"}


def test_every_action_of_a_form_has_a_row() -> None:
    for name, form in FORMS.items():
        cells = TABLE[name]
        assert isinstance(cells, dict)
        assert set(form.PERMISSIONS) == set(cells), name


@pytest.mark.parametrize("role", PEOPLE)
def test_no_page_shows_what_is_refused(role: int) -> None:
    client, there = given.signed_in(person(role)), pages.samples()
    shown: set[tuple[str, str]] = set()
    for address in pages.addresses():
        response = client.get(address.url(there))
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            continue
        parser = Forms(address.url(there))
        parser.feed(response.content.decode())
        for target, action in parser.found:
            name = resolve(urlsplit(target).path).view_name
            if not action and isinstance(TABLE[name], dict):
                continue  # it stands around a list, and its buttons say what it does
            assert role >= least_of(name, action), (address.url(there), name, action)
            shown.add((name, action))
    assert ("jobs:check", "") in shown or role < OPERATOR
    assert ("jobs:actions", "retry") in shown or role < OPERATOR
    assert ("logout", "") in shown
