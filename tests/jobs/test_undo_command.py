from jobs.models import JobState, Kind, SyncJob
from tests.jobs.command_line import run
from tests.jobs.worlds import World


def update(world: World) -> tuple[str, str, SyncJob]:
    """A record whose phone number was taken over from 1 to 7."""
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    return key, partner, world.sync()


def test_a_job_is_previewed_and_undone(world: World) -> None:
    _key, partner, job = update(world)

    seen = run("undo", job.pk, "--preview", "--json")
    assert (seen.code, seen.object["modified"], seen.object["preview"]) == (0, 1, True)
    assert world.right.get(partner, "phone") == ("7",)

    done = run("undo", job.pk, "--json")
    assert (done.object["mapping"], done.object["state"], done.object["modified"]) == ("CUSTOMER", "finished", 1)
    assert done.code == 1  # both systems differ now, and a person has to choose
    assert world.right.get(partner, "phone") == ("1",)

    again = run("undo", job.pk)
    assert again.code == 2
    assert "everything was undone already" in again.complained


def test_a_record_is_undone_by_its_key_on_either_side(world: World) -> None:
    key, partner, _job = update(world)
    assert "1 modified" in run("undo", "--record", "customer", key).said
    assert world.right.get(partner, "phone") == ("1",)
    assert run("undo", "--record", "CUSTOMER", partner, "--side", "right").code == 0  # in step again
    assert world.right.get(partner, "phone") == ("7",)


def test_a_record_that_lost_its_coupling_is_found(world: World) -> None:
    key, _partner = world.pair(name="Adatum")
    assert run("undo", "--record", "CUSTOMER", key, "--json").object["deleted"] == 1
    assert run("undo", "--record", "CUSTOMER", key, "--json").object["inserted"] == 1
    world.assert_quiet()


def test_what_was_left_as_it_is_makes_a_difference_to_the_exit_code(world: World) -> None:
    key, partner, job = update(world)
    world.right.edit(partner, phone="9")
    done = run("undo", job.pk)
    assert done.code == 1
    assert "jobs show" in done.complained
    assert world.errors() == []
    assert world.right.get(partner, "phone") == ("9",)
    assert run("undo", "--record", "CUSTOMER", key, "--preview").code == 1


def test_the_workers_can_do_it(world: World) -> None:
    _key, _partner, job = update(world)
    assert run("undo", job.pk, "--queue", "--json").object["state"] == JobState.QUEUED
    assert SyncJob.objects.get(kind=Kind.UNDO).parameters == {"undoes": ["job", job.pk]}


def test_wrong_usage(world: World) -> None:
    for arguments in (
        (),
        (1, "--record", "CUSTOMER", "1"),
        (999_999,),
        (1, "--side", "left"),
        (1, "--preview", "--queue"),
        ("--record", "CUSTOMER", "nobody"),
        ("--record", "NOWHERE", "1"),
    ):
        assert run("undo", *arguments).code == 2, arguments
