"""The simulated colleague: somebody who goes on working in both systems while Syncstatus keeps them in step.

What is done depends on the seed and on what the tables hold, never on the clock.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from random import Random
from typing import Any

import psycopg2
from django.utils.translation import gettext as _
from psycopg2 import extensions

from syncstatus.sample import people, words
from syncstatus.sample.databases import System
from syncstatus.sample.statements import add, change, count, delete, key_at
from syncstatus.sample.tables import uuid

Edit = str
"""One sentence about what was done, for whoever watches."""


class Colleague:
    """Edits one record after the other; every edit is a transaction of its own, as in a business application."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.systems: dict[System, extensions.connection] = {}

    def work(self, doings: "Mapping[Doing, int] | None" = None) -> Iterator[Edit]:
        """Goes on for ever, one sentence an edit; closes the connections when the caller stops asking.

        ``doings`` says how often each kind of edit is made, in relation to the others; all of them if not given.
        """
        with (
            closing(psycopg2.connect(System.ERP.url)) as self.systems[System.ERP],
            closing(psycopg2.connect(System.CRM.url)) as self.systems[System.CRM],
        ):
            while True:
                yield self.edit(doings or DOINGS)

    def edit(self, doings: "Mapping[Doing, int]") -> Edit:
        doing = self.random.choices(list(doings), weights=list(doings.values()))[0]
        try:
            with self.systems[System.ERP], self.systems[System.CRM]:
                return doing(self)
        except psycopg2.Error as refused:
            # What the applications protect stays as it is; a colleague shrugs and goes on.
            return _("Refused: {reason}").format(reason=str(refused).splitlines()[0])

    def pick(self, system: System, table: str) -> str:
        """The key of some record of the table."""
        with self.systems[system].cursor() as cursor:
            return key_at(cursor, table, self.random.randrange(count(cursor, table)))

    def change(self, system: System, table: str, key: str, column: str, value: Any) -> None:
        with self.systems[system].cursor() as cursor:
            change(cursor, table, key, column, value)

    def add(self, system: System, table: str, **values: Any) -> None:
        with self.systems[system].cursor() as cursor:
            add(cursor, table, **values)

    def phone(self) -> str:
        return people.phone(self.random, self.random.choice(words.COUNTRIES)[2])

    def street(self) -> str:
        return f"{self.random.randrange(1, 200)} {self.random.choice(words.STREETS)}"

    def name(self) -> tuple[str, str]:
        return self.random.choice(words.FIRST_NAMES), self.random.choice(words.LAST_NAMES)


def move_customer(colleague: Colleague) -> Edit:
    key = colleague.pick(System.ERP, "customer")
    colleague.change(System.ERP, "customer", key, "address", colleague.street())
    return _("ERP: customer {key} moved.").format(key=key)


def call_account(colleague: Colleague) -> Edit:
    key = colleague.pick(System.CRM, "account")
    colleague.change(System.CRM, "account", key, "telephone", colleague.phone())
    return _("CRM: account {key} has another phone number.").format(key=key)


def promote_contact(colleague: Colleague) -> Edit:
    key = colleague.pick(System.ERP, "contact")
    title = f"Senior {colleague.random.choice(words.JOB_TITLES)}"
    colleague.change(System.ERP, "contact", key, "job_title", title)
    return _("ERP: contact {key} is now {title}.").format(key=key, title=title)


def call_person(colleague: Colleague) -> Edit:
    key = colleague.pick(System.CRM, "person")
    colleague.change(System.CRM, "person", key, "mobile", colleague.phone())
    return _("CRM: person {key} has another mobile number.").format(key=key)


def price_item(colleague: Colleague) -> Edit:
    key = colleague.pick(System.ERP, "item")
    price = Decimal(colleague.random.randrange(500, 250_000)) / 100
    colleague.change(System.ERP, "item", key, "unit_price", price)
    return _("ERP: item {key} now costs {price}.").format(key=key, price=price)


def enter_customer(colleague: Colleague) -> Edit:
    company = people.company(colleague.random, f"{colleague.random.choice(words.COMPANY_STARTS)}{_suffix(colleague)}")
    colleague.add(
        System.ERP,
        "customer",
        name=company.name,
        email=f"info@{company.domain}",
        phone_no=company.phone,
        address=company.street,
        city=company.city,
        post_code=company.post_code,
        country_code=company.country,
        payment_terms_code=company.terms,
    )
    return _("ERP: {name} is a new customer.").format(name=company.name)


def meet_person(colleague: Colleague) -> Edit:
    first, last = colleague.name()
    address = f"{people.slug(first)}.{people.slug(last)}{_suffix(colleague)}@fair.example"
    colleague.add(
        System.CRM,
        "person",
        person_id=uuid(colleague.random),
        given_name=first,
        family_name=last,
        role=colleague.random.choice(words.JOB_TITLES),
        email_address=address,
        mobile=colleague.phone(),
    )
    return _("CRM: {name} was met at a fair.").format(name=f"{first} {last}")


def disagree_about_a_city(colleague: Colleague) -> Edit:
    """The same customer, two colleagues, two answers: a conflict, unless a synchronization comes between them."""
    key = colleague.pick(System.ERP, "customer")
    colleague.change(System.ERP, "customer", key, "city", "Ribe")
    with colleague.systems[System.CRM].cursor() as cursor:
        cursor.execute("update account set city = 'Skagen' where account_number = %s", [key])
    return _("Customer {key} moved to Ribe, says the ERP, and to Skagen, says the CRM.").format(key=key)


def delete_contact(colleague: Colleague) -> Edit:
    key = colleague.pick(System.ERP, "contact")
    with colleague.systems[System.ERP].cursor() as cursor:
        delete(cursor, "contact", key)
    return _("ERP: contact {key} was deleted.").format(key=key)


Doing = Callable[[Colleague], Edit]

# How often each is done, in relation to the others.
DOINGS: Mapping[Doing, int] = {
    move_customer: 20,
    call_account: 20,
    promote_contact: 15,
    call_person: 15,
    price_item: 15,
    enter_customer: 5,
    meet_person: 5,
    disagree_about_a_city: 3,
    delete_contact: 2,
}


def _suffix(colleague: Colleague) -> str:
    """Four letters or digits, so that a name is hardly ever given twice."""
    return "".join(colleague.random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=4))
