"""What the people of both companies do after the first synchronization, so that something is out of step.

Each incident is what really happens in such a company, done with plain statements in the business databases; the
errors are found by the next synchronization. ``EXPECTED`` says how many of each kind there are then.
"""

from collections.abc import Callable, Mapping

from psycopg2.extensions import cursor

from syncstatus.engine.decisions import ErrorKind
from syncstatus.sample.databases import System, close, opened, reopen
from syncstatus.sample.statements import add, change, delete
from syncstatus.sample.tables import World, company_email, contact_no, customer_no, item_no

EXPECTED: Mapping[tuple[str, ErrorKind], int] = {
    ("CUSTOMER", ErrorKind.CONFLICT): 5,
    ("CONTACT", ErrorKind.CONFLICT): 3,
    ("CUSTOMER", ErrorKind.DELETED): 3,
    ("CONTACT", ErrorKind.DELETED): 1,
    ("CUSTOMER", ErrorKind.DELETED_AND_CHANGED): 1,
    ("CONTACT", ErrorKind.DELETED_AND_CHANGED): 1,
    ("CUSTOMER", ErrorKind.DUPLICATE): 1,
    ("CONTACT", ErrorKind.DEPENDENCY): 1,
    ("ITEM", ErrorKind.AMBIGUOUS): 1,
    ("VENDOR", ErrorKind.AMBIGUOUS): 1,
    ("CUSTOMER", ErrorKind.VALIDATION): 1,
    ("CONTACT", ErrorKind.VALIDATION): 2,
    ("ITEM", ErrorKind.VALIDATION): 4,
    ("ITEM", ErrorKind.UNKNOWN_OUTCOME): 1,
    ("CUSTOMER", ErrorKind.PERMISSION): 2,
    ("CUSTOMER", ErrorKind.TRANSIENT): 1,
    ("CURRENCY", ErrorKind.HELD): 18,
    ("PAYMENT_TERMS", ErrorKind.SCHEMA): 1,
    ("WAREHOUSE", ErrorKind.CONNECTION): 1,
}

# The article that the CRM cannot save without hanging up.
UNANSWERED = "I-9002"
# The place of the item that is a service by now.
MOVED = 100

Work = Callable[[cursor, cursor, World], None]


def happen(world: World) -> None:
    """Everything below, in both systems; then the warehouse closes for its stocktaking."""
    with opened(System.ERP) as erp, opened(System.CRM) as crm, erp.cursor() as left, crm.cursor() as right:
        for incident in INCIDENTS:
            incident(left, right, world)
    close(System.WAREHOUSE)


def fresh_work(world: World) -> None:
    """Ordinary edits of this morning, in step again as soon as the workers have run."""
    with opened(System.ERP) as erp, opened(System.CRM) as crm, erp.cursor() as left, crm.cursor() as right:
        for position in range(500, 510):
            change(left, "customer", customer_no(position), "address", "1 New Street")
        for position in range(600, 610):
            change(right, "person", person_id(world, position), "role", "Senior Buyer")
        left.execute("update item set unit_price = unit_price + 10 where no < %s", [item_no(10)])


def settle() -> None:
    """What only the systems' own people can put right; safe to do twice. Afterwards a retry gets through."""
    reopen(System.WAREHOUSE)
    with opened(System.ERP) as erp, erp.cursor() as cursor:
        cursor.execute("delete from posting_batch")
    with opened(System.CRM) as crm, crm.cursor() as cursor:
        cursor.execute("update account set legal_hold = false where legal_hold")
        cursor.execute("drop trigger if exists watchdog_last on product; drop trigger if exists watchdog on product")
        cursor.execute("alter table terms add column if not exists discount_days smallint not null default 0")


def both_change_a_phone_number(erp: cursor, crm: cursor, world: World) -> None:
    for position in range(20, 25):
        change(erp, "customer", customer_no(position), "phone_no", f"+45 70 10 20 {position}")
        change(crm, "account", account_id(world, position), "telephone", f"+45 33 44 55 {position}")


def both_promote_a_contact(erp: cursor, crm: cursor, world: World) -> None:
    for position in range(30, 33):
        change(erp, "contact", contact_no(position), "job_title", "Head of Finance")
        change(crm, "person", person_id(world, position), "role", "Chief Financial Officer")


def both_change_different_fields(erp: cursor, crm: cursor, world: World) -> None:
    """No error: the fields are merged, each side gets the other's."""
    for position in range(35, 40):
        change(erp, "customer", customer_no(position), "address", f"{position} Harbour Road")
        change(crm, "account", account_id(world, position), "telephone", f"+45 88 77 66 {position}")


def one_deletes(erp: cursor, crm: cursor, world: World) -> None:
    for position in (140, 141):
        delete(crm, "account", account_id(world, position))
    delete(erp, "customer", customer_no(142))
    delete(erp, "contact", contact_no(50))


def one_deletes_what_the_other_changes(erp: cursor, crm: cursor, world: World) -> None:
    change(erp, "customer", customer_no(160), "phone_no", "+45 20 30 40 50")
    delete(crm, "account", account_id(world, 160))
    delete(erp, "contact", contact_no(61))
    change(crm, "person", person_id(world, 61), "mobile", "+45 61 61 61 61")


def a_customer_is_entered_twice(erp: cursor, crm: cursor, world: World) -> None:
    company = world.companies[70]
    name, email = f"{company.name} (new)", company_email(company)
    add(erp, "customer", no="90010", name=name, email=email, country_code=company.country, payment_terms_code="30D")


