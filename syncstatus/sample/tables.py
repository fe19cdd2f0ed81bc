"""The rows both applications hold before the first synchronization: the same world, told in two ways.

The CRM writes e-mail addresses and country codes in small letters, units and countries in words, telephone numbers
without blanks, dates and weights as texts; some of its names carry a blank at their end, and its keys are uuids. None
of that puts a pair out of step, as the mappings say how to compare.
"""

from dataclasses import dataclass
from decimal import Decimal
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
    sizes |= {"employee": len(words.SALESPEOPLE), "supplier": len(words.SUPPLIERS)}
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


def primary_contact(position: int) -> int | None:
    """The position of the person whom a company names as its main contact: some know the one who was entered first."""
    return position if 1_000 <= position < 1_200 else None


def salesperson(position: int) -> int:
    return position % len(words.SALESPEOPLE)


def turnover(company: Company) -> Decimal:
    return company.credit * 6


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
        _salesperson(),
        _vendor(),
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
        _employee(world),
        _supplier(world),
        _account(world),
        _person(world),
        _product(world),
    ]


def warehouse(world: World) -> list[Table]:
    rows = [(item_no(position), article.quantity) for position, article in enumerate(world.articles)]
    return [Table("stock", ("sku", "quantity"), rows)]


def _salesperson() -> Table:
    rows = [
        (code, f"{first} {last}", people.address(first, last), f"+45 70 10 {extension:0>4}")
        for code, first, last, extension in words.SALESPEOPLE
    ]
    return Table("salesperson", ("code", "name", "email", "phone_no"), rows)


def _employee(world: World) -> Table:
    columns = ("employee_id", "short_code", "given_name", "family_name", "email", "extension")
    rows = [
        (key, code.lower(), first, last, people.address(first, last).title(), extension)
        for key, (code, first, last, extension) in zip(world.uuids["employee"], words.SALESPEOPLE, strict=True)
    ]
    return Table("employee", columns, rows)


def _vendor() -> Table:
    rows = [(f"V{100 + position}", *vendor) for position, vendor in enumerate(words.VENDORS)]
    return Table("vendor", ("no", "name", "city", "country_code", "vat_no"), rows)


def _supplier(world: World) -> Table:
    rows = [
        (key, name, town, words.COUNTRY_NAMES[country], number)
        for key, (name, town, country, number) in zip(world.uuids["supplier"], words.SUPPLIERS, strict=True)
    ]
    return Table("supplier", ("supplier_id", "title", "town", "country", "vat_number"), rows)


def _customer(world: World) -> Table:
    columns = "no name email phone_no address city post_code country_code credit_limit payment_terms_code"
    columns += " salesperson_code primary_contact_no home_page turnover blocked"
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
            words.SALESPEOPLE[salesperson(position)][0],
            None if (contact := primary_contact(position)) is None else contact_no(contact),
            f"https://www.{company.domain}",
            turnover(company),
            is_blocked(position),
        )
        for position, company in enumerate(world.companies)
    ]
    return Table("customer", tuple(columns.split()), rows)


def _account(world: World) -> Table:
    columns = "account_id account_number name email_address telephone street city zip country"
    columns += " credit_amount terms_id owner_id primary_person_id website segment territory on_hold"
    terms = {row[0]: number for number, row in enumerate(words.PAYMENT_TERMS, start=1)}
    rows = [
        (
            world.uuids["account"][position],
            customer_no(position),
            company.name + " " * (position % 50 == 49),
            company_email(company).lower(),
            e164(company.phone),
            company.street,
            company.city,
            company.post_code,
            company.country.lower(),
            company.credit,
            terms[company.terms],
            world.uuids["employee"][salesperson(position)],
            None if (contact := primary_contact(position)) is None else world.uuids["person"][contact],
            company.domain,
            segment(company),
            "nordic" if company.country in ("DK", "SE") else "other",
            is_blocked(position),
        )
        for position, company in enumerate(world.companies)
    ]
    return Table("account", tuple(columns.split()), rows)


def e164(phone: str) -> str:
    return phone.replace(" ", "")


def segment(company: Company) -> str:
    return "A" if turnover(company) >= 400_000 else "B" if turnover(company) >= 100_000 else "C"


def is_blocked(position: int) -> bool:
    return position % 97 == 96


def salutation(position: int) -> str | None:
    return "Dr." if position % 20 == 0 else None


def _contact(world: World) -> Table:
    columns = "no company_no salutation first_name surname job_title email mobile_phone_no birthday"
    columns += " language_code country_code"
    rows = [
        (
            contact_no(position),
            customer_no(person.company),
            salutation(position),
            person.first_name,
            person.last_name,
            person.job_title,
            person.email,
            person.mobile,
            person.birthday,
            words.LANGUAGES[country := world.companies[person.company].country][0],
            country,
        )
        for position, person in enumerate(world.people)
    ]
    return Table("contact", tuple(columns.split()), rows)


def _person(world: World) -> Table:
    columns = "person_id account_id company_number given_name family_name addressed_as role email_address mobile"
    columns += " birth_date language country"
    rows = [
        (
            world.uuids["person"][position],
            world.uuids["account"][person.company],
            customer_no(person.company),
            person.first_name,
            person.last_name,
            " ".join(filter(None, (salutation(position), person.first_name, person.last_name))),
            person.job_title,
            person.email,
            e164(person.mobile),
            f"{person.birthday:%d.%m.%Y}",
            words.LANGUAGES[country := world.companies[person.company].country][1],
            words.COUNTRY_NAMES[country],
        )
        for position, person in enumerate(world.people)
    ]
    return Table("person", tuple(columns.split()), rows)


def _item(world: World) -> Table:
    """The items, and the services among them, which the CRM has not heard of."""
    columns = "no type description gtin unit_price currency_code base_unit net_weight dimensions inventory"
    rows: list[Row] = [
        (
            item_no(position),
            "inventory",
            article.description,
            article.gtin,
            article.price,
            currency(position),
            article.unit,
            weight(position),
            f"{width(position)} x 60 x 75",
            article.quantity,
        )
        for position, article in enumerate(world.articles)
    ]
    rows += [
        (f"S-{number}", "service", description, None, price, "DKK", unit, None, None, 0)
        for number, (description, unit, price) in enumerate(words.SERVICES, start=1)
    ]
    return Table("item", tuple(columns.split()), rows)


def _product(world: World) -> Table:
    columns = "product_id product_number kind name ean list_price currency_number unit weight width_cm tax_group"
    keyed = zip(world.uuids["product"], world.articles, strict=True)
    rows = [
        (
            key,
            item_no(position),
            "goods",
            article.description,
            article.gtin,
            article.price,
            words.CURRENCY_NUMBERS[currency(position)],
            words.UNITS_OF_THE_CRM[article.unit],
            f"{weight(position):.3f} kg".replace(".", ","),
            width(position),
            "standard",
        )
        for position, (key, article) in enumerate(keyed)
    ]
    return Table("product", tuple(columns.split()), rows)


def currency(position: int) -> str:
    return tuple(words.CURRENCY_NUMBERS)[position % len(words.CURRENCY_NUMBERS)]


def weight(position: int) -> Decimal:
    """In kilograms."""
    return Decimal(250 + 125 * (position % 160)) / 1000


def width(position: int) -> int:
    """In centimetres."""
    return 40 + 10 * (position % 17)
