"""The sample from its creation to the workers' first round, through the real engine, runner and databases."""

import re
from collections import Counter

import pytest
from django.core.management import call_command
from django.utils import timezone

from couplings.models import Connection, Coupling, SyncError, TableMapping
from couplings.models.error import State
from jobs import sample
from jobs.models import CreateIntent, JobState, Kind, SyncJob
from jobs.services import actions, jobs, matching
from syncstatus.sample import databases, tables
from syncstatus.sample.databases import SampleError, System, opened
from syncstatus.sample.incidents import EXPECTED, MOVED, UNANSWERED
from syncstatus.sample.tables import item_no

EXPECTED_ERRORS = {(name, kind.value): number for (name, kind), number in EXPECTED.items()}
# The mapped fields of both sides, by key, as the mapping compares them.
CUSTOMER = (
    "select no, name, lower(email), replace(phone_no, ' ', ''), address, city, post_code, country_code, credit_limit,"
    " home_page, salesperson_code, payment_terms_code,"
    " (select email from contact where contact.no = primary_contact_no), blocked,"
    " case when turnover >= 400000 then 'A' when turnover >= 100000 then 'B' else 'C' end from customer"
)
ACCOUNT = (
    "select account_id, rtrim(name), account.email_address, replace(telephone, ' ', ''), street, city, zip,"
    " upper(account.country), credit_amount, 'https://www.' || website, upper(short_code), code,"
    " (select email_address from person where person_id = primary_person_id), on_hold, segment from account join terms"
    " on terms.id = terms_id left join employee on employee_id = owner_id"
)
# Contacts refer to their company, on each side by its own key. Links that the CRM emptied when it deleted an account
# wait for what becomes of that. FIN is a language that the map does not know.
CONTACT = (
    "select no, first_name, surname, company_no, job_title, email, replace(mobile_phone_no, ' ', ''), birthday,"
    " replace(language_code, 'FIN', 'ENU'), country_code, concat_ws(' ', salutation, first_name, surname) from contact"
)
PERSON = (
    "select person_id, given_name, family_name, account_number, role, person.email_address, replace(mobile, ' ', ''),"
    " to_date(birth_date, 'DD.MM.YYYY'), left_language, left_country, addressed_as"
    " from person join account using (account_id)"
    " join (values ('da', 'DAN'), ('sv', 'SVE'), ('de', 'DEU'), ('fr', 'FRA'), ('en', 'ENU'))"
    " as languages (language, left_language) using (language)"
    " join (values ('Denmark', 'DK'), ('Sweden', 'SE'), ('Germany', 'DE'), ('France', 'FR'), ('United Kingdom', 'GB'))"
    " as countries (country_name, left_country) on country_name = person.country"
)
ITEM = (
    "select no, no, gtin, description, round(unit_price, 2), base_unit, blocked, currency_code,"
    " split_part(dimensions, ' ', 1), net_weight from item where type = 'inventory'"
)
UNIT = "replace(upper(unit), 'PIECE', 'PCS')"
PRODUCT = (
    f"select product_id, product_number, ean, product.name, list_price, {UNIT}, discontinued, left_currency,"
    " width_cm::text, replace(split_part(weight, ' ', 1), ',', '.')::numeric from product"
    " join (values ('208', 'DKK'), ('978', 'EUR'), ('752', 'SEK')) as currencies (number, left_currency)"
    " on number = currency_number where kind = 'goods'"
)
SERVICE = "select no, no, description, unit_price, lower(base_unit), blocked from item where type = 'service'"
ARTICLE = (
    "select product_id, product_number, replace(name, 'your desk', 'the Desk'), list_price, unit, discontinued"
    " from product where kind = 'service'"
)
SUPPLIER = "select supplier_id, title from supplier"
SIDES = {
    "CUSTOMER": (CUSTOMER, ACCOUNT),
    "CONTACT": (CONTACT, PERSON),
    "ITEM": (ITEM, PRODUCT),
    "SERVICE": (SERVICE, ARTICLE),
}


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


