from itertools import islice

from psycopg2 import sql

from syncstatus.sample import databases, tables
from syncstatus.sample.colleague import DOINGS, Colleague
from syncstatus.sample.databases import System, opened

CONTENT = {
    System.ERP: {
        "customer": "no, name, email, phone_no, address, city",
        "contact": "no, first_name, surname, job_title",
        "item": "no, unit_price",
    },
    System.CRM: {"account": "account_id, telephone, city", "person": "person_id, family_name, mobile"},
}


def test_the_same_seed_makes_the_same_edits(filled, world):
    said, written = work(seed=3)
    databases.create({System.ERP: tables.erp(world), System.CRM: tables.crm(world)})
    assert work(seed=3) == (said, written)
    assert len(said) == 60


def test_another_seed_makes_others(filled, world):
    said, _ = work(seed=3)
    assert work(seed=4)[0] != said


def test_every_edit_is_made(filled):
    for doing in DOINGS:
        before = content()
        said = list(islice(Colleague(1).work({doing: 1}), 1))
        assert content() != before, doing.__name__
        assert not said[0].startswith("Refused")


def test_a_refused_edit_does_not_end_the_work(filled):
    with opened(System.CRM) as crm, crm.cursor() as cursor:
        cursor.execute("update account set legal_hold = true")
    said, _ = work(seed=3)
    assert [sentence for sentence in said if sentence.startswith("Refused: The account ")]
    assert len(said) == 60


def work(seed):
    return list(islice(Colleague(seed).work(), 60)), content()


def content():
    return [rows(system, *part) for system, parts in CONTENT.items() for part in parts.items()]


def rows(system, table, columns):
    with opened(system) as business, business.cursor() as cursor:
        names = sql.SQL(", ").join(map(sql.Identifier, columns.split(", ")))
        cursor.execute(sql.SQL("select {} from {} order by 1").format(names, sql.Identifier(table)))
        return cursor.fetchall()
