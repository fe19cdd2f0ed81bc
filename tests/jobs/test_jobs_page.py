import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import SyncLogEntry
from couplings.models.error import State
from jobs.models import JobState, Kind, SyncJob
from tests import given
from tests.jobs.worlds import World

URL = "/jobs/"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def listed(client: Client, **query: str) -> list[int]:
    return [row.record.pk for row in client.get(URL, query).context["table"].rows]


def logged(job: SyncJob, outcome: str, **values: Any) -> SyncLogEntry:
    common = {"left_key": "10000", "right_key": "a-1", "at": timezone.now()}
    return SyncLogEntry.objects.create(job=job.pk, mapping=job.mapping, outcome=outcome, **{**common, **values})


def test_it_lists_the_newest_first_with_what_they_did(ada: Client) -> None:
    mapping = given.mapping()
    first = given.job(mapping, read=1234567, modified=3, failed=2, unchanged=1234562)
    second = given.job(mapping, kind=Kind.FULL, state=JobState.FAILED, code="unreachable")

    page = ada.get(URL).content.decode()

    assert listed(ada) == [second.pk, first.pk]
    assert f'<a href="{URL}{first.pk}/?outcome=modified">3 Modified</a>' in page
    assert f'<a href="{URL}{first.pk}/?outcome=unchanged">1,234,562 Unchanged</a>' in page
    assert f'<a href="{URL}{first.pk}/?outcome=failed">2 Failed</a>' in page
    assert "ERP ↔ CRM" in page
    assert "1,234,567" in page
    assert "Run Full Synchronization" in page


