"""``manage.py connection check`` against databases that are there, gone, or of somebody else."""

import io
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from couplings.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(tmp_path: Path) -> Connection:
    database = sqlite3.connect(tmp_path / "erp.sqlite3")
    database.execute("create table customer (id integer primary key)")
    database.close()
    return Connection.objects.create(name="ERP", kind="sql", settings={"url": f"sqlite:///{tmp_path}/erp.sqlite3"})


@pytest.fixture
def crm(tmp_path: Path) -> Connection:
    """A connection to a database that does not exist."""
    return Connection.objects.create(name="CRM", kind="sql", settings={"url": f"sqlite:///{tmp_path}/crm.sqlite3"})


def check(*names: str) -> tuple[list[str], int]:
    """The lines that the command prints, and the code it exits with."""
    out = io.StringIO()
    try:
        call_command("connection", "check", *names, stdout=out)
    except SystemExit as exited:
        return out.getvalue().splitlines(), int(exited.code or 0)
    return out.getvalue().splitlines(), 0


def test_a_connection_that_answers(erp: Connection) -> None:
    before = timezone.now()

    (line,), code = check()

    erp.refresh_from_db()
    assert code == 0
    assert line.startswith("✓ ERP: SQLite 3.")
    assert line.endswith("its clock agrees with ours")
    assert erp.healthy is True
    assert erp.last_check is not None
    assert erp.last_check >= before
    assert set(erp.health) == {"version", "latency", "clock_offset"}


def test_a_connection_that_does_not_exits_3_after_the_others_were_checked(erp: Connection, crm: Connection) -> None:
    lines, code = check()

    crm.refresh_from_db()
    assert code == 3
    assert [line[:5] for line in lines] == ["✗ CRM", "✓ ERP"]
    assert crm.healthy is False
    assert crm.health["code"] == "database_missing"


def test_only_those_that_are_named_are_checked(erp: Connection, crm: Connection) -> None:
    lines, code = check("ERP")

    crm.refresh_from_db()
    assert (len(lines), code) == (1, 0)
    assert crm.last_check is None


def test_a_connection_that_works_again_is_used_again_at_once(erp: Connection) -> None:
    Connection.objects.update(circuit="open", open_until=timezone.now() + timedelta(hours=1), healthy=False)

    check()

    erp.refresh_from_db()
    assert erp.open_until is None


def test_nobody_listens(db: None) -> None:
    # Port 9 (discard) is closed on every sensible machine.
    Connection.objects.create(name="SHOP", kind="sql", settings={"url": "postgresql://ada@127.0.0.1:9/shop"})

    (line,), code = check()

    assert code == 3
    assert line.startswith("✗ SHOP: SHOP could not be reached: the host is there, but nothing answers at this port.")


def test_a_variable_that_is_no_longer_set(erp: Connection) -> None:
    Connection.objects.update(settings={"url": "postgresql://${NO_SUCH_VARIABLE}/erp"})

    (line,), code = check()

    erp.refresh_from_db()
    assert code == 3
    assert line == ("✗ ERP: The environment variable NO_SUCH_VARIABLE, which ERP needs, is not set.")
    assert erp.health == {"code": "variable_unset", "params": {"variable": "NO_SUCH_VARIABLE"}, "detail": ""}


def test_a_secret_that_cannot_be_decrypted(erp: Connection) -> None:
    Connection.objects.update(settings={"url": "postgresql://ada:********@127.0.0.1:9/erp"}, secret="gAAAAA")

    (line,), code = check()

    assert code == 3
    assert "ENCRYPTION_KEY has changed" in line


def test_an_unknown_name_exits_2_with_what_was_probably_meant(erp: Connection) -> None:
    with pytest.raises(CommandError, match=r"^There is no connection “EPR”. Did you mean “ERP”\?$") as refused:
        check("EPR")

    assert refused.value.returncode == 2


def test_without_connections_there_is_nothing_to_check() -> None:
    with pytest.raises(CommandError, match="There are no connections yet") as refused:
        check()

    assert refused.value.returncode == 2
