"""Who has a record in work: what a lock refuses, what it tells, and when it goes (SCENARIOS T7)."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.models import RecordHolder, RecordLock
from jobs.runner.holders import LeaseLost, new_holder
from jobs.runner.locks import NEW, Locks, mark, marks
from syncstatus.engine.records import Side
from tests import given

pytestmark = pytest.mark.django_db

A, B, C = (mark(Side.LEFT, key) for key in ("a", "b", "c"))
MINUTE = timedelta(minutes=1)


class Holders:
    """Several of them on one mapping, each with a name of this process, which lives."""

    def __init__(self, stack: ExitStack) -> None:
        self.mapping = given.mapping().pk
        self._stack = stack

    def enter(self, name: str | None = None) -> Locks:
        return self._stack.enter_context(Locks(self.mapping, name or new_holder()).entered())


@pytest.fixture
def holders() -> Iterator[Holders]:
    with ExitStack() as stack:
        yield Holders(stack)


def test_what_another_has_is_refused_with_all_that_was_asked_for_beside_it(holders: Holders) -> None:
    run, click = holders.enter(), holders.enter()
    assert run.take([A, B]).locked
    refused = click.take([B, C])
    assert (refused.locked, refused.held) == (False, {B})
    assert run.take([C]).locked, "nothing of a refused request is locked"


def test_a_holder_meets_itself_never(holders: Holders) -> None:
    run = holders.enter()
    assert run.take([A]).locked
    assert run.take([A, B]).locked


def test_one_key_on_two_sides_is_two_records(holders: Holders) -> None:
    run, click = holders.enter(), holders.enter()
    assert run.take([mark(Side.LEFT, "4711")]).locked
    assert click.take([mark(Side.RIGHT, "4711")]).locked


def test_numbers_of_one_side_bear_no_names_of_the_other() -> None:
    numbers = [str(number) for number in range(100_000)]
    assert set(marks(Side.LEFT, numbers)).isdisjoint(marks(Side.RIGHT, numbers))


def test_a_release_is_told_to_whoever_listed_the_record_before(holders: Holders) -> None:
    run, click = holders.enter(), holders.enter()
    assert click.take([A]).locked
    click.release(click.hand_over())
    taken = run.take([A, B])
    assert taken.locked
    assert taken.stale == {A}


def test_a_release_is_told_for_two_pages_as_far_as_they_are_listed_ahead(holders: Holders) -> None:
    run, click = holders.enter(), holders.enter()
    assert click.take([A]).locked
    click.release(click.hand_over())
    for expected in ({A}, {A}, set()):
        taken = run.take([A])
        assert taken.stale == expected
        run.release(run.hand_over())


def test_who_enters_after_a_release_is_not_told(holders: Holders) -> None:
    click = holders.enter()
    assert click.take([A]).locked
    click.release(click.hand_over())
    assert holders.enter().take([A]).stale == set()


def test_releases_are_forgotten_when_all_have_been_told(holders: Holders) -> None:
    run = holders.enter()
    with Locks(holders.mapping, new_holder()).entered() as click:
        assert click.take([A]).locked
        click.release(click.hand_over())
    for _ in range(4):
        run.take([B])
        run.release(run.hand_over())
    assert not RecordLock.objects.exists()


def test_alone_nothing_is_kept(holders: Holders) -> None:
    run = holders.enter()
    run.take([A])
    run.release(run.hand_over())
    assert not RecordLock.objects.exists()


def test_leaving_gives_everything_back_and_tells_it(holders: Holders) -> None:
    run = holders.enter()
    with Locks(holders.mapping, new_holder()).entered() as click:
        assert click.take([A]).locked
    taken = run.take([A])
    assert taken.locked
    assert taken.stale == {A}
    assert RecordHolder.objects.count() == 1


def test_the_records_of_a_holder_whose_lease_ran_out_are_free(holders: Holders) -> None:
    dead, run = holders.enter("elsewhere:1:abc"), holders.enter()
    assert dead.take([A]).locked
    assert not run.take([A]).locked
    RecordHolder.objects.filter(name="elsewhere:1:abc").update(until=Now() - MINUTE)
    taken = run.take([A])
    assert (taken.locked, taken.stale) == (True, {A})


def test_who_came_back_after_its_records_were_given_away_remembers_nothing(holders: Holders) -> None:
    slow, run = holders.enter("elsewhere:1:abc"), holders.enter()
    assert slow.take([A]).locked
    RecordHolder.objects.filter(name="elsewhere:1:abc").update(until=Now() - MINUTE)
    assert run.take([A]).locked
    RecordLock.objects.filter(holder="elsewhere:1:abc").delete()  # once everybody was told
    with pytest.raises(LeaseLost):
        slow.release(slow.hand_over())
    with pytest.raises(LeaseLost):
        slow.take([B])


def test_who_came_back_remembers_nothing_either_while_others_are_still_to_be_told(holders: Holders) -> None:
    slow, run = holders.enter("elsewhere:1:abc"), holders.enter()
    assert slow.take([A]).locked
    RecordHolder.objects.filter(name="elsewhere:1:abc").update(until=Now() - MINUTE)
    assert run.take([A]).locked
    with pytest.raises(LeaseLost):
        slow.release(slow.hand_over())


def test_an_emptied_table_makes_nobody_remember_what_was_not_locked(holders: Holders) -> None:
    run = holders.enter()
    run.take([A])
    RecordLock.objects.all().delete()
    RecordHolder.objects.all().delete()
    with pytest.raises(LeaseLost):
        run.release(run.hand_over())


def test_what_is_being_created_is_in_work_for_whoever_asks_beside_it(holders: Holders) -> None:
    run, click = holders.enter(), holders.enter()
    run.take([A])
    run.announce([Side.RIGHT])
    single = mark(Side.RIGHT, "new")
    assert click.take([single], [NEW[Side.RIGHT]]).held == {NEW[Side.RIGHT]}
    assert click.take([single]).locked, "of a record that is coupled it is known whose it is"
    run.release(run.hand_over())
    assert click.take([single], [NEW[Side.RIGHT]]).stale == {NEW[Side.RIGHT]}


def test_two_may_create_at_once(holders: Holders) -> None:
    one, other = holders.enter(), holders.enter()
    one.take([A])
    other.take([B])
    one.announce([Side.RIGHT])
    other.announce([Side.RIGHT])
    one.release(one.hand_over())
    other.release(other.hand_over())
