"""T22: a table that was changed so that data may be lost makes its mapping rest until a person has looked."""

import pytest

from jobs.models import JobState
from jobs.services import mappings
from tests.jobs.command_line import run
from tests.jobs.worlds import World, told


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    found = world.pair(name="Adatum", phone="+45 33 12 34 56", fax="2", amount=12)
    world.sync()
    return found


@pytest.mark.parametrize(
    ("side", "change", "told_why"),
    [
        ("left", "ALTER phone TYPE varchar(5) USING left(phone, 5)", "phone varchar(30) → varchar(5)"),
        ("left", "ALTER phone TYPE integer USING 7", "phone varchar(30) → integer"),
        ("right", "ALTER credit TYPE numeric(12, 0)", "credit numeric(12, 2) → numeric(12, 0)"),
        ("right", "ALTER fax SET NOT NULL", "fax NOT NULL"),
    ],
)
def test_t22_the_mapping_is_paused_and_says_what_changed(
    world: World, pair: tuple[str, str], side: str, change: str, told_why: str
) -> None:
    before = world.left.get(pair[0], "name", "fax"), world.right.get(pair[1])
    table = world.left if side == "left" else world.right
    table.execute(f"ALTER TABLE {table.name} {change}")
    world.left.execute("UPDATE customer SET fax = NULL WHERE name = 'Adatum'")

    job = world.sync()

    assert (job.state, job.code, job.read) == (JobState.FAILED, "schema_changed", 0)
    error = world.error()
    assert (error.kind, error.params["connection"]) == ("schema", "ERP" if side == "left" else "CRM")
    assert [text.lower() for text in error.params["changes"]] == [told_why.lower()]
    world.mapping.refresh_from_db()
    assert world.mapping.paused
    assert world.right.get(pair[1]) == before[1]


def test_a_person_who_resumes_it_takes_the_table_as_it_is(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5)")
    world.sync()
    mappings.resume(world.mapping, user=None, queue=False)
    assert world.errors() == []
    assert world.right.get(pair[1], "phone") == ("+45 3",)
    world.assert_quiet()


def test_a_pause_of_another_kind_accepts_nothing(world: World, pair: tuple[str, str]) -> None:
    mappings.pause(world.mapping, user=None)
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5)")
    mappings.resume(world.mapping, user=None, queue=False)
    assert world.error().code == "schema_changed"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER name TYPE varchar(200)",
        "ALTER name TYPE text",
        "ALTER name DROP NOT NULL",
        "ADD note text NOT NULL DEFAULT ''",
    ],
)
def test_what_holds_more_than_before_changes_nothing(world: World, pair: tuple[str, str], change: str) -> None:
    world.left.execute(f"ALTER TABLE customer {change}")
    world.left.edit(pair[0], phone="7")
    assert told(world.sync()) == {"modified": 1}
    world.assert_quiet()


def test_a_column_that_only_one_side_reads_may_become_required(world: World, pair: tuple[str, str]) -> None:
    world.mapping.refresh_from_db()
    world.set(direction="left_to_right")
    world.sync()
    world.left.execute("ALTER TABLE customer ALTER fax SET NOT NULL")
    world.left.edit(pair[0], phone="7")
    assert told(world.sync()) == {"modified": 1}


def test_another_table_is_not_compared_with_the_one_before(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("CREATE TABLE client AS SELECT id, name, left(phone, 5) AS phone, fax, amount FROM customer")
    world.left.execute("ALTER TABLE client ADD PRIMARY KEY (id), ADD modified_at timestamptz NOT NULL DEFAULT now()")
    world.mapping.refresh_from_db()
    world.set(left_table="client")
    assert world.sync().state == JobState.FINISHED


def test_a_preview_says_so_and_pauses_nothing(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5)")
    told_why = run("sync", "CUSTOMER", "--preview")
    assert told_why.code == 1
    assert "was changed since the last run: phone" in told_why.complained
    world.mapping.refresh_from_db()
    assert not world.mapping.paused
