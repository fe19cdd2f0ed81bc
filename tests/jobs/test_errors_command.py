"""`manage.py errors` exactly as DESIGN 7.2 has it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from couplings.models import Coupling, SyncError
from couplings.models.error import Resolution, State
from jobs.services import mappings, notes
from tests.jobs.command_line import run
from tests.jobs.worlds import World

KEYS = ["id", "mapping", "kind", "state", "message", "fields", "left_key", "right_key", "left_exists", "right_exists"]
KEYS += ["attempts", "first_seen", "last_seen"]


@pytest.fixture
def morning(world: World) -> World:
    """A conflict, a record deleted on the left, and one that the right side refuses."""
    pairs = {name: world.pair(name=name, phone="1", fax="2") for name in ("Conflict", "Deleted")}
    world.left.edit(pairs["Conflict"][0], phone="7")
    world.right.edit(pairs["Conflict"][1], phone="8")
    world.left.delete(pairs["Deleted"][0])
    world.left.add(name="x" * 80)
    world.sync()
    assert len(world.errors()) == 3
    return world


def of(kind: str) -> SyncError:
    return SyncError.objects.open().get(kind=kind)


def test_list_tells_every_open_error_newest_first(morning: World) -> None:
    ran = run("errors", "list", "--json")
    assert ran.code == 0
    assert {told["kind"] for told in ran.objects} == {"conflict", "deleted", "validation"}
    assert all(list(told) == KEYS for told in ran.objects)
    seen = [(told["last_seen"], told["id"]) for told in ran.objects]
    assert seen == sorted(seen, reverse=True)


def test_list_tells_an_error_in_full(morning: World) -> None:
    error = of("conflict")
    told: dict[str, Any] = run("errors", "list", "--kind", "conflict", "--json").object
    assert told == {
        "id": error.pk,
        "mapping": "CUSTOMER",
        "kind": "conflict",
        "state": "skipped",
        "message": told["message"],
        "fields": ["phone"],
        "left_key": error.left_key,
        "right_key": error.right_key,
        "left_exists": True,
        "right_exists": True,
        "attempts": 1,
        "first_seen": error.first_seen.isoformat(),
        "last_seen": error.last_seen.isoformat(),
    }
    assert told["message"].startswith("Cannot update a record in the CUSTOMER table.")


def test_list_filters(morning: World) -> None:
    assert len(run("errors", "list", "--mapping", "customer", "--json").objects) == 3
    assert [told["kind"] for told in run("errors", "list", "--kind", "deleted", "--json").objects] == ["deleted"]
    assert run("errors", "list", "--mapping", "NOBODY").code == 2
    assert run("errors", "list", "--kind", "nonsense").code == 2


def test_list_for_people_has_a_heading(morning: World) -> None:
    head, *lines = run("errors", "list").said.splitlines()
    assert head.split() == ["id", "mapping", "kind", "state", "left", "right", "message"]
    assert len(lines) == 3


def test_list_of_nothing_is_nothing(world: World) -> None:
    ran = run("errors", "list", "--json")
    assert (ran.code, ran.said) == (0, "")


@pytest.mark.parametrize(("use", "phone"), [("left", "7"), ("right", "8")])
def test_synchronize(morning: World, use: str, phone: str) -> None:
    error = of("conflict")
    ran = run("errors", "synchronize", error.pk, "--use", use, "--json")
    assert ran.code == 0
    assert ran.object == {"action": "synchronize", "asked": 1, "accepted": 1, "refused": {}, "open": 0}
    assert (
        morning.left.get(error.left_key or "", "phone") == morning.right.get(error.right_key or "", "phone") == (phone,)
    )
    assert len(morning.errors()) == 2


def test_synchronize_needs_a_side(morning: World) -> None:
    assert run("errors", "synchronize", of("conflict").pk).code == 2
    assert len(morning.errors()) == 3


def test_retry_of_what_is_still_wrong_leaves_it_open_and_exits_1(morning: World) -> None:
    error = of("validation")
    ran = run("errors", "retry", error.pk, "--json")
    assert (ran.code, ran.object["accepted"], ran.object["open"]) == (1, 1, 1)
    error.refresh_from_db()
    assert (error.attempts, error.request) == (2, "")


def test_retry_of_what_was_put_right(morning: World) -> None:
    error = of("validation")
    morning.left.edit(error.left_key or "", name="Short")
    ran = run("errors", "retry", error.pk)
    assert ran.code == 0
    assert ran.said == "Worked off 1 of 1 errors.\n"
    assert Coupling.objects.filter(left_key=error.left_key).exists()


def test_restore(morning: World) -> None:
    error = of("deleted")
    assert run("errors", "restore", error.pk).code == 0
    coupling = Coupling.objects.get(right_key=error.right_key)
    assert morning.left.get(coupling.left_key) == ("Deleted", "1", "2")
    error.refresh_from_db()
    assert error.resolution == Resolution.RESTORED


def test_delete(morning: World) -> None:
    error = of("deleted")
    assert run("errors", "delete", error.pk).code == 0
    assert morning.right.get(error.right_key or "") is None
    assert not Coupling.objects.filter(right_key=error.right_key).exists()


def test_uncouple(morning: World) -> None:
    error = of("deleted")
    assert run("errors", "uncouple", error.pk).code == 0
    assert morning.right.get(error.right_key or "") == ("Deleted", "1", "2")
    assert not Coupling.objects.filter(right_key=error.right_key).exists()
    morning.sync()
    assert not morning.left.execute("SELECT 1 FROM customer WHERE name = 'Deleted'")


def test_what_does_not_apply_is_refused_and_said(morning: World) -> None:
    ran = run("errors", "restore", of("conflict").pk, "--json")
    assert (ran.code, ran.object["accepted"], ran.object["refused"]) == (1, 0, {"nothing_deleted": 1})
    ran = run("errors", "delete", of("validation").pk)
    assert ran.code == 1
    assert "1 error is still open." in ran.said


def test_all_with_a_filter(morning: World) -> None:
    ran = run("errors", "restore", "--all", "--kind", "deleted", "--json")
    assert (ran.code, ran.object["asked"], ran.object["open"]) == (0, 1, 0)
    ran = run("errors", "retry", "--all", "--mapping", "CUSTOMER", "--json")
    assert (ran.code, ran.object["asked"], ran.object["open"]) == (1, 2, 2)


def test_all_leaves_out_what_somebody_ignores_until_a_date(morning: World) -> None:
    until = timezone.now() + timedelta(days=3)
    notes.ignore(SyncError.objects.filter(kind="conflict"), until, user=None)

    ran = run("errors", "retry", "--all", "--json")

    assert ran.object["asked"] == 2
    assert of("conflict").state == State.IGNORED
    assert run("errors", "retry", str(of("conflict").pk), "--json").object["accepted"] == 1


def test_all_of_nothing_is_in_step(world: World) -> None:
    ran = run("errors", "retry", "--all", "--json")
    assert (ran.code, ran.object["asked"]) == (0, 0)


@pytest.mark.parametrize("options", [[], ["--all", "1"], ["99999999"], ["abc"]])
def test_wrong_usage_is_2_and_does_nothing(morning: World, options: list[str]) -> None:
    ran = run("errors", "retry", *options, "--json")
    assert (ran.code, ran.said) == (2, "")
    assert {error.attempts for error in morning.errors()} == {1}


def test_an_id_that_is_not_open_spoils_the_whole_call(morning: World) -> None:
    ran = run("errors", "retry", of("validation").pk, 99999999)
    assert ran.code == 2
    assert "99999999" in ran.complained
    assert of("validation").attempts == 1


def test_a_paused_mapping_keeps_the_wish(morning: World) -> None:
    mappings.pause(morning.mapping, user=None)
    error = of("deleted")
    ran = run("errors", "restore", error.pk, "--json")
    assert (ran.code, ran.object["refused"]) == (1, {"mapping_paused": 1})
    mappings.resume(morning.mapping, user=None, queue=False)
    error.refresh_from_db()
    assert error.resolution == Resolution.RESTORED


def test_a_connection_that_is_down_is_3_and_the_wish_stays(morning: World) -> None:
    crm = morning.mapping.right_connection
    good = crm.settings
    crm.settings = {"url": "postgresql+psycopg2://crm@127.0.0.1:1/crm"}
    crm.save()
    error = of("deleted")
    assert run("errors", "restore", error.pk, "--json").code == 3
    assert "connection" in {told["kind"] for told in run("errors", "list", "--json").objects}
    (told,) = run("errors", "list", "--kind", "connection", "--json").objects
    assert (told["mapping"], told["state"], told["left_key"]) == (None, "retrying", None)
    crm.settings = good
    crm.save()
    morning.sync()
    error.refresh_from_db()
    assert error.resolution == Resolution.RESTORED
    assert not SyncError.objects.open().filter(kind="connection").exists()
