"""`manage.py sync` exactly as DESIGN 7.2 has it: options, exit codes, JSON."""

import json
from collections.abc import Callable, Iterator

import pytest

from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import Resolution
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import systems
from jobs.services import mappings
from tests.faults import processes
from tests.jobs.command_line import run
from tests.jobs.worlds import World

MakeWorld = Callable[..., World]
COUNTERS = ["read", "inserted", "modified", "deleted", "unchanged", "coupled", "uncoupled", "excluded", "waiting"]
COUNTERS += ["held", "skipped", "failed"]
KEYS = ["mapping", "job", "state", *COUNTERS, "seconds"]


@pytest.fixture
def conflict(world: World) -> World:
    """Adatum, whose phone both sides changed."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.right.edit(partner, phone="8")
    return world


def test_a_process_prints_json_and_nothing_else(world: World) -> None:
    world.left.add(name="Adatum")
    done = processes.run("sync", "CUSTOMER", "--json")
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (done.returncode, list(told)) == (0, KEYS)
    assert "job started" in done.stderr, "the log goes to standard error"
    job = SyncJob.objects.get()
    ended = {"mapping": "CUSTOMER", "job": job.pk, "state": "finished"}
    counters = dict.fromkeys(COUNTERS, 0) | {"read": 1, "inserted": 1}
    assert told == ended | counters | {"seconds": told["seconds"]}


def test_a_person_reads_a_sentence(world: World) -> None:
    world.left.add(name="Adatum")
    ran = run("sync", "customer")
    assert ran.code == 0
    assert ran.said.startswith("CUSTOMER: Finished - 1 read, 1 inserted (")


def test_in_step_is_0_and_open_errors_are_1(conflict: World) -> None:
    assert run("sync", "CUSTOMER", "--json").code == 1
    assert run("sync", "CUSTOMER", "--json").code == 1, "the error is open still"
    conflict.left.edit(Coupling.objects.get().left_key, phone="8")
    assert run("sync", "CUSTOMER").code == 0


def test_the_errors_of_another_mapping_do_not_count(conflict: World) -> None:
    run("sync", "CUSTOMER")
    add_mapping(conflict, "VENDOR")
    assert run("sync", "VENDOR").code == 0
    assert [told["mapping"] for told in run("sync", "--all", "--json").objects] == ["CUSTOMER", "VENDOR"]
    assert run("sync", "--all").code == 1


def add_mapping(world: World, name: str, **values: object) -> TableMapping:
    """Another mapping of the same tables that lets nothing in."""
    fields = list(world.mapping.fields.all())
    world.mapping.refresh_from_db()
    copy = world.mapping
    copy.pk, copy.name, copy.only_coupled, copy.left_cursor = None, name, True, None
    copy.save()
    for field in fields:
        field.pk, field.mapping = None, copy
        field.save()
    world.mapping = TableMapping.objects.get(name="CUSTOMER")
    TableMapping.objects.filter(pk=copy.pk).update(**values)
    return copy


def test_all_leaves_out_what_is_paused_or_disabled(world: World) -> None:
    add_mapping(world, "PAUSED", paused=True)
    add_mapping(world, "DISABLED", enabled=False)
    assert [told["mapping"] for told in run("sync", "--all", "--json").objects] == ["CUSTOMER"]


def test_parents_come_first(world: World) -> None:
    parent = add_mapping(world, "ZONE")
    world.mapping.depends_on.add(parent)
    assert [told["mapping"] for told in run("sync", "--all", "--json").objects] == ["ZONE", "CUSTOMER"]


def test_mappings_run_in_the_order_they_are_named_and_once(world: World) -> None:
    add_mapping(world, "VENDOR")
    ran = run("sync", "VENDOR", "CUSTOMER", "VENDOR", "--json")
    assert [told["mapping"] for told in ran.objects] == ["VENDOR", "CUSTOMER"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Name one or more mappings, or say --all."),
        (["CUSTOMER", "--all"], "Name one or more mappings, or say --all."),
        (["NOBODY"], "There is no mapping NOBODY. There are: CUSTOMER."),
        (["CUSTOMER", "NOBODY"], "There is no mapping NOBODY."),
        (["--all", "--records", "1"], "--records needs exactly one mapping."),
        (["CUSTOMER", "--side", "right"], "it needs --records"),
        (["CUSTOMER", "--preview", "--queue"], "leave out --queue"),
        (["CUSTOMER", "--side", "middle", "--records", "1"], "invalid choice: 'middle'"),
        (["CUSTOMER", "--use", "both"], "invalid choice: 'both'"),
    ],
)
def test_wrong_usage_is_2_and_runs_nothing(world: World, options: list[str], complaint: str) -> None:
    done = run("sync", *options)
    assert (done.code, done.said) == (2, "")
    assert complaint in done.complained
    assert not SyncJob.objects.exists()


def test_wrong_usage_is_2_in_a_process(world: World) -> None:
    done = processes.run("sync", "CUSTOMER", "--use", "both", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    done = processes.run("sync", "NOBODY", "--json")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_paused_mapping_is_refused(world: World) -> None:
    mappings.pause(world.mapping, user=None)
    ran = run("sync", "CUSTOMER", "--json")
    assert (ran.code, ran.said) == (2, "")
    assert "CUSTOMER" in ran.complained
    assert not SyncJob.objects.exists()


def test_full_compares_every_record(world: World) -> None:
    world.pairs(3)
    assert run("sync", "CUSTOMER", "--json").object["read"] == 0
    told = run("sync", "CUSTOMER", "--full", "--json").object
    assert (told["read"], told["unchanged"]) == (3, 3)


def test_a_preview_writes_nothing_anywhere(conflict: World) -> None:
    conflict.left.add(name="Fabrikam")
    before = conflict.left.versions(), conflict.right.versions(), SyncJob.objects.count(), Coupling.objects.count()
    ran = run("sync", "CUSTOMER", "--preview", "--json")
    assert ran.code == 1, "a conflict would be opened"
    assert list(ran.object) == [*KEYS, "preview"]
    told = ran.object
    assert (told["preview"], told["job"], told["inserted"], told["failed"]) == (True, None, 1, 1)
    after = conflict.left.versions(), conflict.right.versions(), SyncJob.objects.count(), Coupling.objects.count()
    assert after == before
    assert not SyncError.objects.exists()


def test_queue_hands_the_job_over(world: World) -> None:
    world.left.add(name="Adatum")
    ran = run("sync", "CUSTOMER", "--queue", "--json")
    assert (ran.code, ran.object["state"], ran.object["read"]) == (0, "queued", 0)
    job = SyncJob.objects.get()
    assert (job.pk, job.state) == (ran.object["job"], JobState.QUEUED)
    assert world.right.keys() == []
    again = run("sync", "CUSTOMER", "--queue", "--json")
    assert again.object["job"] == job.pk, "one that waits is enough"


def test_only_the_named_records_are_synchronized(world: World) -> None:
    (first, partner), (second, _), _ = world.pairs(3)
    world.left.edit(first, phone="7")
    world.left.edit(second, phone="7")
    told = run("sync", "CUSTOMER", "--records", first, "--json").object
    assert (told["read"], told["modified"]) == (1, 1)
    assert world.right.get(partner, "phone") == ("7",)
    told = run("sync", "CUSTOMER", "--json").object
    assert (told["read"], told["modified"]) == (1, 1)


def test_named_records_of_the_right_side(world: World) -> None:
    partner = world.right.add(name="Fabrikam")
    told = run("sync", "CUSTOMER", "--records", partner, "--side", "right", "--json").object
    assert (told["read"], told["inserted"]) == (1, 1)
    assert Coupling.objects.get().right_key == partner


def test_an_unknown_key_is_2_and_nothing_runs(world: World) -> None:
    key = world.left.add(name="Adatum")
    ran = run("sync", "CUSTOMER", "--records", key, "4711", "abc", "--json")
    assert (ran.code, ran.said) == (2, "")
    assert "4711, abc" in ran.complained
    assert "ERP" in ran.complained
    assert not SyncJob.objects.exists()


@pytest.mark.parametrize(("use", "phone"), [("left", "7"), ("right", "8")])
def test_use_decides_conflicts(conflict: World, use: str, phone: str) -> None:
    row = Coupling.objects.get()
    ran = run("sync", "CUSTOMER", "--use", use, "--records", row.left_key, "--json")
    assert (ran.code, ran.object["modified"]) == (0, 1)
    assert conflict.left.get(row.left_key, "phone") == conflict.right.get(row.right_key, "phone") == (phone,)
    conflict.assert_quiet()


@pytest.mark.parametrize("options", [[], ["--full"]])
def test_use_decides_every_conflict_of_a_run(conflict: World, options: list[str]) -> None:
    ran = run("sync", "CUSTOMER", "--use", "right", *options, "--json")
    assert (ran.code, ran.object["modified"]) == (0, 1)
    assert conflict.left.get(Coupling.objects.get().left_key, "phone") == ("8",)
    conflict.assert_quiet()


def test_use_decides_what_is_skipped_already(conflict: World) -> None:
    run("sync", "CUSTOMER")
    ran = run("sync", "CUSTOMER", "--use", "left", "--full", "--json")
    assert (ran.code, ran.object["modified"]) == (0, 1)
    assert conflict.right.get(Coupling.objects.get().right_key, "phone") == ("7",)


def test_composite_keys_are_written_as_json(make_world: MakeWorld) -> None:
    world = make_world()
    for table in (world.left, world.right):
        table.execute(
            f"ALTER TABLE {table.name} ADD company text NOT NULL DEFAULT 'A', DROP CONSTRAINT {table.name}_pkey"
        )
        table.execute(f"ALTER TABLE {table.name} ADD PRIMARY KEY (company, id)")
    key = json.dumps(["A", int(world.left.add(name="Adatum"))], separators=(",", ":"))
    world.left.add(name="Fabrikam")
    ran = run("sync", "CUSTOMER", "--records", key, "--json")
    assert (ran.code, ran.object["inserted"]) == (0, 1), ran.complained
    assert Coupling.objects.get().left_key == key
    spaced = key.replace(",", ", ")
    ran = run("sync", "CUSTOMER", "--records", spaced, "--json")
    assert (ran.code, ran.object["unchanged"]) == (0, 1), "spaces in the JSON do not make it another key"


# Connections and schemas


@pytest.fixture
def down(world: World) -> Iterator[tuple[World, Callable[[], None]]]:
    """300 changes wait while CRM is down, and how it comes back."""
    pairs = world.pairs(300)
    world.left.execute("UPDATE customer SET phone = '7'")
    crm = world.mapping.right_connection
    url = crm.settings["url"]
    crm.settings = {"url": "postgresql+psycopg2://crm@127.0.0.1:1/crm"}
    crm.save()
    assert len(pairs) == 300

    def back() -> None:
        crm.settings = {"url": url}
        crm.save()

    yield world, back
    systems.close_all()


def test_t17_a_connection_that_is_down_is_3_and_one_error(down: tuple[World, Callable[[], None]]) -> None:
    world, back = down
    for attempt in (1, 2):
        ran = run("sync", "CUSTOMER", "--json")
        assert (ran.code, ran.object["state"], ran.object["read"]) == (3, "failed", 0)
        error = world.error()
        assert (error.kind, error.state, error.attempts) == ("connection", "retrying", attempt)
        assert (error.connection, error.mapping) == (world.mapping.right_connection, None)
    back()
    ran = run("sync", "CUSTOMER", "--json")
    assert (ran.code, ran.object["modified"]) == (0, 300)
    error = SyncError.objects.get()
    assert error.resolution == Resolution.RECOVERED
    crm = world.mapping.right_connection
    crm.refresh_from_db()
    assert (crm.healthy, crm.open_until) == (True, None)
    world.assert_quiet()


@pytest.mark.usefixtures("down")
def test_a_preview_and_named_records_say_3_as_well() -> None:
    assert run("sync", "CUSTOMER", "--preview", "--json").code == 3
    keys = Coupling.objects.values_list("right_key", flat=True)[:1]
    assert run("sync", "CUSTOMER", "--records", "4711", *keys, "--side", "right").code == 3


def test_a_wrong_password_is_3(world: World) -> None:
    crm = world.mapping.right_connection
    good = crm.settings
    world.right.execute("DROP ROLE IF EXISTS somebody")
    url = world.right.engine.url.set(username="nobody_here", password="wrong")
    crm.settings = {"url": url.render_as_string(hide_password=False)}
    crm.save()
    ran = run("sync", "CUSTOMER")
    assert ran.code == 3
    assert world.error().kind == "connection"
    assert "wrong" not in str(world.error().params)
    crm.settings = good
    crm.save()
    assert run("sync", "CUSTOMER").code == 0
    assert world.errors() == []


def test_a_table_that_is_gone_is_a_schema_error_that_closes_itself(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    world.right.execute("ALTER TABLE account RENAME TO gone")
    for _ in range(2):
        ran = run("sync", "CUSTOMER", "--json")
        assert (ran.code, ran.object["state"]) == (1, "failed")
        error = world.error()
        assert (error.kind, error.code, error.mapping, error.left_key) == (
            "schema",
            "table_missing",
            world.mapping,
            None,
        )
    assert Coupling.objects.count() == 1
    world.right.execute("ALTER TABLE gone RENAME TO account")
    assert run("sync", "CUSTOMER").code == 0
    assert world.right.get(partner, "phone") == ("7",)
    assert world.errors() == []
    world.assert_quiet()


def test_a_column_that_is_gone_is_a_schema_error_and_writes_no_nulls(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.edit(key, phone="7")
    world.left.execute("ALTER TABLE customer RENAME fax TO telefax")
    assert run("sync", "CUSTOMER").code == 1
    error = world.error()
    assert (error.kind, error.code) == ("schema", "schema_changed")
    assert "fax" in str(error.params)
    assert world.right.get(partner) == ("Adatum", "1", "2")
    world.left.execute("ALTER TABLE customer RENAME telefax TO fax")
    assert run("config", "refresh", "CUSTOMER").code == 0
    assert run("sync", "CUSTOMER").code == 0
    assert world.right.get(partner) == ("Adatum", "7", "2")
    world.assert_quiet()


@pytest.mark.parametrize(
    "native", ["bytea USING phone::bytea", "integer USING phone::integer", "integer[] USING '{1}'"]
)
def test_a_column_that_changed_its_type(world: World, native: str) -> None:
    """A person has to look first, even where the values still fit; nothing is written or lost meanwhile."""
    key, partner = world.pair(name="Adatum", phone="1", fax="2")
    world.left.execute(f"ALTER TABLE customer ALTER phone TYPE {native}")
    ran = run("sync", "CUSTOMER", "--full", "--json")
    assert world.right.get(partner) == ("Adatum", "1", "2")
    assert (ran.code, world.error().code) == (1, "schema_changed")
    fits = run("config", "refresh", "CUSTOMER").code == 0
    assert fits == native.startswith("integer USING")
    world.left.execute("ALTER TABLE customer ALTER phone TYPE varchar(30) USING '7'")
    run("config", "refresh", "CUSTOMER")
    assert run("sync", "CUSTOMER", "--full").code in (0, 1)
    assert [error.code for error in world.errors() if error.kind == "schema"] == []
    assert world.left.get(key, "phone") == ("7",)


def test_a_table_dropped_while_running(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.runner import pages

    world.pairs(3)
    world.left.execute("UPDATE customer SET phone = '7'")
    decide = pages.deciding.decide_all

    def decide_while_it_is_dropped(run: object, candidates: object) -> None:
        decide(run, candidates)  # type: ignore[arg-type]
        world.right.execute("ALTER TABLE account RENAME TO gone")

    monkeypatch.setattr(pages.deciding, "decide_all", decide_while_it_is_dropped)
    ran = run("sync", "CUSTOMER", "--json")
    monkeypatch.undo()
    assert (ran.code, ran.object["state"]) == (1, "failed")
    error = world.error()
    assert (error.kind, error.mapping, error.left_key) == ("schema", world.mapping, None)
    world.right.execute("ALTER TABLE gone RENAME TO account")
    ran = run("sync", "CUSTOMER", "--json")
    assert (ran.code, ran.object["modified"]) == (0, 3)
    world.assert_quiet()


def test_the_kind_of_the_job_is_what_was_asked_for(world: World) -> None:
    key = world.left.add(name="Adatum")
    for options in ([], ["--full"], ["--records", key]):
        run("sync", "CUSTOMER", *options)
    kinds = list(SyncJob.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [Kind.MODIFIED, Kind.FULL, Kind.RECORDS]


def test_a_preview_tells_what_would_be_done_to_each_record_and_why_others_are_left_out(world: World) -> None:
    pairs = [world.pair(name=name, phone="1") for name in ("Changed", "Deleted", "Both", "Skipped")]
    (changed, there), (deleted, _), (both, both_there), (skipped, skipped_there) = pairs
    world.left.edit(skipped, phone="3")
    world.right.edit(skipped_there, phone="4")
    world.sync()
    world.left.edit(changed, phone="2")
    world.right.delete(world.coupling(deleted).right_key)
    world.left.edit(both, phone="3")
    world.right.edit(both_there, phone="4")
    world.left.edit(skipped, phone="5")
    new = world.left.add(name="New", phone=None)
    ran = run("sync", "CUSTOMER", "--preview")
    lines = {line.split("  ")[0]: line for line in ran.said.splitlines() if "<->" in line}
    assert lines["modified"] == f"modified  {changed} <-> {there}  CRM telephone: '1' -> '2'"
    assert lines["inserted"].startswith(f"inserted  {new} <-> -  CRM fullname: None -> 'New'")
    assert lines["skipped"].endswith("both values have changed since the last synchronization.")
    failed = [line for line in ran.said.splitlines() if line.startswith("failed")]
    assert sorted(line.split()[1] for line in failed) == sorted([deleted, both])
    assert "coupled to a deleted record" in "".join(failed)
    assert ran.said.splitlines()[-1].startswith("CUSTOMER: Finished - ")


def test_a_preview_tells_why_records_are_excluded_and_is_short(world: World) -> None:
    world.set(only_coupled=True)
    world.left.execute("INSERT INTO customer (name) SELECT 'Name ' || n FROM generate_series(1, 25) n")
    lines = run("sync", "CUSTOMER", "--preview").said.splitlines()
    assert lines[0].endswith("The next run leaves it alone, because only coupled records are synchronized.")
    assert [line.startswith("excluded") for line in lines].count(True) == 20
    assert lines[20].startswith("... and 5 more excluded")
