"""Previews that are kept as plans and applied: exactly what was seen, each record decided again (R12, T26)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from couplings.models import Coupling, SyncError, SyncLogEntry
from jobs.models import JobState, Kind, PlannedChange, SyncJob
from jobs.runner import runner
from jobs.services import actions, plans
from jobs.services.errors import Refused
from tests import given
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)


def preview(world: World, kind: Kind = Kind.MODIFIED, **parameters: object) -> SyncJob:
    world.mapping.refresh_from_db()
    return plans.preview(world.mapping, kind, user=None, parameters=parameters, queue=False)


def apply(plan: SyncJob, user: User | None = None) -> SyncJob:
    return plans.apply(plan, user=user, queue=False)


def planned(plan: SyncJob) -> dict[str, list[PlannedChange]]:
    found: dict[str, list[PlannedChange]] = {}
    for row in PlannedChange.objects.filter(job=plan.pk).order_by("id"):
        found.setdefault(row.outcome, []).append(row)
    return found


def everything(world: World) -> tuple[object, ...]:
    """All that a preview must leave as it is."""
    return (
        world.left.versions(),
        world.right.versions(),
        list(Coupling.objects.order_by("pk").values()),
        list(SyncError.objects.order_by("pk").values()),
        SyncLogEntry.objects.count(),
        type(world.mapping).objects.values("left_cursor", "right_cursor", "cursor_scope", "last_sweep").get(),
    )


def a_bit_of_everything(world: World) -> list[tuple[str, str]]:
    """One record to be created, one modified, one deleted, one in conflict; the pairs before."""
    pairs = world.pairs(6)
    world.left.edit(pairs[0][0], phone="new")
    world.left.delete(pairs[1][0])
    world.left.edit(pairs[2][0], phone="left")
    world.right.edit(pairs[2][1], phone="right")
    world.left.add(name="Fabrikam", phone="9")
    return pairs


def test_t26_a_preview_is_kept_with_what_it_would_do_to_each_record(world: World) -> None:
    pairs = a_bit_of_everything(world)
    before = everything(world)

    plan = preview(world)

    assert everything(world) == before
    assert (plan.state, told(plan)) == (JobState.PLANNED, {"inserted": 1, "modified": 1, "deleted": 1, "failed": 1})
    found = planned(plan)
    (modified,), (deleted,), (failed,), (inserted,) = (
        found[outcome] for outcome in ("modified", "deleted", "failed", "inserted")
    )
    (change,) = modified.field_changes()
    assert (modified.left_key, modified.right_key) == pairs[0]
    assert (change.side, change.field, change.old, change.new) == ("right", "telephone", "+45 000000", "new")
    assert (deleted.right_key, deleted.deletes) == (pairs[1][1], "right")
    assert ("fullname", "Name 0001", None) in [(c.field, c.old, c.new) for c in deleted.field_changes()]
    assert (failed.code, failed.message_params()["fields"]) == ("conflict", ["phone"])
    assert ("fullname", None, "Fabrikam") in [(c.field, c.old, c.new) for c in inserted.field_changes()]


def test_applied_it_does_what_it_said(world: World) -> None:
    pairs = a_bit_of_everything(world)
    plan = preview(world)

    job = apply(plan)

    assert (job.kind, job.state) == (Kind.APPLY, JobState.FINISHED)
    assert told(job) == told(plan)
    assert world.right.get(pairs[0][1], "phone") == ("new",)
    assert world.right.get(pairs[1][1]) is None
    assert world.error().code == "conflict"
    plan.refresh_from_db()
    assert (plan.state, plan.code, plan.params) == (JobState.FINISHED, "plan_applied", {"job": job.pk})
    assert told(world.sync()) == {"skipped": 1}
    world.assert_quiet()


def test_t26_a_record_edited_meanwhile_is_decided_again_and_the_rest_applied(world: World) -> None:
    pairs = a_bit_of_everything(world)
    plan = preview(world)
    world.left.edit(pairs[0][0], phone="newer")
    world.right.edit(pairs[0][1], fax="7")
    world.right.edit(pairs[1][1], phone="still needed")

    job = apply(plan)

    assert told(job) == {"inserted": 1, "modified": 1, "failed": 2}
    assert world.left.get(pairs[0][0]) == world.right.get(pairs[0][1]) == ("Name 0000", "newer", "7")
    assert world.right.get(pairs[1][1]) is not None
    assert {error.code for error in world.errors()} == {"conflict", "deleted_and_changed"}
    world.assert_quiet()


def test_a_deletion_the_plan_did_not_tell_is_held(world: World) -> None:
    pairs = a_bit_of_everything(world)
    plan = preview(world)
    world.left.delete(pairs[0][0])

    job = apply(plan)

    assert told(job) == {"inserted": 1, "deleted": 1, "held": 1, "failed": 1}
    assert world.right.get(pairs[0][1]) is not None
    error = SyncError.objects.get(kind="held")
    assert (error.code, error.right_key, error.params["side"]) == ("deletion_not_planned", pairs[0][1], "CRM")
    world.assert_quiet()
    actions.request(SyncError.objects.filter(kind="held"), "delete", user=None, queue=False)
    assert world.right.get(pairs[0][1]) is None


def test_a_deletion_planned_on_one_side_is_none_on_the_other(world: World) -> None:
    pairs = world.pairs(4)
    world.left.delete(pairs[0][0])
    plan = preview(world)
    world.left.execute("INSERT INTO customer (id, name, phone) VALUES (:id, 'Name 0000', '+45 000000')", id=pairs[0][0])
    world.right.delete(pairs[0][1])
    assert told(apply(plan)) == {"held": 1}
    assert world.left.get(pairs[0][0]) is not None


def test_what_a_guard_held_in_the_preview_is_held_when_it_is_applied(world: World) -> None:
    pairs = world.pairs(10)
    world.left.delete(*(left for left, _ in pairs[:6]))
    plan = preview(world)
    assert told(plan) == {"held": 6}
    assert world.errors() == []
    assert told(apply(plan)) == {"held": 6}
    assert len(world.right.keys()) == 10


def test_only_the_records_of_the_plan_are_touched(world: World) -> None:
    pairs = a_bit_of_everything(world)
    plan = preview(world)
    world.left.edit(pairs[5][0], phone="later")
    world.left.add(name="Contoso")
    apply(plan)
    assert world.right.get(pairs[5][1], "phone") == ("+45 000005",)
    assert told(world.sync()) == {"inserted": 1, "modified": 1, "skipped": 1}


def test_an_error_that_is_put_right_meanwhile_is_no_error(world: World) -> None:
    pairs = a_bit_of_everything(world)
    plan = preview(world)
    world.left.edit(pairs[2][0], phone="right")
    assert told(apply(plan)) == {"inserted": 1, "modified": 1, "deleted": 1, "unchanged": 1}
    assert world.errors() == []


def test_a_match_is_made_anew(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(name="Adatum", phone="1")
    world.right.add(name="Adatum", phone="1")
    gone = world.right.add(name="Contoso", phone="2")
    world.left.add(name="Contoso", phone="2")
    plan = preview(world)
    assert told(plan) == {"coupled": 2}
    world.right.delete(gone)
    assert told(apply(plan)) == {"coupled": 1, "inserted": 1}
    world.assert_quiet()


def test_a_first_synchronization_is_previewed_and_applied(world: World) -> None:
    for number in range(5):
        world.left.add(name=f"Name {number}")
    plan = preview(world, Kind.FULL)
    assert (told(plan), world.right.keys()) == ({"inserted": 5}, [])
    assert told(apply(plan)) == {"inserted": 5}
    assert told(world.sync()) == {"unchanged": 5}
    world.assert_quiet()


def test_records_a_person_named_are_applied_as_they_were_asked_for(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    world.sync()
    plan = preview(world, Kind.RECORDS, side="left", keys=[key], use="left")
    assert told(plan) == {"modified": 1}
    assert world.error().kind == "conflict"
    assert told(apply(plan)) == {"modified": 1}
    assert world.right.get(partner, "phone") == ("7",)
    assert world.errors() == []


def test_applied_once_and_the_second_is_told(world: World) -> None:
    a_bit_of_everything(world)
    plan = preview(world)
    first = plans.apply(plan, user=given.person("ada", "administrator"))
    for second in (plans.apply, plans.discard):
        with pytest.raises(Refused) as told_why:
            second(plan, user=given.person(f"berta {second.__name__}", "administrator"))
        assert (told_why.value.code, told_why.value.params) == ("plan_applied", {"by": "ada", "job": first.pk})
    assert SyncJob.objects.filter(kind=Kind.APPLY).count() == 1


def test_a_discarded_plan_is_gone(world: World) -> None:
    a_bit_of_everything(world)
    plan = plans.discard(preview(world), user=None)
    assert (plan.state, plan.code) == (JobState.CANCELLED, "plan_discarded")
    assert not PlannedChange.objects.exists()
    with pytest.raises(Refused, match="plan_discarded"):
        apply(plan)


def test_what_is_no_plan_is_not_applied(world: World) -> None:
    with pytest.raises(Refused, match="not_a_plan"):
        apply(world.sync())
    waiting = plans.preview(world.mapping, Kind.MODIFIED, user=None)
    with pytest.raises(Refused, match="plan_unfinished"):
        apply(waiting)


def test_a_preview_and_a_synchronization_that_wait_are_two_jobs(world: World) -> None:
    from jobs.services import jobs

    world.left.add(name="Adatum")
    ahead = plans.preview(world.mapping, Kind.MODIFIED, user=None)
    real = jobs.start(world.mapping, Kind.MODIFIED)
    assert ahead.pk != real.pk


def test_a_preview_whose_worker_died_begins_anew(world: World) -> None:
    a_bit_of_everything(world)
    plan = plans.preview(world.mapping, Kind.MODIFIED, user=None)
    stopped = runner.run(plan.pk, stop=lambda: True)
    assert stopped is not None
    assert stopped.state == JobState.QUEUED
    done = runner.run(plan.pk)
    assert done is not None
    assert (done.state, told(done)) == (JobState.PLANNED, {"inserted": 1, "modified": 1, "deleted": 1, "failed": 1})
    assert PlannedChange.objects.count() == 4


def test_an_apply_that_was_interrupted_goes_on_after_its_last_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs.runner import applying

    a_bit_of_everything(world)
    monkeypatch.setattr(applying, "PAGE", 1)
    job = plans.apply(preview(world), user=None)
    stopped = runner.run(job.pk, stop=lambda: True)
    assert stopped is not None
    done = runner.run(job.pk)
    assert done is not None
    assert (done.state, done.read, told(done)) == (
        JobState.FINISHED,
        4,
        {"inserted": 1, "modified": 1, "deleted": 1, "failed": 1},
    )
