"""Held plans: listed with their records, approved or discarded, checked again when they are carried out (DESIGN R9)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from couplings.models import SyncError
from couplings.models.error import State
from jobs.models import Kind, SyncJob
from jobs.services import actions, held
from syncstatus.engine.records import Side
from tests import given
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]
Pairs = list[tuple[str, str]]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)


@pytest.fixture
def ada(world: World) -> User:
    return given.person("ada", "administrator")


def hold(world: World, count: int = 6, of: int = 10) -> Pairs:
    """``count`` of ``of`` records are deleted on the left, which the guard holds on the right; the pairs."""
    pairs = world.pairs(of)
    world.left.delete(*(left for left, _ in pairs[:count]))
    assert told(world.sync()) == {"held": count}
    return pairs


def test_t12_what_is_held_is_one_plan_and_exactly_that_is_deleted(world: World, ada: User) -> None:
    pairs = hold(world, 51, 100)
    (plan,) = held.plans()
    assert (plan.mapping, plan.side, plan.system, plan.code) == (world.mapping, Side.RIGHT, "CRM", "mass_deletion")
    assert (plan.job, plan.records, plan.approved) == (SyncJob.objects.latest("pk").pk, 51, 0)
    records = held.of_plan(plan.job, plan.side, plan.code)
    assert {error.right_key for error in records} == {right for _, right in pairs[:51]}

    done = held.approve(records, user=ada, queue=False)

    assert (done.asked, done.accepted, done.refused) == (51, 51, {})
    assert set(world.right.keys()) == {right for _, right in pairs[51:]}
    assert (held.plans(), world.errors()) == ([], [])
    closed = SyncError.objects.filter(state=State.RESOLVED)
    assert set(closed.values_list("resolution", "resolved_by")) == {("deleted", ada.pk)}
    world.assert_quiet()


def test_a_plan_keeps_its_job_while_later_runs_find_it_again(world: World) -> None:
    hold(world)
    (before,) = held.plans()
    world.sync()
    world.sync(Kind.FULL)
    assert held.plans() == [before]


def test_what_is_held_on_one_side_holds_nothing_back_on_the_other(world: World) -> None:
    pairs = world.pairs(20)
    world.left.delete(*(left for left, _ in pairs[:11]))
    world.sync()
    world.right.delete(*(right for _, right in pairs[11:]))
    world.sync()
    assert [(plan.system, plan.records) for plan in held.plans()] == [("CRM", 11)], "nine of twenty may go"
    assert len(world.left.keys()) == 0


def test_approving_twice_is_harmless_and_says_so(world: World, ada: User) -> None:
    hold(world)
    records = held.everything()

    first = held.approve(records, user=ada)
    second = held.approve(records, user=given.person("berta", "administrator"))

    assert (first.accepted, second.accepted, second.refused) == (6, 0, {"already_requested": 6})
    assert set(records.values_list("requested__by", flat=True)) == {ada.pk}
    assert held.plans()[0].approved == 6
    assert len(first.jobs) == 1


def test_an_approval_of_some_leaves_the_others_held(world: World) -> None:
    pairs = hold(world)
    some = held.everything().filter(left_key__in=[left for left, _ in pairs[:2]])
    held.approve(some, user=None, queue=False)
    assert set(world.right.keys()) == {right for _, right in pairs[2:]}
    assert [plan.records for plan in held.plans()] == [4]
    world.assert_quiet()


def test_a_record_changed_since_it_was_held_is_not_deleted(world: World) -> None:
    pairs = hold(world)
    world.right.edit(pairs[0][1], phone="changed meanwhile")
    held.approve(held.everything(), user=None, queue=False)
    assert set(world.right.keys()) == {right for _, right in [pairs[0], *pairs[6:]]}
    error = world.error()
    assert (error.kind, error.code, error.state) == ("deleted_and_changed", "deleted_and_changed", "skipped")
    assert (error.right_key, error.fields) == (pairs[0][1], ["phone"])
    world.assert_quiet()


def test_a_record_that_came_back_is_not_deleted(world: World) -> None:
    pairs = hold(world)
    back, other = pairs[0], pairs[1]
    world.left.execute(
        "INSERT INTO customer (id, name, phone) VALUES (:id, 'Name 0000', '+45 000000')", id=int(back[0])
    )
    world.left.execute("INSERT INTO customer (id, name, phone) VALUES (:id, 'Another', '1')", id=int(other[0]))
    held.approve(held.everything(), user=None, queue=False)
    assert set(world.right.keys()) == {right for _, right in [back, other, *pairs[6:]]}
    error = world.error()
    assert (error.right_key, error.code) == (other[1], "delete_not_possible")
    world.assert_quiet()


def test_an_approved_deletion_whose_policy_has_become_another_follows_that(world: World) -> None:
    pairs = hold(world)
    world.set(deletion_conflict="uncouple")
    held.approve(held.everything(), user=None, queue=False)
    assert set(world.right.keys()) == {right for _, right in pairs}
    assert world.errors() == []
    world.assert_quiet()


def test_what_an_empty_source_held_under_ask_can_be_approved(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="ask")
    world.pairs(5)
    world.left.execute("TRUNCATE customer")
    assert told(world.sync()) == {"held": 5}
    held.approve(held.everything(), user=None, queue=False)
    assert (world.right.keys(), world.errors()) == ([], [])


def test_retry_is_no_approval(world: World) -> None:
    pairs = hold(world)
    actions.request(held.everything(), "retry", user=None, queue=False)
    assert len(world.right.keys()) == len(pairs)
    assert held.plans()[0].records == 6


def test_discarded_deletions_become_ordinary_errors_that_no_run_takes_up(world: World, ada: User) -> None:
    pairs = hold(world)

    done = held.discard(held.everything(), user=ada)

    assert (done.asked, done.accepted, done.refused) == (6, 6, {})
    assert held.plans() == []
    assert {(e.kind, e.code, e.state) for e in world.errors()} == {("deleted", "deletion_discarded", "skipped")}
    assert world.errors()[0].params == {"side": "CRM", "deleted_side": "ERP", "by": "ada"}
    world.assert_quiet()
    assert len(world.right.keys()) == len(pairs)
    assert held.discard(held.everything(), user=ada).accepted == 0


def test_discarded_deletions_do_not_count_when_another_record_is_deleted(world: World) -> None:
    pairs = hold(world)
    held.discard(held.everything(), user=None)
    world.left.delete(pairs[9][0])
    assert told(world.sync()) == {"deleted": 1, "skipped": 6}
    assert held.plans() == []


def test_a_discarded_deletion_can_be_restored_or_deleted_by_a_person(world: World) -> None:
    pairs = hold(world)
    held.discard(held.everything(), user=None)
    one, two = (SyncError.objects.open().filter(left_key=left) for left, _ in pairs[:2])
    actions.request(one, "delete", user=None, queue=False)
    actions.request(two, "restore", user=None, queue=False)
    assert len(world.right.keys()) == 9
    assert len(world.left.keys()) == 5
    assert len(world.errors()) == 4


def test_what_is_approved_cannot_be_discarded_any_more(world: World) -> None:
    hold(world)
    held.approve(held.everything().filter(pk=world.errors()[0].pk), user=None)
    done = held.discard(held.everything(), user=None)
    assert (done.accepted, done.refused) == (5, {"already_requested": 1})
    assert [error.state for error in held.everything()] == ["held"]
