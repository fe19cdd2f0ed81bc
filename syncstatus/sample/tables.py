"""The rows both applications hold before the first synchronization: the same world, told in two ways.

The CRM writes e-mail addresses and country codes in small letters and units in words, some of its names carry a blank
at their end, and its keys are uuids. None of that puts a pair out of step, as the mappings say how to compare.
"""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from syncstatus.sample import people, words
from syncstatus.sample.people import Article, Company, Person

SEED = 20_01
CUSTOMERS, CONTACTS, ITEMS = 1_500, 2_000, 800

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True)
class World:
    """What there is to tell, and the uuids the CRM gave to it (in the order of the lists)."""

    companies: list[Company]
    people: list[Person]
    articles: list[Article]
    uuids: dict[str, list[str]]


def world(seed: int = SEED) -> World:
    random = Random(seed)
    companies = people.companies(random, CUSTOMERS)
    sizes = {"account": CUSTOMERS, "person": CONTACTS, "product": ITEMS, "currency": len(words.CURRENCIES)}
    return World(
        companies=companies,
        people=people.people(random, CONTACTS, companies),
        articles=people.articles(random, ITEMS),
        uuids={table: [uuid(random) for _ in range(size)] for table, size in sizes.items()},
    )


def uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def customer_no(position: int) -> str:
    return str(10_000 + 10 * position)


def contact_no(position: int) -> str:
    return f"CT{10_000 + position}"


def item_no(position: int) -> str:
    return f"I-{1_000 + position}"


def company_email(company: Company) -> str:
    return f"Info@{company.domain}"


def erp(world: World) -> list[Table]:
    return [
        Table(
            "payment_terms",
            ("code", "description", "due_days", "discount_days", "discount_pct"),
            list(words.PAYMENT_TERMS),
        ),
        Table("currency", ("code", "description", "symbol"), list(words.CURRENCIES)),
        _customer(world),
        _contact(world),
        _item(world),
    ]


def crm(world: World) -> list[Table]:
    currencies = zip(world.uuids["currency"], words.CURRENCIES, strict=True)
    return [
        Table("terms", ("code", "label", "days", "discount_days", "discount"), list(words.PAYMENT_TERMS)),
        Table(
            "transaction_currency",
            ("currency_id", "iso_code", "currency_name", "symbol"),
            [(key, *currency) for key, currency in currencies],
        ),
        _account(world),
        _person(world),
        _product(world),
    ]


def warehouse(world: World) -> list[Table]:
    rows = [(item_no(position), article.quantity) for position, article in enumerate(world.articles)]
    return [Table("stock", ("sku", "quantity"), rows)]


def _customer(world: World) -> Table:
    columns = "no name email phone_no address city post_code country_code credit_limit payment_terms_code blocked"
    rows = [
        (
            customer_no(position),
            company.name,
            company_email(company),
            company.phone,
            company.street,
            company.city,
            company.post_code,
            company.country,
            company.credit,
            company.terms,
            is_blocked(position),
        )
        for position, company in enumerate(world.companies)
    ]
    return Table("customer", tuple(columns.split()), rows)


def _account(world: World) -> Table:
    columns = "account_id account_number name email_address telephone street city zip country"
    columns += " credit_amount terms on_hold"
    rows = [
        (
            world.uuids["account"][position],
            customer_no(position),
            company.name + " " * (position % 50 == 49),
            company_email(company).lower(),
            company.phone,
            company.street,
            company.city,
            company.post_code,
            company.country.lower(),
            company.credit,
            company.terms,
            is_blocked(position),
        )
        for position, company in enumerate(world.companies)
    ]
    return Table("account", tuple(columns.split()), rows)


def is_blocked(position: int) -> bool:
    return position % 97 == 96


def _contact(world: World) -> Table:
    columns = ("no", "company_no", "first_name", "surname", "job_title", "email", "mobile_phone_no", "birthday")
    rows = [
        (
            contact_no(position),
            customer_no(person.company),
            person.first_name,
            person.last_name,
            person.job_title,
            person.email,
            person.mobile,
            person.birthday,
        )
        for position, person in enumerate(world.people)
    ]
    return Table("contact", columns, rows)


def _person(world: World) -> Table:
    columns = "person_id account_id company_number given_name family_name role email_address mobile birth_date"
    rows = [
        (
            world.uuids["person"][position],
            world.uuids["account"][person.company],
            customer_no(person.company),
            person.first_name,
            person.last_name,
            person.job_title,
            person.email,
            person.mobile,
            person.birthday,
        )
        for position, person in enumerate(world.people)
    ]
    return Table("person", tuple(columns.split()), rows)


def _item(world: World) -> Table:
    columns = ("no", "description", "gtin", "unit_price", "base_unit", "inventory")
    rows = [
        (item_no(position), article.description, article.gtin, article.price, article.unit, article.quantity)
        for position, article in enumerate(world.articles)
    ]
    return Table("item", columns, rows)


def _product(world: World) -> Table:
    columns = ("product_id", "product_number", "name", "ean", "list_price", "unit")
    keyed = zip(world.uuids["product"], world.articles, strict=True)
    rows = [
        (key, item_no(position), article.description, article.gtin, article.price, words.UNITS_OF_THE_CRM[article.unit])
        for position, (key, article) in enumerate(keyed)
    ]
    return Table("product", columns, rows)
