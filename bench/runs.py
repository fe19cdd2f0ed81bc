"""Whole runs between two PostgreSQL databases, as the workers and the commands do them."""

import resource
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

from bench import bare, tables
from bench.workers import running
from couplings.models import Connection, FieldMapping, TableMapping
from jobs.models import Kind, SyncJob
from jobs.services import jobs

ROWS = 100_000
MANY = 1_000_000

Row = tuple[str, str, str]


def timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def mapping(name: str, left: str, right: str, table: str) -> TableMapping:
    sides = {}
    for side, url in (("left", left), ("right", right)):
        sides[f"{side}_connection"], _ = Connection.objects.get_or_create(
            name=side.upper(), kind="sql", settings={"url": url}
        )
        sides |= {f"{side}_table": table, f"{side}_modified_on": "modified_at"}
    found = TableMapping.objects.create(name=name, **sides)
    for position, field in enumerate(tables.NAMES):
        match = 1 if field == "number" else None
        FieldMapping.objects.create(mapping=found, position=position, left=field, right=field, match=match)
    return found


def sync(found: TableMapping, kind: Kind = Kind.MODIFIED) -> SyncJob:
    found.refresh_from_db()
    return jobs.start(found, kind, queue=False)


class Runs:
    """The measured runs build on each other; each answers with rows of the table."""

    def __init__(self, rows: int = ROWS, many: int = MANY) -> None:
        self.rows, self.many = rows, many
        self.left, self.right = tables.database("bench_left"), tables.database("bench_right")

    def first_coupling(self) -> Row:
        for url in (self.left, self.right):
            tables.create(url, "customer", self.rows)
        self.customer = mapping("CUSTOMER", self.left, self.right, "customer")
        seconds = timed(lambda: sync(self.customer))
        return rate(f"first coupling of two equal tables of {self.rows:,} rows", self.rows, seconds, "10,000 pairs/s")

    def full_comparison(self) -> Row:
        seconds = median(timed(lambda: sync(self.customer, Kind.FULL)) for _ in range(3))
        return rate(f"full comparison of {self.rows:,} unchanged couplings", self.rows, seconds, "25,000 pairs/s")

    def changed(self, rows: int) -> list[Row]:
        """Side by side in one run: the same changes moved by the bare script into a copy of the table, by us, and by us
        with a second worker that takes part."""
        self._copy_for_bare()
        found = [row for columns in (2, 19) for row in self._changed(rows, columns, "")]
        with running(1):
            return found + [row for columns in (2, 19) for row in self._changed(rows, columns, ", two workers")]

    def _copy_for_bare(self) -> None:
        tables.execute(
            self.right,
            "DROP TABLE IF EXISTS bare_customer",
            "CREATE TABLE bare_customer (LIKE customer INCLUDING ALL)",
            "INSERT INTO bare_customer SELECT * FROM customer",
            "CREATE TRIGGER stamp BEFORE UPDATE ON bare_customer FOR EACH ROW EXECUTE FUNCTION stamp()",
            "VACUUM ANALYZE bare_customer",
        )
        view = "CREATE VIEW bare_customer AS SELECT * FROM customer"
        tables.execute(self.left, "DROP VIEW IF EXISTS bare_customer", view)

    def _changed(self, rows: int, columns: int, how: str) -> list[Row]:
        bares, ours = [], []
        for _ in range(3):
            tables.change(self.left, "customer", rows, columns)
            bares.append(timed(lambda: bare.copy_changes(self.left, self.right, "bare_customer", rows)))
            ours.append(timed(lambda: sync(self.customer)))
            tables.execute(self.right, "VACUUM customer", "VACUUM bare_customer")
            tables.execute(self.left, "VACUUM customer")
        ratio = median(mine / other for mine, other in zip(ours, bares, strict=True))
        return [
            rate(f"{rows:,} changed rows, {columns} of 20 columns{how}", rows, median(ours), ""),
            (f"  bare read and COPY-UPDATE of the same {rows:,} rows", f"{median(bares):.2f} s", ""),
            ("  ratio of the two", f"{ratio:.2f}", "3 at most, 1.5 wished for"),
        ]

    def nothing_changed(self, label: str, found: TableMapping) -> Row:
        sync(found)
        seconds = median(timed(lambda: sync(found)) for _ in range(5))
        return (f"scheduled run, nothing changed, {label} rows", f"{seconds * 1000:.0f} ms", "")

    def million(self) -> list[Row]:
        """The first coupling of a large table in a process of its own, whose memory is then its own, too."""
        for url in (self.left, self.right):
            tables.create(url, "item", self.many)
        found = mapping("ITEM", self.left, self.right, "item")
        command = [sys.executable, "-m", "bench.child", found.name]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        seconds, peak = float(told[-2]), int(told[-1])
        return [
            rate(f"first coupling of {self.many:,} rows", self.many, seconds, ""),
            ("  peak memory of its process", f"{peak // 1024} MB", "300 MB at most"),
            (*self.nothing_changed(f"{self.many:,}", found)[:2], "under 1 s"),
        ]


def rate(label: str, rows: int, seconds: float, aim: str) -> Row:
    return (label, f"{seconds:.2f} s, {rows / seconds:,.0f}/s", aim and f"at least {aim}")


def peak_memory() -> int:
    """Kilobytes this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
