"""A mapping is deleted with all that is remembered of it, and nothing else: not a record, not another mapping."""

from html import unescape
from itertools import count

import pytest

from couplings.models import (
    AuditEntry,
    ConfigurationVersion,
    Coupling,
    MappingDraft,
    SyncError,
    SyncLogEntry,
    TableMapping,
    UncoupledRecord,
)
from jobs.models import JobState, Kind, PlannedChange, SyncJob
from jobs.runner import runner, sources
from jobs.runner.context import Run
from jobs.services import jobs, mapping_deletion
from jobs.services.errors import Refused
from tests import given
from tests.jobs.command_line import run
from tests.jobs.worlds import World

URL = "/mappings/CUSTOMER/delete/"


def at_once() -> bool:
    return True


def test_all_that_is_remembered_goes_and_no_record(world: World) -> None:
    world.pairs(3)
    world.left.add(name="Contoso", phone="1")
    world.sync()
    left, right = world.left.keys(), world.right.keys()
    given.error(world.mapping, 1)
    UncoupledRecord.objects.create(mapping=world.mapping, side="left", key="9")
    MappingDraft.objects.create(owner=given.person("ada", "administrator"), name="CUSTOMER", content="{}")
    other = given.mapping("ITEM")
    given.error(other, 2)
    entry = SyncLogEntry.objects.first()
    assert entry is not None
    planned = {"job": entry.job, "outcome": "modified", "at": entry.at}
    PlannedChange.objects.create(mapping=world.mapping, **planned)

    assert mapping_deletion.delete(world.mapping, user=None)

    assert (world.left.keys(), world.right.keys()) == (left, right)
    assert list(TableMapping.objects.all()) == [other]
    assert Coupling.objects.get().mapping == SyncError.objects.get().mapping == other
    for model in (SyncLogEntry, PlannedChange, UncoupledRecord, SyncJob, MappingDraft):
        assert not model._default_manager.exists(), model


def test_what_it_was_stands_in_the_history(world: World) -> None:
    mapping_deletion.delete(world.mapping, user=None)
    version = ConfigurationVersion.objects.get(kind="mapping", name="CUSTOMER", what="removed")
    assert "phone" in version.content
    assert "enabled: false" not in version.content


def test_many_rows_go_in_batches_and_the_next_call_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping_deletion, "BATCH", 2)
    for number in range(5):
        given.coupling(world.mapping, number)
    asked = count(1)

    assert not mapping_deletion.delete(world.mapping, user=None, enough=lambda: next(asked) == 2)

    assert Coupling.objects.count() == 1
    mapping = TableMapping.objects.get()
    assert (mapping.enabled, mapping.paused) == (False, True), "nothing runs on half of the couplings"
    assert mapping_deletion.delete(mapping, user=None)
    assert not TableMapping.objects.exists()


@pytest.mark.parametrize("need", ["lookup", "disabled lookup", "depends_on"])
def test_a_mapping_that_others_need_is_kept(world: World, need: str) -> None:
    child = given.mapping("CONTACT")
    if need == "depends_on":
        child.depends_on.add(world.mapping)
    else:
        child.fields.filter(left="phone").update(lookup=["CUSTOMER"], enabled=need == "lookup")
    world.mapping.fields.filter(left="phone").update(lookup=["CUSTOMER"])

    with pytest.raises(Refused) as no:
        mapping_deletion.delete(world.mapping, user=None)

    assert (no.value.code, no.value.params) == ("mapping_needed", {"mapping": "CUSTOMER", "mappings": ["CONTACT"]})
    assert TableMapping.objects.get(name="CUSTOMER").enabled


def test_a_mapping_that_looks_up_itself_alone_goes(world: World) -> None:
    world.mapping.fields.filter(left="phone").update(lookup=["CUSTOMER"])
    assert mapping_deletion.delete(world.mapping, user=None)


