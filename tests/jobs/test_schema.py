"""T22: a table that was changed so that data may be lost makes its mapping rest until a person has looked."""

import pytest
import sqlalchemy as sa

from couplings import messages
from couplings.models import Connection, SyncError
from couplings.models.error import Resolution
from couplings.schema_in_words import sentence
from jobs.models import JobState, SyncJob
from jobs.runner import systems
from jobs.services import mappings, schema_changes
from jobs.services.errors import Refused
from tests import given
from tests.jobs.command_line import run
from tests.jobs.worlds import Table as PlainTable
from tests.jobs.worlds import World, told


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    found = world.pair(name="Adatum", phone="+45 33 12 34 56", fax="2", amount=12)
    world.sync()
    return found


@pytest.mark.parametrize(
    ("side", "change", "told_why"),
    [
        (
            "left",
            "ALTER phone TYPE varchar(5) USING left(phone, 5)",
            "phone in ERP (mapped with telephone in CRM): varchar(30) is now varchar(5)",
        ),
        (
            "left",
            "ALTER phone TYPE integer USING 7",
            "phone in ERP (mapped with telephone in CRM): varchar(30) is now integer",
        ),
        (
            "right",
            "ALTER credit TYPE numeric(12, 0)",
            "credit in CRM (mapped with amount in ERP): numeric(12, 2) is now numeric(12, 0)",
        ),
        ("right", "ALTER fax SET NOT NULL", "fax in CRM (mapped with fax in ERP) must be filled now"),
        ("left", "DROP phone", "phone in ERP (mapped with telephone in CRM) is gone"),
        ("right", "DROP telephone", "telephone in CRM (mapped with phone in ERP) is gone"),
        (
            "right",
            "ADD segment text NOT NULL DEFAULT 'A'; ALTER TABLE account ALTER segment DROP DEFAULT",
            "segment in CRM must be filled now, and the mapping does not fill it",
        ),
    ],
)
def test_t22_the_mapping_is_paused_and_says_what_changed(
    world: World, pair: tuple[str, str], side: str, change: str, told_why: str
) -> None:
    before = world.right.execute("SELECT fullname, credit FROM account")
    table = world.left if side == "left" else world.right
    table.execute(f"ALTER TABLE {table.name} {change}")
    world.left.execute("UPDATE customer SET fax = NULL WHERE name = 'Adatum'")

    job = world.sync()

    assert (job.state, job.code, job.read) == (JobState.FAILED, "schema_changed", 0)
    error = world.error()
    assert (error.kind, error.params["connection"]) == ("schema", "ERP" if side == "left" else "CRM")
    assert [sentence(change).lower() for change in error.params["changes"]] == [told_why.lower()]
    assert told_why.lower() in messages.of(error).lower()
    world.mapping.refresh_from_db()
    assert world.mapping.paused
    assert world.right.execute("SELECT fullname, credit FROM account") == before


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
    assert "was changed since the last run: phone in ERP" in told_why.complained
    world.mapping.refresh_from_db()
    assert not world.mapping.paused


