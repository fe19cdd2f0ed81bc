"""Match-Based Coupling of two tables that nothing has coupled yet."""

import subprocess
import sys

from bench import tables
from bench.runs import Row, Runs, mapping, rate
from couplings.models import TableMapping

AIM = "100,000 rows in 15 s"


def run(runs: Runs) -> list[Row]:
    """Half of the rows are found by the first criterion, half by the second; then a field that is the same in all rows,
    where each could be everybody's partner."""
    for url in (runs.left, runs.right):
        tables.create(url, "partner", runs.rows)
    tables.execute(runs.right, "UPDATE partner SET number = 'X' || id WHERE id % 2 = 0", "VACUUM ANALYZE partner")
    found = mapping("PARTNER", runs.left, runs.right, "partner")
    found.fields.filter(left="mail").update(match=2)
    rows = _measured(found, runs.rows, "preview", f"preview of {runs.rows:,} matches on two criteria", AIM)
    found.fields.update(match=None)
    found.fields.filter(left="blocked").update(match=1)
    rows += _measured(found, runs.rows, "preview", "  the same, all rows alike in the only match field", "")
    found.fields.update(match=None)
    found.fields.filter(left="number").update(match=1)
    found.fields.filter(left="mail").update(match=2)
    return rows + _measured(found, runs.rows, "match", f"coupling of {runs.rows:,} matches on two criteria", "")


def _measured(found: TableMapping, rows: int, work: str, label: str, aim: str) -> list[Row]:
    """In a process of its own, whose memory is then its own, too."""
    command = [sys.executable, "-m", "bench.child", found.name, work]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds, peak = float(told[-2]), int(told[-1])
    return [rate(label, rows, seconds, aim), ("  peak memory of its process", f"{peak // 1024} MB", "")]
