"""What people do about open errors: each action, on real databases, through the services behind page and command."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from couplings.models import Coupling, SyncError
from couplings.models.error import Resolution, State
from jobs.models import Kind, SyncJob
from jobs.services import actions, comparison, couplings
from jobs.services.errors import Refused
from syncstatus.engine.records import Side
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


def act(action: str, **options: object) -> actions.Requested:
    return actions.request(SyncError.objects.open(), action, user=None, queue=False, **options)  # type: ignore[arg-type]


@pytest.fixture
def conflict(world: World) -> World:
    """Adatum, whose phone both sides changed."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    world.sync()
    assert world.error().kind == "conflict"
    return world


@pytest.fixture
def deleted(world: World) -> World:
    """Adatum, which was deleted on the left."""
    key, _ = world.pair(name="Adatum", phone="1", fax="2")
    world.left.delete(key)
    world.sync()
    assert world.error().kind == "deleted"
    return world


def phones(world: World) -> tuple[object, object]:
    row = Coupling.objects.get()
    left, right = world.left.get(row.left_key, "phone"), world.right.get(row.right_key, "phone")
    assert left
    assert right
    return left[0], right[0]


@pytest.mark.parametrize(("use", "phone"), [(Side.LEFT, "7"), (Side.RIGHT, "8")])
def test_synchronize_takes_the_side_that_was_chosen(conflict: World, use: Side, phone: str) -> None:
    ada = User.objects.create_user("ada")
    done = actions.request(SyncError.objects.open(), "synchronize", user=ada, use=use, queue=False)
    assert (done.asked, done.accepted) == (1, 1)
    assert phones(conflict) == (phone, phone)
    error = SyncError.objects.get()
    assert (error.state, error.resolution, error.resolved_by) == (State.RESOLVED, Resolution.SYNCHRONIZED, ada)
    conflict.assert_quiet()


def test_retry_of_a_conflict_that_lasts_uses_an_attempt_and_writes_nothing(conflict: World) -> None:
    before = conflict.left.versions(), conflict.right.versions()
    act("retry")
    error = conflict.error()
    assert (error.kind, error.attempts, error.request) == ("conflict", 2, "")
    assert (conflict.left.versions(), conflict.right.versions()) == before


def test_choose_field_by_field(conflict: World) -> None:
    error = conflict.error()
    shown = comparison.compare(conflict.mapping, error.left_key, error.right_key, error.coupling)
    (row,) = [row for row in shown.rows if row.conflict]
    assert (row.left, row.base, row.right) == ("7", "1", "8")
    comparison.choose(error, user=None, choices={row.name: Side.RIGHT}, token=shown.token, queue=False)
    assert phones(conflict) == ("8", "8")
    assert conflict.errors() == []


def test_choose_writes_nothing_when_a_record_moved_while_the_page_was_open(conflict: World) -> None:
    error = conflict.error()
    shown = comparison.compare(conflict.mapping, error.left_key, error.right_key, error.coupling)
    assert error.left_key
    conflict.left.edit(error.left_key, phone="99")
    with pytest.raises(Refused, match="moved_meanwhile"):
        comparison.choose(error, user=None, choices={"phone>telephone": Side.RIGHT}, token=shown.token)
    assert phones(conflict) == ("99", "8")


def test_choose_writes_nothing_when_a_record_moves_before_the_job_gets_to_it(conflict: World) -> None:
    error = conflict.error()
    shown = comparison.compare(conflict.mapping, error.left_key, error.right_key, error.coupling)
    wish = {"token": shown.token, "fields": {"phone>telephone": "right"}}
    assert error.left_key
    conflict.left.edit(error.left_key, phone="99")
    act("synchronize", choices=wish)
    assert phones(conflict) == ("99", "8")
    assert conflict.error().code == "moved_meanwhile"


def test_restore_creates_the_missing_record_and_keeps_the_coupling(deleted: World) -> None:
    before = Coupling.objects.get()
    act("restore")
    after = Coupling.objects.get()
    assert (after.pk, after.right_key) == (before.pk, before.right_key)
    assert deleted.left.get(after.left_key) == ("Adatum", "1", "2")
    assert SyncError.objects.get().resolution == Resolution.RESTORED
    deleted.assert_quiet()