def test_both_tables_and_all_their_changes_are_one_error(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer DROP phone, ALTER name TYPE varchar(20)")
    world.right.execute("ALTER TABLE account ALTER fax SET NOT NULL, ALTER fullname TYPE text")
    world.sync()
    changes = world.error().params["changes"]
    assert [(change["where"], change["field"], change["what"]) for change in changes] == [
        ("ERP", "name", "type"),
        ("ERP", "phone", "gone"),
        ("CRM", "fax", "required"),
    ]


def test_no_schedule_or_click_starts_a_job_meanwhile(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer DROP phone")
    world.sync()
    with pytest.raises(Refused, match="mapping_paused"):
        world.sync()
    assert SyncError.objects.count() == 1


def test_refresh_shows_the_difference_accepts_it_and_resumes(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5), ADD note text")
    world.sync()

    shown = run("config", "refresh", "CUSTOMER", "--dry-run")
    assert (shown.code, len(world.errors())) == (0, 1)
    assert "CUSTOMER ! phone in ERP (mapped with telephone in CRM): " in shown.said
    assert "CUSTOMER + note in ERP is new" in shown.said

    accepted = run("config", "refresh")
    assert (accepted.code, world.errors()) == (0, [])
    world.mapping.refresh_from_db()
    assert not world.mapping.paused
    assert SyncError.objects.get().resolution == Resolution.ACCEPTED
    assert SyncJob.objects.filter(state=JobState.QUEUED).count() == 1  # the first one, for the workers
    assert told(world.sync()) == {"modified": 1}
    world.assert_quiet()
    assert "nothing was changed" in run("config", "refresh").said


def test_a_field_that_is_gone_is_not_accepted_while_the_mapping_needs_it(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer DROP phone")
    world.sync()
    refused = run("config", "refresh", "CUSTOMER")
    assert (refused.code, len(world.errors())) == (1, 1)
    assert "has no field phone" in refused.complained
    mappings.resume(world.mapping, user=None, queue=False)
    world.mapping.refresh_from_db()
    assert (world.error().code, world.mapping.paused) == ("schema_changed", True)

    world.mapping.fields.get(left="phone").delete()
    schema_changes.accept(world.mapping, user=None, queue=False)
    assert world.errors() == []
    assert world.right.get(pair[1], "phone") == ("+45 33 12 34 56",)


def test_accepting_resumes_nothing_that_a_person_has_paused(world: World, pair: tuple[str, str]) -> None:
    mappings.pause(world.mapping, user=None)
    world.mapping.refresh_from_db()
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5)")
    schema_changes.accept(world.mapping, user=None)
    world.mapping.refresh_from_db()
    assert world.mapping.paused


def test_an_administrator_accepts_on_the_page_and_others_only_look(world: World, pair: tuple[str, str]) -> None:
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(5) USING left(phone, 5)")
    world.sync()
    ada, olga = (given.signed_in(given.person(*who)) for who in (("ada", "administrator"), ("olga", "operator")))
    for page in ("/mappings/CUSTOMER/", f"/errors/{world.error().pk}/"):
        shown = {who: who.get(page).content.decode() for who in (ada, olga)}
        assert all("phone in ERP (mapped with telephone in CRM)" in text for text in shown.values())
        assert ('value="accept"' in shown[ada], 'value="accept"' in shown[olga]) == (True, False)
    assert olga.post("/mappings/CUSTOMER/actions/", {"action": "accept"}).status_code == 403
    said = ada.post("/mappings/CUSTOMER/actions/", {"action": "accept"}, follow=True).content.decode()
    assert "the mapping resumes" in said
    assert world.errors() == []


DEFINITION = "CREATE TABLE client (no integer PRIMARY KEY, label varchar(30){label}, phone {phone}{more})"


@pytest.mark.parametrize("system", ["mariadb", "sqlite"])
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"phone": "varchar(20)"}, ["phone type"]),
        ({"phone": "integer"}, ["phone type"]),
        ({"phone": "varchar(90)"}, []),
        ({"label": " NOT NULL"}, ["label required"]),
        ({"more": ", segment varchar(3) NOT NULL"}, ["segment unfilled"]),
        ({"more": ", segment varchar(3)"}, []),
        ({"phone": None}, ["phone gone"]),
    ],
)
def test_other_databases_tell_their_changes_too(
    world: World, request: pytest.FixtureRequest, system: str, changed: dict[str, str | None], expected: list[str]
) -> None:
    url = request.getfixturevalue(f"{system}_url")
    table = PlainTable(sa.create_engine(url), "client")

    def define(**parts: str | None) -> None:
        parts = {"label": "", "phone": "varchar(30)", "more": ""} | parts
        sql = DEFINITION.replace(", phone {phone}", ", phone {phone}" if parts["phone"] else "")
        table.execute("DROP TABLE IF EXISTS client")
        table.execute(sql.format(**parts))

    define()
    Connection.objects.filter(name="CRM").update(settings={"url": url})
    world.set(right_connection=Connection.objects.get(name="CRM"), right_schema="", right_table="client")
    world.set(right_modified_on="")
    world.mapping.fields.exclude(left__in=["name", "phone"]).delete()
    for left, right in {"name": "label", "phone": "phone"}.items():
        world.mapping.fields.filter(left=left).update(right=right)
    world.sync()
    table.engine.dispose()
    define(**changed)
    systems.close_all()

    job = world.sync()

    assert job.code == ("schema_changed" if expected else "")
    found = world.errors()[0].params["changes"] if expected else []
    assert [f"{change['field']} {change['what']}" for change in found] == expected
    table.engine.dispose()
