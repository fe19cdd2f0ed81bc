"""Undo of a record's last synchronization and of a whole job, on two real databases."""

import json
from collections.abc import Callable
from datetime import time
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from couplings.models import Coupling, FieldMapping, SyncError, SyncLogEntry, UncoupledRecord
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.services import actions, couplings, jobs, undo
from jobs.services.errors import Refused
from syncstatus.engine.records import Side
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]
LEFT, RIGHT = Side


def last(key: str) -> SyncLogEntry:
    """The newest entry of the record that has this key on the left."""
    return SyncLogEntry.objects.filter(left_key=key).order_by("-pk")[0]


def undone(key: str, user: User | None = None) -> SyncJob:
    return undo.undo_record(last(key), user=user, queue=False)


def reason(job: SyncJob) -> str:
    """Why the only record of the job was left as it is."""
    assert told(job) == {"skipped": 1}
    return SyncLogEntry.objects.get(job=job.pk).code


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada")


# An update


def test_an_update_is_undone_and_stays_undone_until_a_person_chooses(world: World, ada: User) -> None:
    key, partner = world.pair(name="Adatum", phone="1", amount=Decimal("2.50"))
    world.left.edit(key, phone="7", amount=Decimal("9.99"))
    world.sync()

    assert told(undone(key, ada)) == {"modified": 1}

    assert world.right.get(partner, "phone", "amount") == ("1", Decimal("2.50"))
    assert world.left.get(key, "phone", "amount") == ("7", Decimal("9.99"))
    error = world.error()
    assert (error.kind, error.code, error.state, error.fields) == ("conflict", "undone", "skipped", ["phone", "amount"])
    assert error.params["by"] == "ada"
    for kind in (Kind.MODIFIED, Kind.FULL, Kind.MODIFIED):
        world.sync(kind)
    assert world.right.get(partner, "phone") == ("1",)
    assert (world.error().code, world.error().attempts) == ("undone", 1)

    actions.request(SyncError.objects.open(), "synchronize", use=LEFT, user=ada, queue=False)
    assert world.right.get(partner, "phone", "amount") == ("7", Decimal("9.99"))
    assert world.errors() == []
    world.assert_quiet()


