"""The databases of the sample: where they are, and how they come and go.

They stand on the server of the store and are named after it, so that two installations on one server, or a test and
the installation beside it, never touch each other's.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import errors, extensions, sql
from psycopg2.extras import execute_values

from syncstatus.sample.tables import Table

FOLDER = Path(__file__).parent
# What marks a sample whose creation went through; without it, a start after a crash begins anew.
COMPLETE = "Syncstatus sample, complete"


class SampleError(Exception):
    """The sample cannot be created; the text tells a person what to do."""


class System(StrEnum):
    ERP = "erp"
    CRM = "crm"
    WAREHOUSE = "warehouse"

    @property
    def database(self) -> str:
        return f"{connection.settings_dict['NAME']}_sample_{self.value}"

    @property
    def variable(self) -> str:
        """The environment variable that the sample's configuration file reads."""
        return f"SAMPLE_{self.name}_URL"

    @property
    def url(self) -> str:
        return url(connection.settings_dict, self.database)


def url(store: dict[str, Any], database: str) -> str:
    """The URL of another database on the server of the store; a folder as host is a Unix socket."""
    login = ":".join(quote(store[part], safe="") for part in ("USER", "PASSWORD") if store[part])
    options = {name: value for name, value in store["OPTIONS"].items() if isinstance(value, str)}
    host = store["HOST"]
    if host.startswith("/"):
        options["host"], host = host, ""
    if store["PORT"]:
        # Beside a socket's folder the port is its number; libpq takes it from the options as well.
        options["port"] = str(store["PORT"])
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{login}{'@' if login else ''}{host}/{quote(database, safe='')}{query}"


def variables() -> dict[str, str]:
    """The environment variables the configuration file refers to."""
    return {system.variable: system.url for system in System}


def provide() -> None:
    """Let this process, and those it starts, find the sample's databases, wherever the store is today."""
    if settings.DATABASE_URL:
        os.environ.update(variables())


def create(contents: dict[System, list[Table]]) -> None:
    """Create the databases anew and fill them; those of an earlier sample are dropped. Raises SampleError."""
    drop()
    for system, tables in contents.items():
        name = sql.Identifier(system.database)
        _server(sql.SQL("create database {} template template0 encoding 'UTF8'").format(name))
        with opened(system) as business, business.cursor() as cursor:
            cursor.execute((FOLDER / f"{system.value}.sql").read_text(encoding="utf-8"))
            for table in tables:
                _insert(cursor, table)


def drop() -> None:
    for system in System:
        _server(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(system.database)))


def exists() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_database where datname = any(%s)", [[s.database for s in System]])
        return bool(cursor.fetchone()[0] == len(System))


def is_complete() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [System.ERP.database]
        )
        row = cursor.fetchone()
    return row is not None and row[0] == COMPLETE


def mark_complete() -> None:
    statement = sql.SQL("comment on database {} is {}")
    _server(statement.format(sql.Identifier(System.ERP.database), sql.Literal(COMPLETE)))


def close(system: System) -> None:
    """Take a database out of service: whoever is connected is sent away, and nobody gets in."""
    name = sql.Identifier(system.database)
    _server(sql.SQL("alter database {} allow_connections false").format(name))
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [system.database])


def reopen(system: System) -> None:
    _server(sql.SQL("alter database {} allow_connections true").format(sql.Identifier(system.database)))


@contextmanager
def opened(system: System) -> Iterator[extensions.connection]:
    """A connection whose work is committed at the end, and rolled back when something fails."""
    with closing(psycopg2.connect(system.url)) as business, business:
        yield business


def _insert(cursor: Any, table: Table) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("insert into {} ({}) values %s").format(sql.Identifier(table.name), columns)
    execute_values(cursor, statement, table.rows, page_size=500)


def _server(statement: sql.Composed) -> None:
    """Run a statement that PostgreSQL refuses inside a transaction, as the user of the store."""
    store = url(connection.settings_dict, connection.settings_dict["NAME"])
    try:
        with closing(psycopg2.connect(store)) as server:
            server.autocommit = True
            with server.cursor() as cursor:
                cursor.execute(statement)
    except errors.InsufficientPrivilege as refused:
        raise SampleError(
            _(
                "The sample needs databases of its own, and the user “{user}” of the store may not create them. Allow "
                "it with ALTER ROLE … CREATEDB, or start without the sample: manage.py run --no-sample."
            ).format(user=connection.settings_dict["USER"])
        ) from refused
