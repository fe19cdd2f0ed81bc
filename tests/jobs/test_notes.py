"""Assign, comment and ignore, on real databases, and what runs do with what is ignored."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from couplings.models import AuditEntry, ErrorNote, SyncError
from couplings.models.error import Resolution, State
from couplings.store import notes as store
from jobs import tasks
from jobs.models import Kind
from jobs.services import actions, notes
from jobs.services.errors import Refused
from tests import given
from tests.jobs.worlds import World, told


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def conflict(world: World) -> World:
    """Adatum, whose phone both sides changed."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    world.sync()
    return world


def everything() -> object:
    return SyncError.objects.open()


def in_days(days: int) -> object:
    return timezone.now() + timedelta(days=days)


def history() -> list[tuple[str, str]]:
    return list(ErrorNote.objects.order_by("pk").values_list("kind", "text"))


@pytest.mark.django_db
def test_many_errors_are_assigned_to_somebody_and_to_nobody_again(ada: User) -> None:
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(3)]

    done = notes.assign(everything(), ada, user=ada)
    again = notes.assign(everything(), ada, user=ada)
    notes.assign(SyncError.objects.filter(pk=errors[0].pk), None, user=None)

    assert (done.asked, done.accepted, again.accepted) == (3, 3, 3)
    assert sorted(SyncError.objects.values_list("assigned_to", flat=True), key=str) == [ada.pk, ada.pk, None]
    assert history() == [("assigned", "ada")] * 3 + [("assigned", "")]


@pytest.mark.django_db
def test_closed_errors_are_neither_assigned_nor_commented_on_nor_ignored(ada: User) -> None:
    given.error(given.mapping(), 1, state=State.RESOLVED, resolved_at=timezone.now())
    errors = SyncError.objects.all()

    for done in (
        notes.assign(errors, ada, user=ada),
        notes.comment(errors, "asked the customer", user=ada),
        notes.ignore(errors, in_days(1), user=ada),
    ):
        assert (done.accepted, done.refused) == (0, {"not_open": 1})
    assert history() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"), [("", "comment_missing"), (" \n", "comment_missing"), ("x" * 2001, "comment_too_long")]
)
def test_a_comment_says_something(ada: User, text: str, code: str) -> None:
    given.error(given.mapping(), 1)

    with pytest.raises(Refused) as refused:
        notes.comment(everything(), text, user=ada)

    assert refused.value.code == code
    assert history() == []


@pytest.mark.django_db
def test_what_needs_nobody_is_not_ignored(ada: User) -> None:
    mapping = given.mapping()
    for number, state in enumerate((State.SKIPPED, State.RETRYING, State.WAITING, State.HELD)):
        given.error(mapping, number, state=state)
    given.error(mapping, 5, request="retry")

    done = notes.ignore(everything(), in_days(1), user=ada)

    assert (done.asked, done.accepted) == (5, 1)
    assert done.refused == {"needs_nobody": 3, "already_requested": 1}
    assert SyncError.objects.get(state=State.IGNORED).description == "Adatum 0"


@pytest.mark.django_db
def test_nothing_is_ignored_until_yesterday(ada: User) -> None:
    given.error(given.mapping(), 1)

    with pytest.raises(Refused, match="ignored_until_past"):
        notes.ignore(everything(), in_days(-1), user=ada)

    assert SyncError.objects.get().state == State.SKIPPED


@pytest.mark.django_db
def test_somebody_brings_an_ignored_error_back(ada: User) -> None:
    given.error(given.mapping(), 1)
    notes.ignore(everything(), in_days(9), user=ada)

    done = notes.unignore(everything(), user=ada)
    again = notes.unignore(everything(), user=ada)

    assert (done.accepted, again.accepted, again.refused) == (1, 0, {"not_ignored": 1})
    assert SyncError.objects.values_list("state", "ignored_until").get() == (State.SKIPPED, None)
    assert [kind for kind, _ in history()] == ["ignored", "back"]


@pytest.mark.django_db(transaction=True)
def test_beat_brings_back_what_is_due_and_nothing_else(ada: User) -> None:
    mapping = given.mapping()
    due, later = given.error(mapping, 1), given.error(mapping, 2)
    notes.ignore(everything(), in_days(9), user=ada)
    SyncError.objects.filter(pk=due.pk).update(ignored_until=in_days(-1))

    tasks.ring_due()

    assert SyncError.objects.get(pk=due.pk).state == State.SKIPPED
    assert SyncError.objects.get(pk=later.pk).state == State.IGNORED
    assert list(ErrorNote.objects.filter(kind="back").values_list("error", "by")) == [(due.pk, None)]
    assert store.bring_back_due() == 0


def test_an_ignored_error_is_updated_by_runs_and_stays_ignored(conflict: World, ada: User) -> None:
    notes.ignore(everything(), in_days(9), user=ada)
    conflict.left.edit(conflict.error().left_key or "", phone="9", fax="3")
    conflict.right.edit(conflict.error().right_key or "", fax="4")

    job = conflict.sync()

    error = conflict.error()
    assert told(job) == {"skipped": 1}
    assert (error.state, error.fields) == (State.IGNORED, ["phone", "fax"])
    assert error.ignored_until is not None
    conflict.assert_quiet()


def test_an_ignored_error_closes_itself_when_its_record_is_in_step(conflict: World, ada: User) -> None:
    notes.ignore(everything(), in_days(9), user=ada)
    conflict.left.edit(conflict.error().left_key or "", phone="8")

    conflict.sync()

    assert SyncError.objects.values_list("state", "resolution").get() == (State.RESOLVED, Resolution.IN_STEP)


def test_retry_ends_the_ignoring(conflict: World, ada: User) -> None:
    notes.ignore(everything(), in_days(9), user=ada)

    actions.request(everything(), "retry", user=ada, queue=False)

    assert conflict.error().state == State.SKIPPED


def test_ignored_deletions_do_not_count_against_the_guard(world: World, ada: User) -> None:
    keys = [world.pair(name=f"Adatum {number}", phone="1")[0] for number in range(6)]
    world.left.delete(*keys[:3])
    world.set(guard_share=1)
    world.sync()
    notes.ignore(everything(), in_days(9), user=ada)
    world.set(deletion_conflict="delete", guard_share=0.5)
    world.left.delete(keys[3])

    world.sync(Kind.FULL)

    assert not SyncError.objects.filter(state=State.HELD).exists()


@pytest.mark.django_db
def test_the_audit_log_names_the_records_and_the_person() -> None:
    client = given.signed_in(given.person("ada", "administrator"))
    error = given.error(given.mapping(), 1)

    client.post("/errors/actions/", {"action": "assign", "selected": error.pk, "person": "ada"})
    client.post("/errors/actions/", {"action": "comment", "selected": error.pk, "comment": "asked the customer"})

    assigned, commented = AuditEntry.objects.filter(action__startswith="errors.").order_by("pk")
    assert (assigned.action, assigned.accepted, assigned.subject["person"]) == ("errors.assign", 1, "ada")
    assert assigned.subject["records"] == ["10001 ↔ a-1"]
    assert (commented.action, commented.asked, commented.accepted) == ("errors.comment", 1, 1)
