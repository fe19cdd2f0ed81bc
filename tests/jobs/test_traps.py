"""SCENARIOS 3: traps that each bit a real product, on two real databases (T3, T4, T6: tests/faults)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from couplings.models import Coupling, SyncError
from couplings.models.error import State
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import lease, runner
from jobs.services import actions, jobs, mappings
from tests.jobs.families import add_contacts, waiting
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


def test_t1_a_refused_record_leaves_its_neighbours_alone(world: World) -> None:
    for number in range(5):
        world.left.add(name="x" * 80 if number == 2 else f"Name {number}")
    job = world.sync()
    assert told(job) == {"inserted": 4, "failed": 1}
    error = world.error()
    assert (error.kind, error.code, error.fields) == ("validation", "text_too_long", ["name"])
    world.assert_quiet()


def test_t1_a_record_the_database_refuses_leaves_its_neighbours_alone(world: World) -> None:
    world.right.execute("ALTER TABLE account ADD CHECK (telephone <> 'forbidden')")
    for number in range(5):
        world.left.add(name=f"Name {number}", phone="forbidden" if number == 2 else "1")
    assert told(world.sync()) == {"inserted": 4, "failed": 1}
    assert world.error().kind == "validation"
    world.assert_quiet()


def test_t2_retry_creates_with_the_current_values(world: World) -> None:
    key = world.left.add(name="x" * 80, phone="1")
    world.sync()
    world.left.edit(key, name="Adatum", phone="2")
    assert told(world.sync()) == {"skipped": 1}
    assert world.right.keys() == []
    assert len(world.errors()) == 1
    actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert world.errors() == []
    assert world.right.get(world.coupling(key).right_key, "name", "phone") == ("Adatum", "2")
    world.assert_quiet()


def test_t1_a_record_that_breaks_the_connection_does_not_take_its_neighbours_along_for_ever(world: World) -> None:
    """Its create costs the answer of the whole call once; after that each of them is sent alone."""
    for_poison = "ON account FOR EACH ROW WHEN (NEW.fullname = 'Poison') EXECUTE FUNCTION"
    world.right.execute(
        f"""
        CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN SET CONSTRAINTS {world.mapping.right_schema}.hang_up DEFERRED; RETURN NEW; END $$;
        CREATE CONSTRAINT TRIGGER hang_up AFTER INSERT {for_poison.replace("FOR", "DEFERRABLE FOR", 1)} hang_up();
        CREATE TRIGGER wait BEFORE INSERT {for_poison} wait()
        """
    )
    for name in ("Adatum", "Poison", "Fabrikam"):
        world.left.add(name=name)
    assert told(world.sync()) == {"failed": 3}
    assert {error.kind for error in world.errors()} == {"unknown_outcome"}
    world.sync()
    assert world.error().description == "Poison"
    assert len(world.right.keys()) == 2
    world.right.execute("DROP TRIGGER hang_up ON account; DROP TRIGGER wait ON account")
    world.sync()
    assert world.errors() == []
    assert len(world.right.keys()) == 3
    world.assert_quiet()


def test_t5_a_record_that_moves_between_reading_and_writing_is_decided_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other user writes at the worst moment: after we read the record, before we write it."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    from jobs.runner import pages

    decide, moved = pages.deciding.decide_all, []

    def decide_while_somebody_writes(run: object, candidates: object) -> None:
        decide(run, candidates)  # type: ignore[arg-type]
        if not moved:
            moved.append(world.right.edit(partner, fax="9"))

    monkeypatch.setattr(pages.deciding, "decide_all", decide_while_somebody_writes)
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key) == world.right.get(partner) == ("Adatum", "7", "9")
    world.assert_quiet()


def test_nothing_is_taken_from_a_record_that_was_not_read(make_world: MakeWorld) -> None:
    """The target's feed lists the pair first; what the source held last time must not be written meanwhile."""
    world = make_world(direction="bidirectional")
    key, partner = world.pair(name="Adatum", phone="1")
    world.set(direction="right_to_left")
    world.sync()
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key, "phone") == world.right.get(partner, "phone") == ("8",)
    world.assert_quiet()


def test_t7_two_workers_get_one_mapping(world: World) -> None:
    world.left.add(name="Adatum")
    busy = jobs.enqueue(world.mapping, Kind.FULL, "manual")  # type: ignore[arg-type]
    assert lease.claim(busy.pk, "elsewhere:1:x")
    second = jobs.start(world.mapping, Kind.MODIFIED)
    assert runner.run(second.pk) is None
    second.refresh_from_db()
    assert (second.state, second.attempts) == (JobState.QUEUED, 0)
    SyncJob.objects.filter(pk=busy.pk).update(state=JobState.FINISHED, lease_until=None)
    assert runner.run(second.pk) is not None
    assert runner.run(second.pk) is None, "delivered twice"
    assert len(world.right.keys()) == 1


