"""SCENARIOS T3: the database does what it is asked to, and the answer never arrives."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from couplings.models import Coupling, SyncError
from jobs.models import CreateIntent, Kind, Trigger
from jobs.runner.context import Run
from jobs.services import actions, jobs
from tests.faults.chaos.wire import Loss, Wire, Wires
from tests.jobs.worlds import World

PATIENCE = 20.0


@pytest.fixture
def wire(business_urls: tuple[str, str]) -> Iterator[Wire]:
    """Between us and the right database."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a socket's path has to be short
        wire = Wire(Path(folder) / "right", make_url(business_urls[1]))
        with Wires(wire):
            yield wire


@pytest.fixture
def wired(make_world: Callable[..., World], business_urls: tuple[str, str], wire: Wire) -> Callable[..., World]:
    """Makes a world whose right side lies behind the wire."""

    def make(**rules: Any) -> World:
        world = make_world(**rules)
        url = make_url(business_urls[1]).set(host=None, port=None, query={"host": str(wire.folder)})
        connection = world.mapping.right_connection
        connection.settings = {"url": url.render_as_string(hide_password=False)}
        connection.save()
        return world

    return make


@contextmanager
def losing(wire: Wire, loss: Loss, passing: int = 0) -> Iterator[None]:
    """One answer is lost while the block runs."""
    happened: list[bool] = []
    thread = threading.Thread(target=lambda: happened.append(wire.lose(loss, PATIENCE, passing=passing)))
    thread.start()
    yield
    thread.join()
    assert happened == [True]


def scheduled(world: World) -> None:
    """A run that nobody asked for, in which what failed waits for its next attempt."""
    world.mapping.refresh_from_db()
    jobs.start(world.mapping, Kind.MODIFIED, trigger=Trigger.SCHEDULE, queue=False)


@pytest.mark.parametrize("edited", ["left", "right", "both"])
def test_a_record_whose_create_got_no_answer_is_not_copied_back(
    wired: Callable[..., World], wire: Wire, edited: str
) -> None:
    """It waits for its next attempt, and meanwhile the other side's feed lists it as a new record."""
    world = wired(update_conflict="left", deletion_conflict="delete")
    world.sync()
    key = world.left.add(name="Adatum", phone="1", fax="2")
    with losing(wire, Loss.ANSWER, passing=1):  # the first commit draws the key
        world.sync()
    (created,) = world.right.keys()
    if edited in ("left", "both"):
        world.left.edit(key, phone="7")
    if edited in ("right", "both"):
        world.right.edit(created, fax="8")
    for _ in range(3):
        scheduled(world)
    assert (world.left.keys(), world.right.keys()) == ([key], [created])
    world.sync()
    assert Coupling.objects.get().right_key == created
    assert world.left.get(key) == world.right.get(created)
    world.assert_quiet()


NUMBERED = "ALTER TABLE account DROP id, ADD id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY"
"""Keys that the system draws while it writes, so that nobody knows them whose answer was lost."""


def test_a_run_does_not_copy_back_what_it_has_just_created(wired: Callable[..., World], wire: Wire) -> None:
    """The other side is listed in the same run, and the record has no key yet that anybody here knows."""
    world = wired()
    world.right.execute(NUMBERED)
    world.sync()
    key = world.left.add(name="Adatum", phone="1", fax="2")
    with losing(wire, Loss.ANSWER):
        world.sync()
    scheduled(world)
    assert (world.left.keys(), len(world.right.keys())) == ([key], 1)
    actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
    assert Coupling.objects.get().left_key == key
    assert world.errors() == []
    world.assert_quiet()


def test_what_was_entered_meanwhile_and_looks_like_it_is_synchronized_later(
    wired: Callable[..., World], wire: Wire
) -> None:
    """It might have been ours until that was found; nothing is forgotten by then (DESIGN R5)."""
    world = wired()
    world.right.execute(NUMBERED)
    world.sync()
    key = world.left.add(name="Adatum", phone="1", fax="2")
    entered: list[str] = []

    def enter(_run: Run) -> None:
        if not entered:
            entered.append(world.right.add(name="Contoso", phone="1", fax="2"))

    world.mapping.refresh_from_db()
    with losing(wire, Loss.ANSWER):
        jobs.start_here(world.mapping, Kind.MODIFIED, on_page=enter)
    assert world.left.keys() == [key]
    assert {error.code for error in world.errors()} == {"answer_lost", "may_be_ours"}
    for _ in range(2):
        actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
    assert Coupling.objects.count() == len(world.left.keys()) == len(world.right.keys()) == 2
    assert world.errors() == []
    world.assert_quiet()


def test_what_was_found_by_a_match_meanwhile_is_no_duplicate(wired: Callable[..., World], wire: Wire) -> None:
    """The feed lists the new record before anybody looks for it, and it matches the very record it was made for."""
    world = wired(match=["name"])
    world.right.execute(NUMBERED)
    world.sync()
    key = world.left.add(name="Adatum", phone="1", fax="2")
    with losing(wire, Loss.ANSWER):
        world.sync()
    scheduled(world)
    assert Coupling.objects.get().left_key == key
    actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
    assert world.errors() == []
    assert not CreateIntent.objects.exists()
    world.assert_quiet()
