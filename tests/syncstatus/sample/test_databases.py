from contextlib import closing

import psycopg2
import pytest
from django.db import connection
from psycopg2 import sql

from syncstatus.sample import databases, tables
from syncstatus.sample.databases import SampleError, System, opened

SETTINGS = {"USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {}}


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "postgresql:///erp"),
        (
            {"USER": "ada", "PASSWORD": "a/b@c", "HOST": "db", "PORT": "5433"},
            "postgresql://ada:a%2Fb%40c@db/erp?port=5433",
        ),
        ({"USER": "ada", "HOST": "/run/pg"}, "postgresql://ada@/erp?host=%2Frun%2Fpg"),
        ({"HOST": "db", "OPTIONS": {"sslmode": "require", "pool": False}}, "postgresql://db/erp?sslmode=require"),
    ],
    ids=["defaults", "password and port", "socket", "options of the driver"],
)
def test_url_of_a_database_beside_the_store(settings, url):
    assert databases.url(SETTINGS | settings, "erp") == url


def test_databases_are_filled_and_dropped(filled, world):
    assert databases.exists()
    for system, tell in ((System.ERP, tables.erp), (System.CRM, tables.crm), (System.WAREHOUSE, tables.warehouse)):
        for table in tell(world):
            assert rows(system, table.name) == len(table.rows)
    databases.drop()
    assert not databases.exists()


def test_only_a_finished_sample_is_complete(filled):
    assert not databases.is_complete()
    databases.mark_complete()
    assert databases.is_complete()


def test_a_closed_database_lets_nobody_in(filled):
    with closing(psycopg2.connect(System.WAREHOUSE.url)) as warehouse, warehouse.cursor() as cursor:
        databases.close(System.WAREHOUSE)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select 1")
    with pytest.raises(psycopg2.OperationalError, match="not currently accepting connections"):
        psycopg2.connect(System.WAREHOUSE.url)


def test_a_user_who_may_not_create_databases_is_told_what_to_do(sample_urls, world, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("create role nobody_special login password 'only for this test'")
    monkeypatch.setitem(connection.settings_dict, "USER", "nobody_special")
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "only for this test")
    try:
        with pytest.raises(SampleError, match=r"“nobody_special”.* CREATEDB.* --no-sample"):
            databases.create({System.ERP: tables.erp(world)})
    finally:
        monkeypatch.undo()
        with connection.cursor() as cursor:
            cursor.execute("drop role nobody_special")


def test_the_systems_stamp_what_is_changed(filled):
    with opened(System.ERP) as erp, erp.cursor() as cursor:
        cursor.execute("update customer set city = 'Ribe' where no = '10000' returning modified_at = now()")
        assert cursor.fetchone() == (True,)
    with opened(System.CRM) as crm, crm.cursor() as cursor:
        cursor.execute(
            "update account set city = 'Ribe', country = 'DK' where account_number = '10000'"
            " returning row_xid = pg_current_xact_id(), country"
        )
        assert cursor.fetchone() == (True, "dk")


def rows(system, table):
    with opened(system) as business, business.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
        return cursor.fetchone()[0]
