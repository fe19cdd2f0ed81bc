"""Who did what, to which records, when and from where: what is put down, and what is not."""

import getpass
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.utils import timezone

from couplings import audit
from couplings.audit import Act, Actor
from couplings.audit_in_words import ACTIONS
from couplings.models import AuditEntry, SyncError
from couplings.models.audit import Origin, Result
from jobs import retention
from syncstatus.client_address import client_address
from tests import given
from tests.jobs.command_line import run

pytestmark = pytest.mark.django_db


def entries() -> QuerySet[AuditEntry]:
    """What was done after people had signed in."""
    return AuditEntry.objects.exclude(action="sign_in").order_by("pk")


@pytest.fixture
def error() -> SyncError:
    return given.error(given.mapping(), 1)


def test_an_action_on_a_page_says_who_what_which_records_and_from_where(berta: Client, error: SyncError) -> None:
    data = {"action": "retry", "selected": [error.pk, 999]}
    answer = berta.post("/errors/actions/", data, REMOTE_ADDR="10.1.2.3")

    found = entries().get()
    assert (found.who, found.user and found.user.username, found.origin) == ("berta", "berta", Origin.PAGE)
    assert (found.action, found.mapping, found.result) == ("errors.retry", "CUSTOMER", Result.DONE)
    assert (found.asked, found.accepted, found.subject["records"]) == (1, 1, ["10001 ↔ a-1"])
    assert found.address == "10.1.2.3"
    assert found.request == answer["X-Request-ID"]
    assert timezone.now() - found.at < timedelta(minutes=1)


def test_a_second_click_that_changes_nothing_is_told_as_refused(berta: Client, error: SyncError) -> None:
    berta.post("/errors/actions/", {"action": "retry", "selected": [error.pk]}, follow=True)
    berta.post("/errors/actions/", {"action": "retry", "selected": [error.pk]}, follow=True)
    berta.post("/errors/actions/", {"action": "retry", "selected": []})

    assert list(entries().values_list("result", "accepted")) == [("done", 1), ("refused", 0), ("refused", None)]


def test_what_one_may_not_do_is_put_down_as_well(berta: Client, error: SyncError) -> None:
    assert berta.post("/errors/actions/", {"action": "delete", "selected": [error.pk]}).status_code == 403

    found = entries().get()
    assert (found.action, found.result, found.subject["selected"]) == ("errors.delete", "forbidden", [str(error.pk)])


def test_a_question_that_is_asked_back_is_no_act_yet(berta: Client, error: SyncError) -> None:
    assert berta.post("/errors/actions/", {"action": "retry_all"}).status_code == 200
    assert not entries().exists()
    berta.post("/errors/actions/?kind=conflict", {"action": "retry_all", "confirm": "1", "scope": "filter"})

    assert entries().get().subject["filter"] == {"kind": "conflict"}


def test_looking_and_choosing_a_language_are_not_put_down(berta: Client, error: SyncError) -> None:
    berta.get("/errors/")
    berta.post("/language/", {"language": "fr", "next": "/"})

    assert not entries().exists()


def test_signing_in_and_out_and_failing_to(client: Client) -> None:
    given.person("ada", "viewer")
    for data in ({"username": "ada", "password": "wrong"}, {"username": "hunter2", "password": "ada"}):
        client.post("/accounts/login/", data)
    client.post("/accounts/login/", {"username": "ada", "password": given.PASSWORD})
    client.post("/accounts/logout/")

    found = AuditEntry.objects.order_by("pk").values_list("action", "who", "result")
    assert list(found) == [
        ("sign_in", "ada", "refused"),
        ("sign_in", "", "refused"),
        ("sign_in", "ada", "done"),
        ("sign_out", "ada", "done"),
    ]
    assert not any(name in str(AuditEntry.objects.values()) for name in ("wrong", "hunter2", given.PASSWORD))


@pytest.mark.django_db(transaction=True)
def test_a_command_is_put_down_with_the_account_it_ran_under() -> None:
    error = given.error(given.mapping(), 1)
    run("errors", "list", "--json")
    assert not entries().exists()

    run("errors", "retry", error.pk)

    found = entries().get()
    assert (found.who, found.origin, found.address) == (getpass.getuser(), Origin.COMMAND, socket.gethostname())
    assert (found.action, found.result, found.accepted) == ("errors.retry", "done", 1)
    assert found.subject["ids"] == [error.pk]


def test_a_command_that_is_used_wrongly_or_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError):
        call_command("mappings", "pause", "NOWHERE")
    with pytest.raises(CommandError):
        call_command("config", "apply", "/nowhere.yaml")

    assert list(entries().values_list("action", "result")) == [
        ("mappings.pause", "refused"),
        ("config.apply", "refused"),
    ]


def test_actions_of_commands_bear_the_names_of_pages() -> None:
    given.connection("ERP", settings={"url": "sqlite:////nowhere.db"})
    run("connection", "check")
    run("errors", "uncouple", "--all")
    found = entries().values_list("action", flat=True)
    assert list(found) == ["check", "errors.remove_coupling"]
    assert set(found) <= set(ACTIONS)


def test_a_dry_run_is_none(tmp_path: Any) -> None:
    run("prune", "--dry-run")
    assert not entries().exists()
    run("prune")
    assert entries().get().action == "prune"


def test_an_entry_stays_small_however_much_was_done() -> None:
    act = Act(Actor("ada", Origin.PAGE), "errors.retry")
    act.add(mapping="A", asked=2, accepted=1, subject={"records": ["k" * 1000, "nul\0"] * 500})
    act.add(mapping="B", asked=3, accepted=3, subject={"records": ["last"]})

    found = audit.write(act)
    found.refresh_from_db()

    assert (found.asked, found.accepted, found.mapping, found.subject["mappings"]) == (5, 4, "", ["A", "B"])
    assert len(found.subject["records"]) == audit.KEPT
    assert {len(key) for key in found.subject["records"]} == {audit.LONGEST, 3}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (2, "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"),
        (2, "9.9.9.9", "9.9.9.9"),
        (1, "not an address", ""),
        (1, "", ""),
    ],
)
def test_the_address_is_not_what_the_sender_says_it_is(
    rf: RequestFactory, settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", headers={"x-forwarded-for": forwarded} if forwarded else {}, REMOTE_ADDR="10.0.0.1")

    assert client_address(request) == address


def test_old_entries_go_and_no_others(settings: Any) -> None:
    settings.KEEP_AUDIT = timedelta(days=30)
    now = timezone.now()
    for days in (31, 29):
        AuditEntry.objects.create(who=f"{days}", origin=Origin.PAGE, action="check", at=now - timedelta(days=days))

    assert retention.prune(dry_run=True)["audit_entries"] == 1
    assert retention.prune()["audit_entries"] == 1
    assert [entry.who for entry in entries()] == ["29"]
