"""Lookups that refer to each other, against the systems' real fields."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.jobs.configuration_files import apply, change, refusal

pytestmark = pytest.mark.django_db

ERP = """
create table company (id integer primary key, name varchar(50), contact_id integer);
create table contact (id integer primary key, name varchar(50), company_id integer, boss_id integer);
"""
CRM = """
create table account (id integer primary key, name varchar(50), person_id integer not null);
create table person (id integer primary key, name varchar(50), account_id integer not null, boss_id integer not null);
"""
FILE = """\
connections:
  ERP: {{kind: sql, url: "sqlite:///{folder}/erp.sqlite3"}}
  CRM: {{kind: sql, url: "sqlite:///{folder}/crm.sqlite3"}}
mappings:
  COMPANY:
    left: {{connection: ERP, table: company}}
    right: {{connection: CRM, table: account}}
    fields:
      name: name
      contact_id: {{to: person_id, lookup: CONTACT}}
  CONTACT:
    left: {{connection: ERP, table: contact}}
    right: {{connection: CRM, table: person}}
    fields:
      name: name
      company_id: {{to: account_id, lookup: COMPANY}}
      boss_id: {{to: boss_id, lookup: CONTACT}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, script in (("erp", ERP), ("crm", CRM)):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite3")) as database:
            database.executescript(script)
    (tmp_path / "sync.yaml").write_text(FILE.format(folder=tmp_path))
    return tmp_path


def test_records_that_a_system_cannot_hold_without_each_other_are_refused_with_their_circle(folder: Path) -> None:
    assert refusal(folder) == (
        "1 problem. Nothing was changed.\n"
        "sync.yaml:10: mappings.COMPANY.fields.contact_id.lookup: These mappings refer to each other in CRM by fields "
        "that may not be empty there, so that no record could be created first: COMPANY → CONTACT → COMPANY. Let one "
        "of these columns be empty, or synchronize only coupled records."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("table: person}", "table: person}\n    direction: right_to_left"),
        ("table: person}", "table: person}\n    only_coupled: true"),
        ("table: person}", "table: person}\n    enabled: false"),
        ("lookup: COMPANY}", "lookup: [COMPANY, CONTACT]}"),
    ],
    ids=["nothing is written there", "nothing is created", "a mapping at rest", "another way out"],
)
def test_a_circle_with_a_way_out_is_accepted(folder: Path, old: str, new: str) -> None:
    change(folder, old, new)
    apply(folder)


def test_one_link_that_may_be_empty_cuts_the_circle(folder: Path) -> None:
    """A record of the mapping that refers to itself may be there already, so that is no circle."""
    with closing(sqlite3.connect(folder / "crm.sqlite3")) as database:
        database.executescript("drop table account;" + CRM.split(";")[0].replace("integer not null", "integer"))
    apply(folder)