def a_contact_is_entered_for_the_copy(erp: cursor, crm: cursor, world: World) -> None:
    """It waits for the customer that was entered twice, until that one is coupled or the contact gets the other."""
    person = {"first_name": "Nora", "surname": "Winther", "email": "nora.winther@example.com"}
    add(erp, "contact", no="CT90011", company_no="90010", job_title="Buyer", **person)


def two_products_have_one_number(erp: cursor, crm: cursor, world: World) -> None:
    """The CRM holds the article twice, without its number, when the ERP enters it."""
    article = {"kind": "goods", "list_price": 499, "unit": "piece", "ean": "2099999999997"}
    add(crm, "product", product_id="0000000a-0000-4000-8000-000000000000", name="Ergonomic Desk", **article)
    add(crm, "product", product_id="0000000b-0000-4000-8000-000000000000", name="Ergonomic Desk (copy)", **article)
    article = {"unit_price": 499, "base_unit": "PCS", "gtin": "2099999999997"}
    add(erp, "item", no="I-9001", description="Ergonomic Desk", **article)


def the_crm_hangs_up_without_an_answer(erp: cursor, crm: cursor, world: World) -> None:
    """While it commits: whoever sent the article cannot tell whether it is there.

    No other incident creates an article in the CRM, as all creates of one call share a transaction and its fate.
    """
    crm.execute(
        "create constraint trigger watchdog after insert on product deferrable initially deferred"
        " for each row when (new.product_number = %(no)s) execute function hang_up();"
        "create trigger watchdog_last before insert on product"
        " for each row when (new.product_number = %(no)s) execute function leave_watchdog_for_last()",
        {"no": UNANSWERED},
    )
    article = {"unit_price": 129, "base_unit": "PCS", "gtin": "2099999999981"}
    add(erp, "item", no=UNANSWERED, description="Monitor Arm", **article)


def one_enters_what_the_other_refuses(erp: cursor, crm: cursor, world: World) -> None:
    change(crm, "account", account_id(world, 75), "credit_amount", "-100")  # the ERP has a check constraint
    title = "Deputy Assistant to the Regional Head of Purchasing"
    change(crm, "person", person_id(world, 76), "role", title)  # too long for the ERP
    change(erp, "contact", contact_no(77), "surname", None)  # the CRM wants a family name
    change(erp, "item", item_no(78), "unit_price", 999_999_999)  # too large for the CRM


def items_are_sold_in_a_unit_nobody_knows(erp: cursor, crm: cursor, world: World) -> None:
    """One cause with several records: the map of ITEM lacks PALLET, and all are in step when it is added."""
    for position in range(85, 88):
        change(erp, "item", item_no(position), "base_unit", "PALLET")


def an_item_becomes_a_service(erp: cursor, crm: cursor, world: World) -> None:
    """No error: ITEM hands it over to SERVICE, with its product."""
    change(erp, "item", item_no(MOVED), "base_unit", "HOUR")
    change(erp, "item", item_no(MOVED), "type", "service")


def a_customer_comes_with_a_contact(erp: cursor, crm: cursor, world: World) -> None:
    """No error: each names the other, so the CRM gets the account, the person, and then the link between them."""
    address = {"country_code": "SE", "payment_terms_code": "30D", "salesperson_code": "NO"}
    add(erp, "customer", no="90020", name="Ringvik AB", primary_contact_no="CT90021", **address)
    person = {"first_name": "Vera", "surname": "Lind", "email": "vera.lind@ringvik.example", "country_code": "SE"}
    add(erp, "contact", no="CT90021", company_no="90020", job_title="CEO", language_code="FIN", **person)


def legal_freezes_accounts(erp: cursor, crm: cursor, world: World) -> None:
    for position in (80, 81):
        change(crm, "account", account_id(world, position), "legal_hold", "true")
        change(erp, "customer", customer_no(position), "city", "Skagen")


def a_posting_batch_hangs(erp: cursor, crm: cursor, world: World) -> None:
    erp.execute("insert into posting_batch values (%s, 'INVOICES-07')", [customer_no(90)])
    change(crm, "account", account_id(world, 90), "telephone", "+45 90 90 90 90")


def the_erp_clears_out_currencies(erp: cursor, crm: cursor, world: World) -> None:
    erp.execute("delete from currency where code not in (select code from currency order by code desc limit 12)")


def the_crm_loses_a_field(erp: cursor, crm: cursor, world: World) -> None:
    crm.execute("alter table terms drop column discount_days")


INCIDENTS: tuple[Work, ...] = (
    both_change_a_phone_number,
    both_promote_a_contact,
    both_change_different_fields,
    one_deletes,
    one_deletes_what_the_other_changes,
    a_customer_is_entered_twice,
    a_contact_is_entered_for_the_copy,
    two_products_have_one_number,
    the_crm_hangs_up_without_an_answer,
    one_enters_what_the_other_refuses,
    items_are_sold_in_a_unit_nobody_knows,
    an_item_becomes_a_service,
    a_customer_comes_with_a_contact,
    legal_freezes_accounts,
    a_posting_batch_hangs,
    the_erp_clears_out_currencies,
    the_crm_loses_a_field,
)


def account_id(world: World, position: int) -> str:
    return world.uuids["account"][position]


def person_id(world: World, position: int) -> str:
    return world.uuids["person"][position]