def test_a_page_in_work_keeps_its_couplings_and_its_job_ends_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were they deleted beneath it, its records would be taken for new ones, and created again."""
    monkeypatch.setattr(sources, "PAGE", 10)
    for number in range(45):
        world.left.add(name=f"Name {number:04}", phone="1")
    job = jobs.start(world.mapping, Kind.MODIFIED)
    said: list[str] = []

    def in_the_middle(_run: Run) -> None:
        if world.right.keys() and not said:
            with pytest.raises(Refused) as no:
                mapping_deletion.delete(world.mapping, user=None, enough=at_once)
            said.append(no.value.code)

    done = runner.run(job.pk, on_page=in_the_middle)

    assert said == ["mapping_in_work"]
    assert done is not None
    assert done.state == JobState.CANCELLED
    written = len(world.right.keys())
    assert 0 < written < 45
    assert Coupling.objects.count() == written
    assert mapping_deletion.delete(world.mapping, user=None)
    assert len(world.right.keys()) == written


@pytest.mark.django_db
def test_jobs_that_wait_are_cancelled_and_none_begins() -> None:
    mapping = given.mapping()
    given.coupling(mapping, 1)
    waiting = given.job(mapping, state=JobState.QUEUED, started=None, finished=None)
    monitored: list[str] = []

    def look() -> bool:
        monitored.append(SyncJob.objects.filter(pk=waiting.pk).values_list("state", flat=True).first() or "gone")
        return True

    mapping_deletion.delete(mapping, user=None, enough=look)
    assert monitored[0] in (JobState.CANCELLED, "gone")
    mapping.refresh_from_db()
    with pytest.raises(Refused):
        jobs.start(mapping, Kind.FULL)


@pytest.mark.django_db
def test_the_page_names_what_goes_and_asks_again_when_it_is_more() -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.coupling(mapping, 2)
    ada = given.signed_in(given.person("ada", "administrator"))

    page = unescape(ada.get(URL).content.decode())
    assert "2 couplings" in page
    assert "1 open error" in page
    assert "No record is deleted or changed in ERP or CRM." in page
    assert "Delete CUSTOMER and 2 couplings" in page
    for sent in ({}, {"confirmed": "2"}, {"confirmed": "1", "going": "CUSTOMER"}, {"confirmed": "2", "going": "ITEM"}):
        assert ada.post(URL, sent).status_code == 200
    assert TableMapping.objects.exists()

    page = unescape(ada.post(URL, {"confirmed": "2", "going": "CUSTOMER"}, follow=True).content.decode())
    assert "The mapping CUSTOMER is deleted." in page
    assert not TableMapping.objects.exists()
    entry = AuditEntry.objects.get(action="mappings.delete")
    assert (entry.who, entry.mapping, entry.result) == ("ada", "CUSTOMER", "done")


@pytest.mark.django_db
def test_the_page_of_a_mapping_that_is_needed_names_who_needs_it() -> None:
    mapping = given.mapping()
    given.mapping("CONTACT").depends_on.add(mapping)
    ada = given.signed_in(given.person("ada", "administrator"))

    page = unescape(ada.get(URL).content.decode())
    assert "CONTACT comes after CUSTOMER." in page
    assert '<a href="/mappings/CONTACT/edit/rules/">Edit the rules of CONTACT</a>' in page
    assert "Delete CUSTOMER and" not in page
    page = unescape(ada.post(URL, {"confirmed": "0", "going": "CUSTOMER"}, follow=True).content.decode())
    assert "CUSTOMER is looked up or needed by CONTACT." in page


@pytest.fixture
def circle(db: None) -> list[TableMapping]:
    """CONTACT looks up CUSTOMER, which looks up CONTACT."""
    made = [given.mapping("CONTACT"), given.mapping("CUSTOMER")]
    for mapping, other in zip(made, reversed(made), strict=True):
        mapping.fields.filter(left="phone").update(lookup=[other.name])
        given.error(mapping, 1)
    return made


def test_mappings_that_look_up_each_other_go_together_after_one_question(circle: list[TableMapping]) -> None:
    given.mapping("ITEM")
    ada = given.signed_in(given.person("ada", "administrator"))

    page = unescape(ada.get(URL).content.decode())
    assert "Delete the mappings CONTACT and CUSTOMER?" in page
    assert "CONTACT looks up CUSTOMER in its field phone." in page
    link = '<a href="/mappings/CONTACT/edit/field/?field=phone">Edit phone of CONTACT</a>'
    assert link in page
    assert ada.get("/mappings/CONTACT/edit/field/?field=phone").status_code == 200
    assert "Delete CONTACT and CUSTOMER and 2 couplings" in page
    assert ada.post(URL, {"confirmed": "2", "going": "CUSTOMER"}).status_code == 200, "who was told of one of them only"
    assert TableMapping.objects.count() == 3

    sent = {"confirmed": "2", "going": ["CONTACT", "CUSTOMER"]}
    page = unescape(ada.post(URL, sent, follow=True).content.decode())

    assert "The mappings CONTACT and CUSTOMER are deleted." in page
    assert TableMapping.objects.get().name == "ITEM"
    assert not Coupling.objects.exists()
    removed = ConfigurationVersion.objects.filter(what="removed").values_list("name", flat=True)
    assert sorted(removed) == ["CONTACT", "CUSTOMER"]
    assert AuditEntry.objects.get(action="mappings.delete").subject["mappings"] == ["CONTACT", "CUSTOMER"]


def test_a_circle_that_somebody_else_needs_is_kept_whole(circle: list[TableMapping]) -> None:
    given.mapping("ITEM").fields.filter(left="phone").update(lookup=["CONTACT"])
    ada = given.signed_in(given.person("ada", "administrator"))

    with pytest.raises(Refused) as no:
        mapping_deletion.delete(*circle, user=None)

    assert no.value.params == {"mapping": "CONTACT", "mappings": ["ITEM"]}
    assert set(TableMapping.objects.values_list("enabled", "paused")) == {(True, False)}
    page = unescape(ada.get("/mappings/CONTACT/delete/").content.decode())
    assert "ITEM looks up CONTACT in its field phone." in page
    assert "Delete CONTACT and" not in page


def test_the_command_deletes_all_or_none(circle: list[TableMapping]) -> None:
    refused = run("mappings", "delete", "CUSTOMER", "--yes")
    assert (refused.code, TableMapping.objects.count()) == (1, 2)
    assert "CUSTOMER is looked up or needed by CONTACT." in refused.said

    gone = run("mappings", "delete", "CUSTOMER", "CONTACT", "--yes", "--json")
    assert [(row["mapping"], row["accepted"]) for row in gone.objects] == [("CUSTOMER", True), ("CONTACT", True)]
    assert not TableMapping.objects.exists()


@pytest.mark.django_db
def test_only_administrators_see_it_last_under_more() -> None:
    given.mapping()
    ada, berta = (given.signed_in(given.person(*who)) for who in (("ada", "administrator"), ("berta", "operator")))
    menu = unescape(ada.get("/mappings/CUSTOMER/").content.decode()).partition("Export couplings")[2]
    links = menu.partition("</div>")[0].rstrip()
    assert links.endswith("Delete this mapping</a>")
    assert URL not in berta.get("/mappings/CUSTOMER/").content.decode()
    assert berta.get(URL).status_code == berta.post(URL, {"confirmed": "9"}).status_code == 403


@pytest.mark.django_db
def test_the_command_asks_or_is_told_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = given.mapping()
    given.mapping("CONTACT").depends_on.add(mapping)

    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert run("mappings", "delete", "CONTACT").code == 2
    assert run("mappings", "delete", "GONE", "--yes").code == 2
    kept = run("mappings", "delete", "customer", "--yes", "--json")
    assert (kept.code, kept.object["accepted"]) == (1, False)
    assert "CONTACT" in kept.object["message"]

    assert run("mappings", "delete", "CONTACT", "--yes").said.startswith("CONTACT: deleted")
    assert run("mappings", "delete", "CUSTOMER", "--yes", "--json").object["accepted"] is True
    assert not TableMapping.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "left"), [("n", 1), ("", 1), ("y", 0)])
def test_a_person_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    given.mapping()
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def answered(text: str) -> str:
        asked.append(text)
        return answer

    monkeypatch.setattr("builtins.input", answered)

    assert run("mappings", "delete", "CUSTOMER").code == left

    assert asked == ["Delete CUSTOMER with 0 couplings and 0 open errors? [y/N] "]
    assert TableMapping.objects.count() == left
