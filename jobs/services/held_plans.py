"""The list of held plans, a page at a time: what it costs grows neither with the plans nor with the records of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Count

from couplings import lists
from couplings.models import SyncError
from couplings.paging import Page, page_read_by
from jobs.services.held import Plan, everything, side_of

PAGE: Final = 25
COUNTED: Final = 10_000  # records of a plan, which are "10,000+" beyond; its own page tells exactly how many
KEY: Final = ("job", "mapping_id", "left_exists", "code")
"""What tells plans apart, in the order of the index ``errors_held``."""


class _Row(NamedTuple):
    job: int
    mapping: int
    left_exists: bool
    code: str
    example: int  # the id of one of its records
    since: datetime
    records: int


def plans(where: Mapping[str, str]) -> Page[Plan]:
    """The page of plans that ``where`` (a query string with ``after`` or ``before``) points at, the newest first.

    Five queries. Plans of a mapping that went meanwhile are left out.
    """
    found = page_read_by(_read, "-plan", where, lambda row: list(row[: len(KEY)]), len(KEY), PAGE)
    approved = _approved({row.job for row in found})
    params = dict(SyncError.objects.filter(pk__in=[row.example for row in found]).values_list("pk", "params"))
    mappings = {mapping.pk: mapping for mapping in lists.mappings()}
    rows = [
        Plan(
            mappings[row.mapping],
            row.job,
            side_of(row.left_exists),
            row.code,
            params.get(row.example, {}),
            min(row.records, COUNTED),
            approved.get(row[: len(KEY)], 0),
            row.since,
            exact=row.records <= COUNTED,
        )
        for row in found
        if row.mapping in mappings
    ]
    return Page(rows, found.previous, found.next)


def _approved(jobs: set[int]) -> dict[tuple[Any, ...], int]:
    """By what tells plans apart, how many of their records somebody has approved."""
    asked = everything().filter(requested__isnull=False, job__in=jobs).order_by()
    return {row[: len(KEY)]: row[-1] for row in asked.values_list(*KEY).annotate(number=Count("pk"))}


# From plan to plan by one descent in the index each, however many records lie between; then as many records of each as
# are counted.
_NEXT = """
    SELECT job, mapping_id, left_exists, code FROM couplings_syncerror
    WHERE state = 'held' AND (job, mapping_id, left_exists, code) {sign} {mark}
    ORDER BY job {way}, mapping_id {way}, left_exists {way}, code {way}, id {way} LIMIT 1
"""
_PLANS = """
    WITH RECURSIVE plans AS (
        ({first}) UNION ALL SELECT following.* FROM plans p CROSS JOIN LATERAL ({next}) AS following
    )
    SELECT p.job, p.mapping_id, p.left_exists, p.code, counted.*
    FROM (SELECT * FROM plans LIMIT %s) AS p
    CROSS JOIN LATERAL (
        SELECT min(id), min(first_seen), count(*) FROM (
            SELECT id, first_seen FROM couplings_syncerror
            WHERE state = 'held' AND job = p.job AND mapping_id = p.mapping_id AND left_exists = p.left_exists
                AND code = p.code
            LIMIT %s) AS part) AS counted
"""


def _read(mark: list[Any] | None, descending: bool, limit: int) -> list[_Row]:
    sign, way = ("<", "DESC") if descending else (">", "ASC")
    start = "(%s::bigint, %s::bigint, %s::boolean, %s::text)"
    sql = _PLANS.format(
        first=_NEXT.format(sign=sign, way=way, mark=start),
        next=_NEXT.format(sign=sign, way=way, mark="(p.job, p.mapping_id, p.left_exists, p.code)"),
    )
    outside = [2**63 - 1 if descending else -1, 0, False, ""]  # no job has such a number
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(mark or outside), limit, COUNTED + 1])
        return [_Row._make(row) for row in cursor.fetchall()]