def test_filters(ada: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    one, two = given.job(customer), given.job(item, kind=Kind.FULL, state=JobState.FAILED)

    assert listed(ada, mapping="CUSTOMER") == [one.pk]
    assert listed(ada, kind="full") == [two.pk]
    assert listed(ada, state="failed", since="day") == [two.pk]
    assert listed(ada, state="exploded") == []
    assert listed(ada, trigger="schedule") == [two.pk, one.pk]
    assert listed(ada, trigger="manual") == []


def test_a_filter_is_a_link_that_keeps_the_others(ada: Client) -> None:
    given.job(given.mapping(), state=JobState.FAILED, code="internal_error")

    page = ada.get(URL, {"mapping": "CUSTOMER", "state": "failed"}).content.decode()

    assert 'href="?mapping=CUSTOMER&amp;state=failed&amp;trigger=manual"' in page
    assert 'href="?mapping=CUSTOMER&amp;state=failed" aria-current="true">Error</a>' in page
    assert 'href="?mapping=CUSTOMER">all</a>' in page
    assert '<input type="hidden" name="state" value="failed">' in page


def test_runs_that_found_nothing_to_do_can_be_left_out(ada: Client) -> None:
    mapping = given.mapping()
    given.job(mapping, read=9, unchanged=9)
    coupled, failed = given.job(mapping, read=1, coupled=1), given.job(mapping, read=2, failed=2)

    assert listed(ada, did="changes") == [coupled.pk]
    assert listed(ada, did="failures") == [failed.pk]
    assert 'href="?state=finished&amp;did=changes"' in ada.get(URL, {"state": "finished"}).content.decode()


@pytest.mark.parametrize(("did", "index"), [("changes", "jobs_that_changed"), ("failures", "jobs_with_failures")])
def test_the_few_jobs_that_did_something_are_found_by_an_index(ada: Client, did: str, index: str) -> None:
    mapping = given.mapping()
    idle = {"kind": Kind.MODIFIED, "trigger": "schedule", "state": JobState.FINISHED, "finished": timezone.now()}
    SyncJob.objects.bulk_create(SyncJob(mapping=mapping, **idle) for _number in range(5000))
    given.job(mapping, read=2, coupled=1, failed=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_syncjob")
    with CaptureQueriesContext(connection) as queries:
        assert len(listed(ada, did=did)) == 1
    (sql,) = (query["sql"] for query in queries if query["sql"].startswith('SELECT "jobs_syncjob"'))

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql)
        assert index in "\n".join(line for (line,) in cursor.fetchall())


def test_an_empty_list_says_what_to_do(ada: Client) -> None:
    assert "No job has run yet." in ada.get(URL).content.decode()
    assert "Show all jobs" in ada.get(URL, {"state": "failed"}).content.decode()


def test_one_jobs_counters_lead_to_its_log(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=10, modified=1, failed=1, unchanged=8, left_written=1)
    logged(job, "modified", changes='{"left": {"phone": ["1", "2"]}}')
    logged(job, "failed", code="value_too_long", params='{"side": "CRM", "fields": ["name"]}')
    url = f"{URL}{job.pk}/"

    page = ada.get(url).content.decode()

    assert f'href="{url}?outcome=failed#log"' in page
    assert "1 record written in ERP" in page
    assert "CRM refused the 10000 record: name is too long." in page
    assert "phone: <del>1</del>" in page
    assert "do not add up" not in page
    failed = ada.get(url, {"outcome": "failed"}).context["entries"]
    assert [entry.outcome for entry in failed] == ["failed"]


@pytest.mark.parametrize(
    ("outcome", "target"),
    [
        ("unchanged", "/couplings/?mapping=PRICES+%26+TERMS"),
        ("excluded", "/mappings/PRICES%20&amp;%20TERMS/"),
        ("skipped", "/errors/?mapping=PRICES+%26+TERMS&amp;state=skipped"),
    ],
)
def test_outcomes_without_log_entries_say_where_to_look(ada: Client, outcome: str, target: str) -> None:
    job = given.job(given.mapping("PRICES & TERMS"), read=8, **{outcome: 8})

    page = ada.get(f"{URL}{job.pk}/", {"outcome": outcome}).content.decode()

    assert f'<a href="{target}">Show them</a>' in page
    assert "Nothing is logged here" not in page
    assert ada.get(target.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("outcome", ["waiting", "held"])
def test_a_counter_leads_to_the_jobs_own_open_errors_and_says_how_many_are_left(ada: Client, outcome: str) -> None:
    mapping = given.mapping()
    job, later = given.job(mapping, read=3, **{outcome: 3}), given.job(mapping, read=1)
    mine = {"state": outcome, "job": job.pk}
    given.error(mapping, 1, **mine)
    given.error(mapping, 2, **{**mine, "job": later.pk})
    given.error(mapping, 4, **{**mine, "state": State.SKIPPED})

    answer = ada.get(f"{URL}{job.pk}/", {"outcome": outcome})

    assert [error.description for error in answer.context["errors"]] == ["Adatum 1"]
    text = r": 3\. (Waiting|Held) still, as this job found them: 1\. (Waiting|Held) in this mapping now: 2\."
    assert re.search(text, answer.content.decode())
    assert len(ada.get(answer.context["elsewhere_url"]).context["table"].rows) == 2


def test_the_skipped_are_said_to_be_all_of_the_mapping_and_as_many_as_the_link_shows(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=5, skipped=5)
    for number in range(2):
        given.error(mapping, number)
    given.error(mapping, 9, state=State.WAITING)

    answer = ada.get(f"{URL}{job.pk}/", {"outcome": "skipped"})

    assert "Left out in this mapping now: 2." in answer.content.decode()
    assert len(ada.get(answer.context["elsewhere_url"]).context["table"].rows) == 2


def test_many_waiting_records_of_a_job_are_paged_with_the_same_queries(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=60, waiting=60)
    taken = []
    for count in (1, 30):
        for number in range(count):
            given.error(mapping, 100 * count + number, state=State.WAITING, job=job.pk)
        with CaptureQueriesContext(connection) as queries:
            shown = ada.get(f"{URL}{job.pk}/", {"outcome": "waiting"}).context["errors"]
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert (len(shown), shown.next is not None) == (25, True)


def test_the_log_says_which_records_have_no_entry(ada: Client) -> None:
    job = given.job(given.mapping(), read=10, modified=1, unchanged=7, skipped=2)
    logged(job, "modified")

    page = ada.get(f"{URL}{job.pk}/").content.decode()

    assert f'<a href="{URL}{job.pk}/?outcome=unchanged#log">7 Unchanged</a>' in page
    assert f'<a href="{URL}{job.pk}/?outcome=skipped#log">2 Skipped</a>' in page
    assert "Without an entry here" not in ada.get(f"{URL}{job.pk}/", {"outcome": "modified"}).content.decode()


def test_the_records_written_in_a_system_are_as_many_as_are_counted(ada: Client, world: World) -> None:
    for name in ("Adatum", "Contoso", "Fabrikam"):
        world.left.add(name=name, phone="1")
    left, right = world.pair(name="Adventure", phone="2")
    world.left.edit(left, name="right")
    world.right.edit(right, phone="3")
    world.left.delete(world.left.keys()[0])
    world.set(deletion_conflict="delete", guard_count=100, guard_share=1)
    job = world.sync()
    assert (job.left_written, job.right_written) == (1, 2)

    for side, count in (("left", 1), ("right", 2)):
        assert len(ada.get(f"{URL}{job.pk}/", {"written": side}).context["entries"]) == count
    assert f'href="{URL}{job.pk}/?written=right#log"' in ada.get(f"{URL}{job.pk}/").content.decode()


def test_a_log_that_was_deleted_is_no_empty_list(ada: Client) -> None:
    job = given.job(given.mapping(), read=8, modified=8)

    assert "no longer kept" in ada.get(f"{URL}{job.pk}/", {"outcome": "modified"}).content.decode()


def test_a_record_leads_to_its_coupling_as_long_as_there_is_one(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=2, modified=2)
    coupling = given.coupling(mapping, 1)
    logged(job, "modified", coupling=coupling.pk)
    logged(job, "modified", coupling=coupling.pk + 1, left_key="gone", right_key=None)

    page = ada.get(f"{URL}{job.pk}/").content.decode()

    assert f'<a href="/couplings/{coupling.pk}/">10000 ↔ a-1</a>' in page
    assert "gone ↔ —" in page
    assert f"/couplings/{coupling.pk + 1}/" not in page


def test_a_running_job_tells_its_step_its_rate_and_what_is_left_of_the_step(ada: Client) -> None:
    far = {"phase": "changed", "phase_done": 2500, "phase_expected": 10_000, "rate": 1250.0}
    running = {"state": JobState.RUNNING, "lease_until": timezone.now() + MINUTE, "finished": None}
    job = given.job(given.mapping(), **running, **far)

    page = ada.get(f"{URL}{job.pk}/").content.decode()

    assert "Comparing coupled records" in page
    assert "2,500 of 10,000 records" in page
    assert "1,250 records/s" in page
    assert "about 6 s left in this step" in page
    assert "2,500/10,000" in ada.get(URL).content.decode()


def test_nothing_is_foretold_where_nobody_knows_how_much_is_left(ada: Client) -> None:
    far = {"phase": "right_feed", "phase_done": 2500, "rate": 0.5}
    running = {"state": JobState.RUNNING, "lease_until": timezone.now() + MINUTE, "finished": None}
    job = given.job(given.mapping(), **running, **far)

    page = ada.get(f"{URL}{job.pk}/").content.decode()

    assert "Reading what changed in CRM" in page
    assert "30 records/min" in page
    assert "left in this step" not in page


def test_a_job_that_does_not_add_up_says_so(ada: Client) -> None:
    job = given.job(given.mapping(), read=10, modified=1)

    assert "do not add up" in ada.get(f"{URL}{job.pk}/").content.decode()


def test_a_failed_job_says_why_with_the_systems_name(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.FAILED, code="unreachable", params={"connection": "CRM"})

    assert "CRM could not be reached" in ada.get(f"{URL}{job.pk}/").content.decode()


def act(client: Client, job: SyncJob, action: str) -> str:
    return client.post(f"{URL}{job.pk}/actions/", {"action": action}, follow=True).content.decode()


def test_pause_resume_and_cancel(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.QUEUED, started=None, finished=None)
    assert buttons(ada, job) == ["pause", "cancel"]

    page = act(ada, job, "pause")
    assert "is on hold. It keeps its place" in page
    assert "ada put the job on hold." in page
    assert buttons(ada, job) == ["resume", "cancel"]
    assert "is on hold already" in act(ada, job, "pause")

    assert "goes on after its last page" in act(ada, job, "resume")
    assert "is cancelled. What it has done so far stays." in act(ada, job, "cancel")
    assert buttons(ada, job) == []
    assert "had already ended" in act(ada, job, "cancel")
    assert "Choose one of the actions" in act(ada, job, "explode")


def buttons(client: Client, job: SyncJob) -> list[str]:
    page = client.get(f"{URL}{job.pk}/").content.decode()
    return [action for action in ("pause", "resume", "cancel") if f'name="action" value="{action}"' in page]


def test_a_running_job_says_that_it_obeys_after_its_page(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.RUNNING, lease_until=timezone.now() + MINUTE, finished=None)

    assert "put on hold after the page it is in" in act(ada, job, "pause")
    assert buttons(ada, job) == ["resume", "cancel"]
    assert "cancelled after the page it is in" in act(ada, job, "cancel")
    assert buttons(ada, job) == []


def test_the_list_has_the_buttons_of_what_has_not_ended_and_leads_back_to_itself(ada: Client) -> None:
    mapping = given.mapping()
    given.job(mapping)
    job = given.job(mapping, kind=Kind.FULL, state=JobState.QUEUED, started=None, finished=None)
    page = ada.get(URL, {"state": "queued"}).content.decode()
    assert page.count('name="action" value="cancel"') == 1
    assert f'action="/jobs/{job.pk}/actions/"' in page

    sent = ada.post(f"{URL}{job.pk}/actions/", {"action": "cancel", "next": f"{URL}?state=queued"})

    assert sent["Location"] == f"{URL}?state=queued"
    assert 'name="action" value="cancel"' not in ada.get(URL).content.decode()
    carl = given.signed_in(given.person("carl", "viewer"))
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    assert 'name="action" value="cancel"' not in carl.get(URL).content.decode()


def test_a_viewer_stops_nothing() -> None:
    job = given.job(given.mapping(), state=JobState.QUEUED, started=None, finished=None)
    carl = given.signed_in(given.person("carl", "viewer"))

    assert buttons(carl, job) == []
    for action in ("pause", "resume", "cancel"):
        assert carl.post(f"{URL}{job.pk}/actions/", {"action": action}).status_code == 403
    assert carl.get(f"{URL}{job.pk}/actions/")["Location"] == f"{URL}{job.pk}/"


def test_its_log_is_paged(ada: Client) -> None:
    job = given.job(given.mapping(), read=120, modified=120)
    for number in range(120):
        logged(job, "modified", left_key=str(number))
    url, seen, query = f"{URL}{job.pk}/", [], {}

    while True:
        context = ada.get(url, query).context
        seen += [entry.left_key for entry in context["entries"]]
        if context["page"].next is None:
            break
        query = context["page"].next

    assert seen == [str(number) for number in range(120)]


@pytest.mark.parametrize("count", [2, 45])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mapping = given.mapping()
    for _number in range(count):
        given.job(mapping)
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL)

    # of every page: session, user, permissions twice, the number of errors; the jobs, the mappings' names
    assert len(queries) == 7
