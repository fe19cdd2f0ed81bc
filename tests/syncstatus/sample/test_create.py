"""The sample from its creation to the workers' first round, through the real engine, runner and databases."""

from collections import Counter

import pytest
from django.core.management import call_command
from django.utils import timezone

from couplings.models import Connection, Coupling, SyncError, TableMapping
from couplings.models.error import State
from jobs import sample
from jobs.models import CreateIntent, JobState, Kind, SyncJob
from jobs.services import actions, jobs
from syncstatus.sample import databases
from syncstatus.sample.databases import SampleError, System, opened
from syncstatus.sample.incidents import EXPECTED, UNANSWERED

EXPECTED_ERRORS = {(name, kind.value): number for (name, kind), number in EXPECTED.items()}
# The mapped fields of both sides, by key, as the mapping compares them.
CUSTOMER = (
    "select no, name, lower(email), phone_no, address, city, post_code, country_code, credit_limit,"
    " payment_terms_code, blocked from customer"
)
ACCOUNT = (
    "select account_id, rtrim(name), email_address, telephone, street, city, zip, upper(country), credit_amount,"
    " terms, on_hold from account"
)
# Contacts refer to their company, on each side by its own key. Links that the CRM emptied when it deleted an account
# wait for what becomes of that.
CONTACT = "select no, first_name, surname, company_no, job_title, email, mobile_phone_no, birthday from contact"
PERSON = (
    "select person_id, given_name, family_name, account_number, role, person.email_address, mobile, birth_date"
    " from person join account using (account_id)"
)
ITEM = "select no, no, gtin, description, unit_price, base_unit, blocked from item"
UNIT = "replace(upper(unit), 'PIECE', 'PCS')"
PRODUCT = f"select product_id, product_number, ean, name, list_price, {UNIT}, discontinued from product"
SIDES = {"CUSTOMER": (CUSTOMER, ACCOUNT), "CONTACT": (CONTACT, PERSON), "ITEM": (ITEM, PRODUCT)}


@pytest.fixture(scope="module", autouse=True)
def created(django_db_setup, django_db_blocker):
    """One sample for all tests here; what it said while it was created."""
    said = []
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name, url in databases.variables().items():
            patch.setenv(name, url)
        sample.create(said.append)
        yield said
        TableMapping.objects.all().delete()
        Connection.objects.all().delete()
        databases.drop()


def test_it_says_what_it_does(created):
    assert len(created) == 4


def test_every_promised_error_is_open_and_no_other():
    assert open_errors() == EXPECTED_ERRORS


def test_the_first_synchronization_couples_everything_and_writes_nothing():
    first = SyncJob.objects.order_by("id")[:6]
    done = {job.mapping.name: (job.state, job.read, job.coupled, job.left_written + job.right_written) for job in first}
    sizes = {"PAYMENT_TERMS": 8, "CURRENCY": 30, "CUSTOMER": 1_500, "CONTACT": 2_000, "ITEM": 800, "STOCK": 800}
    assert done == {name: (JobState.FINISHED, size, size, 0) for name, size in sizes.items()}


def test_a_create_without_an_answer_is_announced_and_tried_again():
    error = SyncError.objects.open().get(kind="unknown_outcome")
    assert (error.left_key, error.code, error.state, error.attempts) == (UNANSWERED, "answer_lost", State.RETRYING, 1)
    assert CreateIntent.objects.get().source_key == UNANSWERED
    assert articles(UNANSWERED) == 0


def test_what_has_no_error_is_in_step_after_the_next_round():
    assert TableMapping.objects.filter(next_run__lte=timezone.now()).count() == len(sample.MAPPINGS)
    before = open_errors()
    assert synchronize(Kind.MODIFIED) == {"CUSTOMER": 10, "CONTACT": 10, "ITEM": 10}
    assert synchronize(Kind.FULL) == dict.fromkeys(SIDES, 0)
    assert open_errors() == before
    for mapping, statements in SIDES.items():
        assert out_of_step(mapping, *statements) == known(mapping)


def test_what_its_people_settle_gets_through_with_a_retry():
    before = open_errors()
    call_command("sample", "settle")
    call_command("config", "refresh", "PAYMENT_TERMS")
    actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
    synchronize(Kind.MODIFIED, [*SIDES, "PAYMENT_TERMS", "STOCK"])
    gone = {("CUSTOMER", "permission"), ("CUSTOMER", "transient"), ("PAYMENT_TERMS", "schema")}
    gone |= {("ITEM", "unknown_outcome"), ("WAREHOUSE", "connection")}
    assert open_errors() == {error: number for error, number in before.items() if error not in gone}
    call_command("sample", "settle")


def test_what_had_no_answer_is_created_once():
    call_command("sample", "settle")
    actions.request(SyncError.objects.open().filter(kind="unknown_outcome"), actions.RETRY, user=None, queue=False)
    assert articles(UNANSWERED) == 1
    assert Coupling.objects.filter(mapping__name="ITEM", left_key=UNANSWERED).count() == 1
    assert SyncError.objects.get(kind="unknown_outcome").state == State.RESOLVED
    assert not CreateIntent.objects.exists()
    assert synchronize(Kind.FULL, ["ITEM"]) == {"ITEM": 0}
    assert articles(UNANSWERED) == 1


def test_it_is_created_once():
    assert not sample.is_wanted()
    with pytest.raises(SampleError, match="--reset"):
        sample.create(pytest.fail)


def open_errors():
    errors = SyncError.objects.open().select_related("mapping", "connection")
    return dict(Counter(((error.mapping or error.connection).name, error.kind) for error in errors))


def synchronize(kind, names=tuple(SIDES)):
    """How many records were written on both sides, by mapping."""
    done = {}
    for mapping in TableMapping.objects.filter(name__in=names):
        job = jobs.start(mapping, kind, queue=False)
        done[mapping.name] = job.left_written + job.right_written
    return done


def out_of_step(mapping, left, right):
    """The left keys of coupled records that both exist and differ, read from the databases themselves."""
    ours, theirs = rows(System.ERP, left), rows(System.CRM, right)
    couplings = Coupling.objects.filter(mapping__name=mapping).values_list("left_key", "right_key")
    return {key for key, other in couplings if key in ours and other in theirs and ours[key] != theirs[other]}


def known(mapping):
    """The left keys of the pairs that have an open error and differ because of it."""
    errors = SyncError.objects.open().filter(mapping__name=mapping, left_exists=True, right_exists=True)
    return set(errors.values_list("left_key", flat=True))


def articles(number):
    """How many records of the CRM bear this article number."""
    with opened(System.CRM) as crm, crm.cursor() as cursor:
        cursor.execute("select count(*) from product where product_number = %s", [number])
        return cursor.fetchone()[0]


def rows(system, statement):
    """What a statement selects, by its first column."""
    with opened(system) as business, business.cursor() as cursor:
        cursor.execute(statement)
        return {str(key): values for key, *values in cursor.fetchall()}
