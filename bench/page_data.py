"""What the pages are measured with: ``python -m bench.page_data ROWS ENTRIES`` fills the store that DATABASE_URL names
and prints a session of its administrator, and a cause of TABLE_07.

ROWS couplings, each with an open error, of 40 mappings and with 300 causes, a job for fifty of them, and ENTRIES in the
log. PostgreSQL multiplies one row of each, which Django has made, so that new columns need nothing here.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench import setup

MAPPINGS = 40
_PROBLEMS = """(VALUES
    (0, 'conflict', 'conflict', '{"fields": ["phone"]}', '["phone"]', 'skipped'),
    (1, 'validation', 'required_empty', '{"side": "left"}', '["currency"]', 'skipped'),
    (2, 'validation', 'text_too_long', '{"side": "left", "limit": 100, "length": 120}', '["name"]', 'skipped'),
    (3, 'deleted', 'record_deleted', '{"deleted_side": "right"}', '[]', 'skipped'),
    (4, 'validation', 'value_not_mapped', '{"side": "right", "value": "FR"}', '["country"]', 'skipped'),
    (5, 'dependency', 'parent_missing', '{"parent": "77", "parent_side": "left"}', '["owner"]', 'waiting'),
    (6, 'transient', 'try_again', '{"side": "right"}', '[]', 'retrying'),
    (7, 'held', 'mass_deletion', '{"side": "right", "planned": 60, "coupled": 100}', '[]', 'held')
) AS p (number, kind, code, params, fields, state)"""
_NAME = """(ARRAY['Adatum', 'Contoso', 'Fabrikam', 'Litware', 'Northwind', 'Proseware', 'Relecloud', 'Trey', 'Wingtip',
    'Woodgrove'])[1 + n * 7 % 10] || ' ' || (ARRAY['Bikes', 'Chairs', 'Doors', 'Glass', 'Pumps', 'Tools', 'Toys',
    'Wine'])[1 + n * 5 % 8] || ' ' || n"""
# In no order that any column knows, as errors of many mappings are seen.
_SEEN = "now() - interval '30 days' * ((n * 7919) % 100003) / 100003.0 - n * interval '1 microsecond'"


def fill(rows: int, entries: int) -> None:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from couplings.models import Connection, Coupling, SyncError, SyncLogEntry, TableMapping
    from jobs.models import JobState, Kind, SyncJob, Trigger

    now, jobs = timezone.now(), max(rows // 50, 20)
    User.objects.create_superuser("ada")
    sides = [
        Connection.objects.create(name=name, kind="sql", settings={"url": "sqlite://"}, healthy=True, last_check=now)
        for name in ("ERP", "CRM")
    ]
    tables = {
        "left_connection": sides[0],
        "left_table": "customer",
        "right_connection": sides[1],
        "right_table": "account",
    }
    mappings = [TableMapping.objects.create(name=f"TABLE_{n:02}", **tables) for n in range(1, MAPPINGS + 1)]
    mapping = f"{mappings[0].pk} + n % {MAPPINGS}"
    number = "'C' || lpad(n::text, 7, '0')"

    job = SyncJob(mapping=mappings[0], kind=Kind.MODIFIED, trigger=Trigger.SCHEDULE, state=JobState.FINISHED, read=5)
    ended = {"created": "now() - n * interval '1 min'", "started": "now() - n * interval '1 min'"}
    ended |= {"finished": "now() - n * interval '1 min' + interval '3 s'", "modified": "5", "counted": "true"}
    multiply(job, f"generate_series(1, {jobs}) n", {"mapping_id": mapping, **ended})

    coupling = Coupling(mapping=mappings[0], left_key="0", right_key="0", last_synced=now)
    of_coupling = {"mapping_id": mapping, "left_key": number, "right_key": "'a-' || md5(n::text)"}
    base = """'{"name": "Company ' || n || '", "phone": "+45 ' || n || '"}'"""
    multiply(coupling, f"generate_series(1, {rows}) n", {**of_coupling, "base": base})

    error = SyncError(
        mapping=mappings[0], left_key="0", left_exists=True, first_seen=now, last_seen=now, state="skipped"
    )
    of_error = {
        "mapping_id": "c.mapping_id",
        "coupling_id": "c.id",
        "left_key": "c.left_key",
        "right_key": "c.right_key",
    }
    of_error |= {"right_exists": "p.code <> 'record_deleted'", "description": _NAME, "job": f"1 + n % {jobs}"}
    of_error |= {"kind": "p.kind", "code": "p.code", "params": "p.params::jsonb", "fields": "p.fields::jsonb"}
    of_error |= {"details": "jsonb_build_object('phone', jsonb_build_object('left', n, 'right', n + 1, 'base', n + 2))"}
    of_error |= {"state": "p.state", "attempts": "1 + n % 5", "last_seen": _SEEN}
    of_error |= {"first_seen": f"{_SEEN} - interval '1 day' * (n % 30)"}
    of_error |= {"next_attempt": "CASE p.state WHEN 'retrying' THEN now() + interval '1 day' END"}
    # A mapping has seven or eight causes, 300 in all.
    problem = f"JOIN {_PROBLEMS} ON p.number = n / {MAPPINGS} % (7 + n % 2)"
    pairs = f"(SELECT *, row_number() OVER (ORDER BY id) AS n FROM couplings_coupling) c {problem}"
    multiply(error, pairs, of_error)

    entry = SyncLogEntry(job=1, mapping=mappings[0], outcome="modified", at=now)
    of_entry = {"job": f"1 + n % {jobs}", "mapping_id": mapping, "coupling": f"1 + n % {rows}", "left_key": number}
    of_entry |= {"changes": """'{"right": {"telephone": ["+45 ' || n || '", "+45 ' || n + 1 || '"]}}'"""}
    multiply(entry, f"generate_series(1, {entries}) n", {**of_entry, "at": "now() - n * interval '1 s'"})


def multiply(row, source: str, values: Mapping[str, str]) -> None:  # type: ignore[no-untyped-def]
    """A copy of ``row`` for each of ``source``, with ``values``: SQL expressions by column."""
    from django.db import connection

    row.save()
    fields = [field for field in row._meta.local_concrete_fields if not field.primary_key and not field.generated]
    names = [field.column for field in fields]
    copied = ", ".join(values.get(name, f"t.{name}") for name in names)
    table = row._meta.db_table
    with connection.cursor() as cursor, _without_indexes(cursor, table):
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {copied} FROM {table} t, {source} WHERE t.id = {row.pk}"
        )
        row.delete()
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}")


@contextmanager
def _without_indexes(cursor, table: str) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Indexes are built faster once all rows are there; those of constraints stay."""
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = %s::regclass AND NOT i.indisunique",
        [table],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in found:
        cursor.execute(definition)


def session() -> str:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get(username="ada"), settings.AUTHENTICATION_BACKENDS[-1])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def a_cause() -> str:
    from couplings.models import SyncError

    return str(SyncError.objects.filter(mapping__name="TABLE_07").values_list("cause", flat=True)[0])


def main() -> None:
    setup.start()
    fill(*map(int, sys.argv[1:]))
    print(session(), a_cause())


if __name__ == "__main__":
    main()