def test_what_was_undone_can_be_taken_over_to_the_other_side(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    undone(key)
    actions.request(SyncError.objects.open(), "synchronize", use=RIGHT, user=None, queue=False)
    assert world.left.get(key, "phone") == world.right.get(partner, "phone") == ("1",)
    assert world.errors() == []
    world.assert_quiet()


def test_a_retry_of_what_was_undone_asks(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    undone(key)
    actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert (world.error().code, world.error().fields) == ("conflict", ["phone"])
    assert world.right.get(partner, "phone") == ("1",)


@pytest.mark.parametrize("rules", [{"update_conflict": "left"}, {"direction": "left_to_right"}])
def test_no_rule_of_the_mapping_writes_behind_an_undo(make_world: MakeWorld, rules: dict[str, str]) -> None:
    world = make_world(**rules)
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    undone(key)
    world.left.edit(key, fax="3")
    world.sync()
    world.sync(Kind.FULL)
    assert world.right.get(partner, "phone", "fax") == ("1", None)
    assert world.error().code == "undone"


def test_an_edit_of_another_field_meanwhile_is_neither_lost_nor_in_the_way(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.sync()
    world.right.edit(partner, fax="9")
    undone(key)
    assert world.right.get(partner, "phone", "fax") == ("1", "9")
    actions.request(SyncError.objects.open(), "synchronize", use=RIGHT, user=None, queue=False)
    assert world.left.get(key, "phone", "fax") == ("1", "9")
    world.assert_quiet()


def test_edits_that_no_run_has_seen_travel_after_an_undo_that_ends_in_step(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.sync()
    world.left.edit(key, phone="1")
    world.right.edit(partner, fax="9")
    assert told(undone(key)) == {"modified": 1}
    assert world.errors() == []
    world.sync()
    assert world.left.get(key) == world.right.get(partner) == ("Adatum", "1", "9")
    world.assert_quiet()


def test_a_field_that_was_edited_since_is_left_alone(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    world.right.edit(partner, phone="8")

    job = undone(key)

    assert reason(job) == "undo_changed_since"
    assert json.loads(SyncLogEntry.objects.get(job=job.pk).params)["fields"] == ["phone"]
    assert world.right.get(partner, "phone") == ("8",)
    assert world.errors() == []
    world.sync()
    assert world.left.get(key, "phone") == ("8",)


def test_only_the_last_synchronization_of_a_record_is_undone(world: World) -> None:
    key, _partner = world.pair(name="Adatum", phone="1")
    for phone in ("7", "8"):
        world.left.edit(key, phone=phone)
        world.sync()
    first = SyncLogEntry.objects.filter(left_key=key, outcome="modified").order_by("pk")[0]
    with pytest.raises(Refused, match="undo_not_last"):
        undo.undo_record(first, user=None, queue=False)


def test_undoing_twice_says_so_the_second_time(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    job = world.sync()
    entry = last(key)
    undo.undo_record(entry, user=None, queue=False)
    for again in (lambda: undo.undo_record(entry, user=None), lambda: undo.undo_job(job, user=None)):
        with pytest.raises(Refused, match=r"undo_done_already|undo_nothing_left"):
            again()
    # Had both come at the same moment, the job of the second would have found it done.
    late = SyncJob.objects.create(
        mapping=world.mapping, kind=Kind.UNDO, trigger=Trigger.MANUAL, parameters={"undoes": ["entry", entry.pk]}
    )
    assert reason(jobs.run_here(late)) == "undo_done_already"
    assert world.right.get(partner, "phone") == ("1",)


def test_two_people_undo_the_same_at_once(world: World) -> None:
    key, _partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    waiting = undo.undo_record(last(key), user=None)
    assert waiting.state == JobState.QUEUED
    with pytest.raises(Refused, match="undo_under_way"):
        undo.undo_record(last(key), user=None)


def test_an_undo_that_was_stopped_at_a_terminal_goes_on(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    job = world.sync()
    stopped = undo.undo_job(job, user=None, queue=False, stop=lambda: True)
    assert (stopped.state, told(stopped)) == (JobState.QUEUED, {"modified": 1})
    done = undo.undo_job(job, user=None, queue=False)
    assert (done.pk, done.state, told(done)) == (stopped.pk, JobState.FINISHED, {"modified": 1})
    assert world.right.get(partner, "phone") == ("1",)


def test_an_undo_is_undone(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.sync()
    undone(key)
    assert told(undone(key)) == {"modified": 1}
    assert world.right.get(partner, "phone") == ("7",)
    assert world.errors() == []
    world.assert_quiet()


def test_a_merge_is_undone_on_both_sides(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.right.edit(partner, fax="9")
    world.sync()
    undone(key)
    assert world.left.get(key) == ("Adatum", "7", "2")
    assert world.right.get(partner) == ("Adatum", "1", "9")
    assert world.error().fields == ["phone", "fax"]


# Creates and deletions


def test_a_created_record_is_deleted_and_not_created_again(world: World) -> None:
    key = world.left.add(name="Adatum")
    world.sync()
    assert told(undone(key)) == {"deleted": 1}
    assert world.right.keys() == []
    assert not Coupling.objects.exists()
    world.left.edit(key, phone="3")
    world.sync()
    world.sync(Kind.FULL)
    assert world.right.keys() == []
    assert world.errors() == []

    assert reason_of_redo(key) == "inserted"
    assert len(world.right.keys()) == 1
    assert not UncoupledRecord.objects.exists()


def reason_of_redo(key: str) -> str:
    """Undo of the undo; its outcome."""
    (outcome,) = told(undone(key))
    return outcome


def test_a_redone_create_has_its_old_key_and_its_old_page(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    before = world.coupling(key).pk
    undone(key)
    undone(key)
    assert world.right.get(partner) == ("Adatum", "1", None)
    assert world.coupling(key).pk == before
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize("edit", [{"phone": "8"}, {"status": "somebody's work"}])
def test_a_created_record_that_somebody_worked_on_is_kept(world: World, edit: dict[str, str]) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.right.edit(partner, **edit)
    assert reason(undone(key)) in ("undo_changed_since", "undo_touched_since")
    assert world.right.keys() == [partner]


def test_work_that_a_later_run_has_seen_keeps_a_created_record_too(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.right.edit(partner, status="somebody's work")
    world.sync()
    assert reason(undone(key)) == "undo_touched_since"
    assert world.right.keys() == [partner]


def test_a_deletion_is_undone_under_the_same_key_and_stays_undone(make_world: MakeWorld, ada: User) -> None:
    world = make_world(deletion_conflict="delete")
    key, partner = world.pair(name="Adatum", phone="1", amount=Decimal("2.50"))
    world.left.delete(key)
    world.sync()
    assert world.right.keys() == []

    assert told(undone(key, ada)) == {"inserted": 1}

    assert world.right.get(partner, "name", "phone", "amount") == ("Adatum", "1", Decimal("2.50"))
    for kind in (Kind.MODIFIED, Kind.FULL):
        world.sync(kind)
    error = world.error()
    assert (error.kind, error.code, error.left_exists, error.right_exists) == (
        "deleted",
        "deletion_undone",
        False,
        True,
    )
    assert world.right.keys() == [partner]

    actions.request(SyncError.objects.open(), "restore", user=ada, queue=False)
    (restored,) = world.left.keys()
    assert world.left.get(restored) == ("Adatum", "1", None)
    assert world.errors() == []
    world.assert_quiet()


def test_a_deleted_record_that_is_there_again_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.delete(key)
    world.sync()
    world.right.execute("INSERT INTO account (id, fullname) VALUES (:key, 'Somebody')", key=partner)
    assert reason(undone(key)) == "undo_record_exists"
    assert world.right.get(partner, "name") == ("Somebody",)


# Couplings


def test_a_coupling_that_matched_is_undone(make_world: MakeWorld) -> None:
    world = make_world(match=["name"], update_conflict="left")
    key, partner = world.left.add(name="Adatum", phone="1"), world.right.add(name="Adatum", phone="2")
    assert told(world.sync()) == {"coupled": 1}
    assert told(undone(key)) == {"uncoupled": 1}
    assert world.right.get(partner, "phone") == ("2",)
    world.sync(Kind.FULL)
    assert not Coupling.objects.exists()
    assert (world.left.keys(), world.right.keys()) == ([key], [partner])

    assert told(undone(key)) == {"coupled": 1}
    assert world.right.get(partner, "phone") == ("1",)
    assert world.errors() == []
    world.assert_quiet()


def test_a_removed_coupling_is_set_up_again(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    couplings.remove(Coupling.objects.all(), user=None)
    world.left.edit(key, phone="7")
    assert told(undone(key)) == {"coupled": 1}
    assert not UncoupledRecord.objects.exists()
    assert (world.error().code, world.error().fields) == ("undone", ["phone"])
    world.left.edit(key, phone="1")
    world.sync()
    assert world.errors() == []
    assert world.coupling(key).right_key == partner
    world.assert_quiet()


def test_records_that_have_found_other_partners_are_not_coupled_again(world: World) -> None:
    key, _partner = world.pair(name="Adatum")
    entry_of = last
    couplings.remove(Coupling.objects.all(), user=None)
    removal = entry_of(key)
    couplings.add(world.mapping, key, world.right.add(name="Adatum"), user=None)
    job = undo.undo_record(removal, user=None, queue=False)
    assert reason(job) == "undo_coupled_since"


# A whole job


def test_a_job_of_mixed_outcomes_is_undone_except_what_was_touched_since(make_world: MakeWorld, ada: User) -> None:
    world = make_world(deletion_conflict="delete")
    changed, kept, gone = (world.pair(name=name, phone="1") for name in ("Changed", "Kept", "Gone"))
    new = world.left.add(name="New")
    world.left.edit(changed[0], phone="2")
    world.left.edit(kept[0], phone="2")
    world.left.delete(gone[0])
    job = world.sync()
    assert told(job) == {"inserted": 1, "modified": 2, "deleted": 1}
    world.right.edit(kept[1], phone="3")

    plan = undo.plan_of_job(job)
    assert (plan.changed[RIGHT], plan.deleted[RIGHT], plan.created[RIGHT]) == (2, 1, 1)
    assert told(undo.preview_job(job)) == {"modified": 1, "deleted": 1, "inserted": 1, "skipped": 1}
    reverted = undo.undo_job(job, user=ada, queue=False)

    assert told(reverted) == {"modified": 1, "deleted": 1, "inserted": 1, "skipped": 1}
    assert reverted.read == 4
    assert SyncLogEntry.objects.filter(job=reverted.pk).count() == 4
    assert world.right.get(changed[1], "phone") == ("1",)
    assert world.right.get(kept[1], "phone") == ("3",)
    assert world.right.get(gone[1], "name") == ("Gone",)
    assert len(world.right.keys()) == 3
    assert not Coupling.objects.filter(left_key=new).exists()
    with pytest.raises(Refused, match="undo_nothing_left"):
        undo.undo_job(undo_again(job), user=ada)


def undo_again(job: SyncJob) -> SyncJob:
    """The job as somebody sees it who comes later, when the last record was put back by hand, too."""
    SyncLogEntry.objects.filter(job=job.pk, left_key__isnull=False, outcome="modified").exclude(
        pk__in=_overtaken(job)
    ).delete()
    return job


def _overtaken(job: SyncJob) -> list[int]:
    newer = SyncLogEntry.objects.exclude(job=job.pk).filter(changes__startswith='{"')
    return [e.pk for e in SyncLogEntry.objects.filter(job=job.pk) if newer.filter(coupling=e.coupling, pk__gt=e.pk)]


def test_a_record_that_one_job_wrote_twice_is_undone_from_the_end(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    edits = [{"fax": "9"}]

    def edit(_run: object) -> None:
        if edits and world.right.get(partner, "phone") == ("7",):
            world.right.edit(partner, **edits.pop())

    job = jobs.start_here(world.mapping, Kind.MODIFIED, on_page=edit)
    assert told(job) == {"modified": 2}
    assert world.left.get(key) == world.right.get(partner) == ("Adatum", "7", "9")

    assert undo.plan_of_job(job).overtaken == 0
    assert told(undo.undo_job(job, user=None, queue=False)) == {"modified": 2}

    assert world.left.get(key) == ("Adatum", "7", "2")
    assert world.right.get(partner) == ("Adatum", "1", "9")
    assert world.error().fields == ["phone", "fax"]


def test_more_deletions_than_the_guard_allows_are_undone_because_a_person_asked(make_world: MakeWorld) -> None:
    world = make_world(guard_count=1)
    for number in range(5):
        world.left.add(name=f"Name {number}")
    job = world.sync()
    assert told(undo.undo_job(job, user=None, queue=False)) == {"deleted": 5}
    assert world.right.keys() == []


def test_an_undo_that_died_after_its_writes_goes_on_where_it_was(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(deletion_conflict="delete")
    changed, gone = (world.pair(name=name, phone="1") for name in ("Changed", "Gone"))
    new = world.left.add(name="New")
    world.left.edit(changed[0], phone="2")
    world.left.delete(gone[0])
    job = world.sync()
    from jobs.runner import undoing
    from jobs.runner.undone import remember

    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    for _attempt in range(3):  # one outcome is one page
        monkeypatch.setattr(undoing, "remember", die)
        undo_job = SyncJob.objects.filter(kind=Kind.UNDO).first() or undo.undo_job(job, user=None)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_here(undo_job)
        SyncJob.objects.filter(pk=undo_job.pk).update(state=JobState.QUEUED, lease_until=None, holder="")
        monkeypatch.setattr(undoing, "remember", remember)
        stopping_after_one_page(undo_job)

    done = jobs.run_here(undo_job)
    assert told(done) == {"modified": 1, "deleted": 1, "inserted": 1}
    assert world.right.get(changed[1], "phone") == ("1",)
    assert world.right.get(gone[1], "name") == ("Gone",)
    assert len(world.right.keys()) == 2
    assert not Coupling.objects.filter(left_key=new).exists()
    # What was written before each death is in the log, so that it can be done again.
    assert told(undo.undo_job(done, user=None, queue=False)) == {"modified": 1, "deleted": 1, "inserted": 1}


def stopping_after_one_page(job: SyncJob) -> None:
    jobs.run_here(job, stop=lambda: True)
    SyncJob.objects.filter(pk=job.pk).update(parameters=job.parameters)


def test_a_job_that_has_not_ended_is_not_undone(world: World) -> None:
    waiting = jobs.start(world.mapping, Kind.FULL)
    with pytest.raises(Refused, match="undo_job_active"):
        undo.undo_job(waiting, user=None)


def test_a_job_that_did_nothing_is_not_undone(world: World) -> None:
    with pytest.raises(Refused, match="undo_nothing_left"):
        undo.undo_job(world.sync(), user=None)


# What the log remembers


def test_what_the_system_stored_is_undone_where_it_stores_something_else(world: World) -> None:
    world.right.execute(
        """
        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.telephone = upper(NEW.telephone); RETURN NEW; END $$;
        CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION shout()
        """
    )
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="home")
    world.sync()
    assert world.right.get(partner, "phone") == ("HOME",)
    assert told(undone(key)) == {"modified": 1}
    assert world.right.get(partner, "phone") == ("1",)


def test_times_come_back_with_their_microseconds(world: World) -> None:
    world.left.execute("ALTER TABLE customer ADD opens time")
    world.right.execute("ALTER TABLE account ADD opens time")
    FieldMapping.objects.create(mapping=world.mapping, position=9, left="opens", right="opens")
    old = time(1, 2, 3, 83387)
    key, partner = world.pair(name="Adatum", opens=old)
    world.left.edit(key, opens=time(9, 0, 0, 45))
    world.sync()
    assert told(undone(key)) == {"modified": 1}
    assert world.right.get(partner, "opens") == (old,)


def test_json_comes_back_as_it_was_stored(world: World) -> None:
    for table in (world.left, world.right):
        table.execute(f"ALTER TABLE {table.name} ADD tags jsonb")
    FieldMapping.objects.create(mapping=world.mapping, position=9, left="tags", right="tags")
    key, partner = world.pair(name="Adatum", tags='{"b": [1, null], "a": "x"}')
    world.left.edit(key, tags='["y"]')
    world.sync()
    assert told(undone(key)) == {"modified": 1}
    assert world.right.get(partner, "tags") == ({"b": [1, None], "a": "x"},)
    assert told(undone(key)) == {"modified": 1}
    assert world.right.get(partner, "tags") == (["y"],)
