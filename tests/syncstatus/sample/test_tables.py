from collections import Counter

from phonenumbers import is_possible_number, parse

from syncstatus.sample import tables


def test_same_seed_same_world(world):
    again = tables.world()
    for tell in (tables.erp, tables.crm, tables.warehouse):
        assert repr(tell(again)).encode() == repr(tell(world)).encode()
    assert repr(tables.world(seed=7)) != repr(world)


def test_sizes(world):
    sizes = {table.name: len(table.rows) for table in [*tables.erp(world), *tables.crm(world)]}
    assert sizes == {
        "payment_terms": 8,
        "terms": 8,
        "currency": 30,
        "transaction_currency": 30,
        "salesperson": 6,
        "employee": 6,
        "vendor": 12,
        "supplier": 12,
        "customer": 1_500,
        "account": 1_500,
        "contact": 2_000,
        "person": 2_000,
        "item": 814,
        "product": 800,
    }


def test_what_records_are_matched_by_is_unique(world):
    assert_unique(tables.company_email(company).lower() for company in world.companies)
    assert_unique(person.email for person in world.people)
    assert_unique(article.gtin for article in world.articles)
    assert_unique(key for keys in world.uuids.values() for key in keys)


def test_addresses_belong_to_nobody(world):
    assert all(company.domain.endswith(".example") for company in world.companies)
    assert all(person.email.isascii() and person.email.endswith(".example") for person in world.people)


def test_article_numbers_have_their_check_digit(world):
    for article in world.articles:
        digits = [int(digit) for digit in article.gtin]
        assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def test_telephone_numbers_are_possible_ones(world):
    numbers = {company.phone for company in world.companies} | {person.mobile for person in world.people}
    assert [number for number in numbers if not is_possible_number(parse(number))] == []


def assert_unique(values):
    assert [value for value, times in Counter(values).items() if times > 1] == []