def test_the_first_synchronization_couples_what_is_there_and_creates_what_one_side_lacks():
    first = SyncJob.objects.filter(kind=Kind.MODIFIED).order_by("id")[: len(sample.MAPPINGS)]
    done = {
        job.mapping.name: (job.state, job.coupled, job.inserted, job.left_written + job.right_written) for job in first
    }
    sizes = {"PAYMENT_TERMS": 8, "CURRENCY": 30, "SALESPERSON": 6, "CUSTOMER": 1_500, "CONTACT": 1_800, "ITEM": 800}
    coupled = {name: (JobState.FINISHED, size, 0, 0) for name, size in (sizes | {"STOCK": 800}).items()}
    written = {"SERVICE": (JobState.FINISHED, 0, 14, 14), "VENDOR": (JobState.FINISHED, 9, 0, 2)}
    assert done == coupled | written


def test_every_feature_of_a_mapping_is_used():
    """The sample's file is what people learn from."""
    text = sample.CONFIGURATION.read_text()
    words = "direction filter only_coupled deletion_conflict delete_guard schedule depends_on constants defaults when"
    words += " set transform to_right to_left values map default_to_right default_to_left lookup if_missing required"
    words += " clear match case_sensitive accent_sensitive"
    assert [word for word in words.split() if f"{word}:" not in text] == []
    steps = "trim upper lower pad round phone country currency prefix suffix format_number format_date replace regex"
    steps += " split join expression"
    assert [step for step in steps.split() if not re.search(rf"[\[{{ ]{step}\b", text)] == []


def test_a_record_that_moves_is_handed_over_with_its_partner():
    number, product = item_no(MOVED), tables.world().uuids["product"][MOVED]
    assert Coupling.objects.get(left_key=number, mapping__right_connection__name="CRM").mapping.name == "SERVICE"
    assert rows(System.CRM, "select product_id, kind, unit from product")[product] == ["service", "hour"]


def test_records_that_name_each_other_are_both_created():
    account, person, *given = rows(
        System.CRM, "select account_number, account_id::text, primary_person_id::text, territory, segment from account"
    )["90020"]
    assert given == ["nordic", "C"]
    assert rows(System.CRM, "select person_id, account_id::text, language from person")[person] == [account, "en"]


def test_defaults_are_given_in_their_order():
    services = rows(System.CRM, "select product_number, list_price, tax_group from product where kind = 'service'")
    new = {price >= 1000: group for number, (price, group) in services.items() if number.startswith("S-")}
    assert new == {True: "premium", False: "standard"}


def test_a_supplier_that_is_spelled_otherwise_is_suggested_and_not_coupled():
    with matching.preview(TableMapping.objects.get(name="VENDOR")) as found:
        lines = {line.key: line for line in found.lines()}
    assert [rows(System.CRM, SUPPLIER)[option.key] for option in lines["V110"].options] == [["Nordgard Polster"]]
    assert lines["V110"].result == "unmatched"
    assert (lines["V109"].result, len(lines["V109"].options)) == ("ambiguous", 2)
    assert lines["V111"].options == []


def test_a_create_without_an_answer_is_announced_and_tried_again():
    error = SyncError.objects.open().get(kind="unknown_outcome")
    assert (error.left_key, error.code, error.state, error.attempts) == (UNANSWERED, "answer_lost", State.RETRYING, 1)
    assert CreateIntent.objects.get().source_key == UNANSWERED
    assert articles(UNANSWERED) == 0


def test_what_has_no_error_is_in_step_after_the_next_round():
    assert TableMapping.objects.filter(next_run__lte=timezone.now()).count() == len(sample.MAPPINGS)
    before = open_errors()
    assert synchronize(Kind.MODIFIED) == {"CUSTOMER": 10, "CONTACT": 10, "ITEM": 10, "SERVICE": 0}
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
    """The left keys of the pairs that have an open error and differ because of it. Who waits for a link has none yet,
    and is not compared."""
    errors = SyncError.objects.open().filter(mapping__name=mapping, left_exists=True, right_exists=True)
    errors = errors.exclude(kind="dependency")
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