def test_delete_deletes_the_survivor_and_uncouples(deleted: World) -> None:
    act("delete")
    assert deleted.right.keys() == []
    assert not Coupling.objects.exists()
    assert SyncError.objects.get().resolution == Resolution.DELETED
    deleted.assert_quiet()


def test_remove_coupling_touches_neither_record_and_nothing_couples_them_again(deleted: World) -> None:
    done = act("uncouple")
    assert done.accepted == 1
    assert not Coupling.objects.exists()
    assert SyncError.objects.get().resolution == Resolution.UNCOUPLED
    assert len(deleted.right.keys()) == 1
    assert deleted.left.keys() == []
    deleted.assert_quiet()  # T20
    assert deleted.left.keys() == []


def test_a_coupling_set_up_again_is_synchronized_again(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    couplings.remove(Coupling.objects.all(), user=None)
    world.left.edit(key, phone="2")
    world.sync()
    assert world.right.get(partner, "phone") == ("1",)
    world.set(update_conflict="left")
    couplings.add(world.mapping, key, partner, user=None)
    assert world.right.get(partner, "phone") == ("2",)
    world.assert_quiet()


def test_setting_up_a_coupling_refuses_what_is_taken_or_missing(world: World) -> None:
    key, _ = world.pair(name="Adatum")
    other = world.right.add(name="Fabrikam")
    with pytest.raises(Refused, match="already_coupled"):
        couplings.add(world.mapping, key, other, user=None)
    with pytest.raises(Refused, match="record_not_found"):
        couplings.add(world.mapping, "999", other, user=None)


@pytest.mark.parametrize("action", ["restore", "delete"])
def test_restore_and_delete_do_not_apply_where_nothing_was_deleted(conflict: World, action: str) -> None:
    done = act(action)
    assert (done.accepted, done.refused) == (0, {"nothing_deleted": 1})
    assert not SyncJob.objects.filter(kind=Kind.RETRY).exists()


@pytest.mark.parametrize("action", ["restore", "delete"])
def test_an_action_on_a_record_that_was_fixed_elsewhere_writes_nothing(deleted: World, action: str) -> None:
    """T30: the page was open, somebody created the record again by hand."""
    error = deleted.error()
    deleted.left.add(id=int(error.left_key or 0), name="Adatum", phone="1", fax="2")
    before = deleted.left.versions(), deleted.right.versions()
    act(action)
    assert (deleted.left.versions(), deleted.right.versions()) == before
    assert deleted.errors() == []


def test_an_action_on_a_record_that_came_back_different_is_refused_with_a_reason(deleted: World) -> None:
    """T30, and the record that came back has another phone."""
    error = deleted.error()
    deleted.left.add(id=int(error.left_key or 0), name="Adatum", phone="9", fax="2")
    before = deleted.left.versions(), deleted.right.versions()
    act("delete")
    assert (deleted.left.versions(), deleted.right.versions()) == before
    assert deleted.error().code == "delete_not_possible"


def test_asking_twice_attempts_each_record_once(conflict: World) -> None:
    """T24: two users click Retry All before a worker gets to it."""
    errors = SyncError.objects.open()
    first = actions.request(errors, "retry", user=User.objects.create_user("ada"))
    second = actions.request(errors, "retry", user=User.objects.create_user("berta"))
    assert (first.accepted, second.accepted) == (1, 0)
    assert second.refused == {"already_requested": 1}
    (job,) = SyncJob.objects.filter(kind=Kind.RETRY)
    conflict.sync(Kind.RETRY)
    assert conflict.error().attempts == 2
    job.refresh_from_db()
    assert (job.read, told(job)) == (1, {"failed": 1})


def test_find_for_deleted_lists_what_vanished_on_either_side_whatever_the_policy(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    pairs = world.pairs(4)
    world.left.delete(pairs[0][0])
    world.right.delete(pairs[1][1])
    actions.find_deleted([world.mapping], user=None, queue=False)
    assert [error.kind for error in world.errors()] == ["deleted", "deleted"]
    assert len(world.left.keys()) == len(world.right.keys()) == 3


def test_find_for_deleted_leaves_records_outside_the_filter_alone(world: World) -> None:
    world.pairs(3)
    world.set(left_filter={"name": "nobody"})
    actions.find_deleted([world.mapping], user=None, queue=False)
    assert world.errors() == []
