"""Two business databases, a configuration file that maps them, and the command that applies it."""

import io
import sqlite3
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

ERP = """
create table customer (
    id integer primary key, name varchar(100) not null, phone varchar(30), country varchar(2), photo blob,
    balance decimal(10, 2), active boolean, since date, attributes json,
    whole integer generated always as (id * 2) stored, modified_at datetime, row_version integer);
create table item (no varchar(20) primary key, name varchar(50));
create table line (
    order_no integer, line_no integer, name varchar(50), phone varchar(30), primary key (order_no, line_no));
create table note (text varchar(100), author varchar(20));
"""
CRM = """
create table client (
    client_id integer primary key, full_name varchar(100) not null, telephone varchar(30), land varchar(2),
    picture blob, credit decimal(10, 2), is_active boolean, joined date, double integer, changed_at datetime,
    segment varchar(10) not null default 'A');
create table strict_client (id integer primary key, full_name varchar(100) not null, owner varchar(10) not null);
create table product (id integer primary key, number varchar(20), label varchar(50));
"""
FILE = """\
connections:
  ERP: {{kind: sql, url: "sqlite:///{folder}/erp.sqlite3"}}
  CRM: {{kind: sql, url: "sqlite:///{folder}/crm.sqlite3"}}
mappings:
  CUSTOMER:
    left: {{connection: ERP, table: customer, modified_on: modified_at}}
    right: {{connection: CRM, table: client}}
    direction: bidirectional
    schedule: {{every: 30m}}
    fields:
      name: {{to: full_name, match: 1}}
      phone: telephone
"""


def build(folder: Path) -> Path:
    """Makes the databases and the file ``sync.yaml`` in ``folder``, which it gives back."""
    for name, script in (("erp", ERP), ("crm", CRM)):
        database = sqlite3.connect(folder / f"{name}.sqlite3")
        database.executescript(script)
        database.close()
    (folder / "sync.yaml").write_text(FILE.format(folder=folder))
    return folder


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("config", *map(str, arguments), stdout=out)
    return out.getvalue()


def apply(folder: Path, *options: str) -> str:
    return run("apply", folder / "sync.yaml", *options)


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "sync.yaml"
    text = file.read_text()
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new))


def refusal(folder: Path, code: int = 2) -> str:
    """What applying the file says when it is refused; asserts that nothing was changed."""
    before = run("export")
    with pytest.raises(CommandError) as refused:
        apply(folder)
    assert refused.value.returncode == code
    assert run("export") == before
    return str(refused.value).replace(f"{folder}/", "")
