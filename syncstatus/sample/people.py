"""The invented companies, people and articles, before either application has its own picture of them.

Everything is drawn from one random generator with a fixed seed, so the same call gives the same world.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random

from syncstatus.sample import words


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    domain: str
    phone: str
    street: str
    city: str
    post_code: str
    country: str
    credit: Decimal
    terms: str


@dataclass(frozen=True, slots=True)
class Person:
    company: int  # position in the list of companies
    first_name: str
    last_name: str
    job_title: str
    email: str
    mobile: str
    birthday: date


@dataclass(frozen=True, slots=True)
class Article:
    description: str
    gtin: str
    price: Decimal
    unit: str
    quantity: int


def companies(random: Random, count: int) -> list[Company]:
    names = [start + end for start, end in product(words.COMPANY_STARTS, words.COMPANY_ENDS)]
    return [company(random, name) for name in random.sample(names, count)]


def company(random: Random, name: str) -> Company:
    country, legal_form, dialling_code, towns = random.choice(words.COUNTRIES)
    city, digits = random.choice(towns)
    return Company(
        name=f"{name} {legal_form}",
        domain=f"{slug(name)}.example",
        phone=phone(random, dialling_code),
        street=f"{random.randrange(1, 200)} {random.choice(words.STREETS)}",
        city=city,
        post_code=f"{digits}{random.randrange(100):02}",
        country=country,
        credit=Decimal(random.randrange(0, 200)) * 500,
        terms=random.choice(words.PAYMENT_TERMS)[0],
    )


def people(random: Random, count: int, employers: list[Company]) -> list[Person]:
    taken: set[str] = set()
    return [person(random, position % len(employers), employers, taken) for position in range(count)]


def person(random: Random, position: int, employers: list[Company], taken: set[str]) -> Person:
    first, last = random.choice(words.FIRST_NAMES), random.choice(words.LAST_NAMES)
    employer = employers[position]
    return Person(
        company=position,
        first_name=first,
        last_name=last,
        job_title=random.choice(words.JOB_TITLES),
        email=free_address(f"{slug(first)}.{slug(last)}", employer.domain, taken),
        mobile=phone(random, employer.phone.split()[0]),
        birthday=date(1950, 1, 1) + timedelta(days=random.randrange(55 * 365)),
    )


def free_address(local: str, domain: str, taken: set[str]) -> str:
    """An e-mail address that nobody has yet; the second Ada Berg of a company gets a number."""
    number = 1
    address = f"{local}@{domain}"
    while address in taken:
        number += 1
        address = f"{local}{number}@{domain}"
    taken.add(address)
    return address


def address(first: str, last: str) -> str:
    """Of somebody who works in the company itself."""
    return f"{slug(first)}.{slug(last)}@cronus.example"


def articles(random: Random, count: int) -> list[Article]:
    names = [f"{material} {noun}" for noun, material in product(words.ITEM_NOUNS, words.ITEM_MATERIALS)]
    return [article(random, name, position) for position, name in enumerate(names[:count])]


def article(random: Random, description: str, position: int) -> Article:
    return Article(
        description=description,
        gtin=gtin(position),
        price=Decimal(random.randrange(500, 250_000)) / 100,
        unit=random.choice(words.UNITS),
        quantity=random.randrange(0, 500),
    )


def phone(random: Random, dialling_code: str) -> str:
    length = words.PHONE_DIGITS[dialling_code]
    digits = str(random.randrange(10 ** (length - 1), 10**length))
    return " ".join([dialling_code, *digit_pairs(digits)])


def digit_pairs(digits: str) -> Iterator[str]:
    return (digits[start : start + 2] for start in range(0, len(digits), 2))


def gtin(position: int) -> str:
    """A 13-digit article number with its check digit, from the range that is kept for use inside a company."""
    digits = f"20{position:010}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def slug(name: str) -> str:
    """Small letters and digits only: `Møller` is `moller` in an address."""
    spelled = name.lower().translate({ord("ø"): "o", ord("æ"): "ae", ord("ß"): "ss"})
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "", plain)