def test_t8_two_records_match_one(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    first, second = world.left.add(name="Adatum"), world.left.add(name="Adatum")
    partner = world.right.add(name="Adatum")
    assert told(world.sync()) == {"coupled": 1, "failed": 1}
    error = world.error()
    assert error.kind == "duplicate"
    assert {Coupling.objects.get().left_key, error.left_key} == {first, second}
    assert partner in str(error.params)
    assert Coupling.objects.get().left_key in str(error.params)
    world.assert_quiet()


def test_ambiguous_partners_are_listed_and_nothing_is_created(make_world: MakeWorld) -> None:
    """Neither candidate may take the record by coming second, when it would find just one partner itself."""
    world = make_world(match=["name"])
    key = world.left.add(name="Adatum")
    candidates = {world.right.add(name="Adatum"), world.right.add(name="Adatum")}
    assert told(world.sync()) == {"failed": 3}
    assert {error.kind for error in world.errors()} == {"ambiguous"}
    assert set(SyncError.objects.get(left_key=key).params["candidates"]) == candidates
    assert not Coupling.objects.exists()
    assert (len(world.left.keys()), len(world.right.keys())) == (1, 2)
    world.assert_quiet()


def test_t11_an_empty_source_deletes_nothing(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    world.pairs(20)
    world.left.execute("TRUNCATE customer")
    assert told(world.sync()) == {"held": 20}
    assert len(world.right.keys()) == 20
    assert {(error.kind, error.state, error.code) for error in world.errors()} == {("held", "held", "source_empty")}
    world.assert_quiet()


def test_t12_a_mass_deletion_is_held_listed_and_then_approved(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)
    pairs = world.pairs(100)
    world.left.delete(*(left for left, _ in pairs[:51]))
    assert told(world.sync()) == {"held": 51}
    assert len(world.right.keys()) == 100
    held = world.errors()
    assert {error.right_key for error in held} == {right for _, right in pairs[:51]}
    assert {error.code for error in held} == {"mass_deletion"}
    world.assert_quiet()
    actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert len(world.right.keys()) == 100, "Retry is no approval"
    actions.request(SyncError.objects.open(), "delete", user=None, queue=False)
    assert set(world.right.keys()) == {right for _, right in pairs[51:]}
    assert world.errors() == []
    world.assert_quiet()


def test_t12_deletions_below_the_guard_go_through(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)
    pairs = world.pairs(100)
    world.left.delete(*(left for left, _ in pairs[:50]))
    assert told(world.sync()) == {"deleted": 50}
    assert len(world.right.keys()) == 50


def test_what_is_held_stays_held_when_the_rest_would_pass_the_guard(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)
    pairs = world.pairs(10)
    world.left.delete(*(left for left, _ in pairs[:6]))
    world.sync()
    actions.request(
        SyncError.objects.filter(pk__in=[e.pk for e in world.errors()[:4]]), "delete", user=None, queue=False
    )
    assert len(world.right.keys()) == 6
    world.assert_quiet()
    assert len(world.right.keys()) == 6


def test_t13_a_filter_that_narrows_deletes_nothing_and_widens_without_duplicates(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    world.pairs(100)
    world.set(left_filter={"name": {"ge": "Name 0040"}})
    assert told(world.sync(Kind.FULL)) == {"unchanged": 60, "excluded": 40}
    assert len(world.right.keys()) == 100
    world.right.edit(world.right.keys()[0], fax="5")
    world.sync()
    world.set(left_filter={})
    world.sync()
    assert (len(world.left.keys()), len(world.right.keys())) == (100, 100)
    assert world.errors() == []
    world.assert_quiet()


def test_t14_our_own_write_does_not_come_back(world: World) -> None:
    key, _ = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    world.sync()
    before = world.left.versions(), world.right.versions()
    for _ in range(3):
        assert told(world.sync()) == {}
    assert (world.left.versions(), world.right.versions()) == before


@pytest.mark.parametrize(
    ("trigger", "sent", "stored"),
    [
        ("NEW.fullname = upper(NEW.fullname)", {"name": "Adatum"}, "ADATUM"),
        ("NEW.fullname = trim(NEW.fullname)", {"name": " Adatum "}, "Adatum"),
    ],
)
def test_t15_a_side_that_bends_what_it_is_sent_settles_in_one_round(
    world: World, trigger: str, sent: dict[str, str], stored: str
) -> None:
    world.right.execute(
        f"CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {trigger}; RETURN NEW; END $$"
    )
    world.right.execute("CREATE TRIGGER bend BEFORE INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION bend()")
    key, partner = world.pair(phone="1", **sent)
    assert world.right.get(partner, "name") == (stored,)
    world.assert_quiet()
    world.right.edit(partner, phone="2")
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key, "name", "phone") == (sent["name"], "2")
    world.assert_quiet()


def test_t15_rounding_settles_in_one_round(world: World) -> None:
    world.right.execute("ALTER TABLE account ALTER credit TYPE numeric(12, 1)")
    key, partner = world.pair(name="Adatum", amount=Decimal("1.05"))
    world.assert_quiet()
    world.left.edit(key, amount=Decimal("2.25"))
    assert told(world.sync()) == {"modified": 1}
    assert world.right.get(partner, "amount") is not None
    world.assert_quiet()


def test_t18_edits_play_back_after_a_pause(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    mappings.pause(world.mapping, user=None)
    world.left.edit(key, phone="2")
    world.left.add(name="Fabrikam")
    mappings.resume(world.mapping, user=None, queue=False)
    assert world.right.get(partner, "phone") == ("2",)
    assert len(world.right.keys()) == 2


@pytest.mark.parametrize("if_missing", ["wait", "clear", "keep"])
def test_t19_a_child_comes_before_its_parent(world: World, if_missing: str) -> None:
    """The parent's mapping lets it in later: the child goes, or gets its link, and nobody has to do anything."""
    family = add_contacts(world)
    family.lookup(if_missing=if_missing)
    world.set(left_filter={"region": "EU"})
    customer = world.left.add(name="Adatum", region="US")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    waits = if_missing == "wait"
    assert [error.attempts for error in waiting(family.world.mapping)] == [1] * waits
    assert len(family.right.keys()) == (0 if waits else 1)
    family.sync()
    assert [error.attempts for error in waiting(family.world.mapping)] == [1] * waits, "waiting is no attempt"
    world.left.edit(customer, region="EU")
    family.sync()
    assert family.account_of(family.partner(contact)) == world.coupling(customer).right_key
    assert world.errors() == []
    family.assert_quiet()


def test_t20_what_was_uncoupled_after_a_deletion_is_not_created_again(world: World) -> None:
    """Not by the next scheduled run, not by a full one, and not when the survivor is edited."""
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.delete(key)
    world.sync()
    assert world.error().kind == "deleted"
    assert actions.request(SyncError.objects.open(), "uncouple", user=None, queue=False).accepted == 1
    world.assert_quiet()
    world.right.edit(partner, phone="2")
    for kind in (Kind.MODIFIED, Kind.FULL):
        world.sync(kind)
        assert (world.left.keys(), world.right.keys(), world.errors()) == ([], [partner], [])
    assert not Coupling.objects.exists()


def test_t21_an_error_closes_when_both_records_are_deleted(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    world.sync()
    world.left.delete(key)
    world.right.delete(partner)
    assert told(world.sync()) == {"uncoupled": 1}
    assert world.errors() == []
    assert not Coupling.objects.exists()


@pytest.mark.parametrize("change", ["DROP telephone", "ALTER telephone SET NOT NULL"])
def test_t22_a_field_that_vanishes_or_becomes_required_pauses_the_mapping(world: World, change: str) -> None:
    key, _ = world.pair(name="Adatum", phone="1", fax="2")
    before = world.right.execute("SELECT fullname, fax FROM account")
    world.right.execute(f"ALTER TABLE account {change}")
    world.left.execute("UPDATE customer SET phone = NULL, fax = '9'")
    assert (world.sync().code, world.error().kind) == ("schema_changed", "schema")
    (told_change,) = world.error().params["changes"]
    assert (told_change["field"], told_change["partners"]) == ("telephone", ["phone"])
    world.mapping.refresh_from_db()
    assert world.mapping.paused
    assert world.right.execute("SELECT fullname, fax FROM account") == before
    assert world.left.get(key, "phone", "fax") == (None, "9")


def test_t24_retry_all_by_the_thousand(world: World) -> None:
    world.right.execute("ALTER TABLE account ADD CONSTRAINT busy CHECK (telephone <> 'x')")
    world.left.execute("INSERT INTO customer (name, phone) SELECT 'Name ' || n, 'x' FROM generate_series(1, 2000) n")
    assert told(world.sync()) == {"failed": 2000}
    world.right.execute("ALTER TABLE account DROP CONSTRAINT busy")
    done = actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert done.accepted == 2000
    assert len(done.jobs) == 1
    assert world.errors() == []
    assert len(world.right.keys()) == 2000


def test_t26_a_preview_writes_nothing_anywhere(world: World) -> None:
    key, _ = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    world.left.add(name="Fabrikam")
    before = world.left.versions(), world.right.versions(), SyncJob.objects.count()
    job = jobs.preview(world.mapping, Kind.MODIFIED)
    assert told(job) == {"inserted": 1, "modified": 1}
    assert (world.left.versions(), world.right.versions(), SyncJob.objects.count()) == before
    assert told(world.sync()) == {"inserted": 1, "modified": 1}


def test_a_preview_counts_a_pair_that_matches_once(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(name="Adatum", phone="1")
    world.right.add(name="Adatum", phone="2")
    assert told(jobs.preview(world.mapping, Kind.MODIFIED)) == told(world.sync()) == {"failed": 1}


def test_t28_lost_couplings_couple_again_and_unequal_pairs_are_conflicts(make_world: MakeWorld) -> None:
    world = make_world(match=["name"], deletion_conflict="delete")
    pairs = world.pairs(10)
    world.left.edit(pairs[0][0], phone="changed")
    Coupling.objects.all().delete()
    world.set(left_cursor=None, right_cursor=None, cursor_scope="")
    assert told(world.sync()) == {"coupled": 9, "failed": 1}
    assert world.error().kind == "conflict"
    assert (len(world.left.keys()), len(world.right.keys())) == (10, 10)


def test_t28_couplings_from_an_old_backup_lose_nothing(make_world: MakeWorld) -> None:
    """What happened since the backup: an edit that was synchronized, another one on top of it, a new pair, and a pair
    that was deleted on both sides."""
    world = make_world(match=["name"], deletion_conflict="delete")
    (edited, _), (again, _), (gone, _), *_others = world.pairs(10)
    world.mapping.refresh_from_db()
    cursors = {name: getattr(world.mapping, name) for name in ("left_cursor", "right_cursor", "cursor_scope")}
    backup = list(Coupling.objects.all())
    world.left.edit(edited, phone="2")
    world.left.edit(again, phone="2")
    world.left.delete(gone)
    world.left.add(name="Later")
    world.sync()
    Coupling.objects.all().delete()
    Coupling.objects.bulk_create(backup)
    world.set(**cursors)
    world.left.edit(again, phone="3")
    assert told(world.sync()) == {"unchanged": 1, "coupled": 1, "uncoupled": 1, "failed": 1}
    error = world.error()
    assert (error.kind, error.left_key, error.fields) == ("conflict", again, ["phone"])
    assert (len(world.left.keys()), len(world.right.keys())) == (10, 10)
    assert Coupling.objects.count() == 10
    world.assert_quiet()


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "100%0A", "Кириллица", "😀", "a\tb\\c\nd", "x" * 60])
def test_t29_awkward_text_survives(world: World, name: str) -> None:
    key, partner = world.pair(name=name)
    assert world.right.get(partner, "name") == (name,)
    world.left.edit(key, phone="1")
    world.sync()
    world.assert_quiet()


def test_a_job_adds_up(world: World) -> None:
    world.pairs(5)
    job = world.sync(Kind.FULL)
    assert (job.read, told(job)) == (5, {"unchanged": 5})


def test_the_log_tells_what_a_job_did_to_a_record(world: World) -> None:
    from couplings.models import SyncLogEntry

    key, _ = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    job = world.sync()
    entry = SyncLogEntry.objects.get(job=job.pk)
    assert entry.coupling == world.coupling(key).pk
    (change,) = entry.field_changes()
    assert (entry.outcome, change.side, change.field, change.old, change.new) == (
        "modified",
        "right",
        "telephone",
        "1",
        "2",
    )


def test_a_record_whose_second_side_refuses_keeps_what_the_first_one_took(world: World) -> None:
    """Both sides are to be written and the right one refuses: the left one's write is remembered, not repeated."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.right.execute("ALTER TABLE account ADD CONSTRAINT no CHECK (telephone <> 'no')")
    world.left.edit(key, phone="no")
    world.right.edit(partner, fax="9")
    assert told(world.sync()) == {"failed": 1}
    assert world.error().state == State.SKIPPED
    world.right.execute("ALTER TABLE account DROP CONSTRAINT no")
    actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert world.left.get(key) == world.right.get(partner) == ("Adatum", "no", "9")
    world.assert_quiet()


def test_an_error_that_is_only_looked_at_again_keeps_its_time(world: World) -> None:
    """The page lists the newest first: what every run finds as it was must not push the new ones down."""
    (key, partner), (other, _) = world.pairs(2)
    world.left.delete(key)
    world.sync()
    seen = world.error().last_seen
    world.left.edit(other, phone="5")
    world.sync()
    assert world.error().last_seen == seen
    world.right.edit(partner, phone="6")
    world.sync()
    assert world.error().kind == "deleted_and_changed"
    assert world.error().last_seen > seen
