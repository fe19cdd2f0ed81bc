"""How much faster two workers are than one."""

from bench import tables
from bench.runs import Row, Runs, mapping, rate
from bench.workers import running, until
from couplings.models import TableMapping
from jobs.models import JobState, Kind, SyncJob
from jobs.services import jobs


def side_by_side(runs: Runs) -> list[Row]:
    """The same first synchronization, by one worker and by two."""
    seconds = {count: _first(runs, count) for count in (1, 2)}
    label = f"first coupling of {runs.rows:,} rows"
    return [
        rate(f"{label}, one worker", runs.rows, seconds[1], ""),
        rate(f"{label}, two workers", runs.rows, seconds[2], ""),
        ("  two are faster than one", f"{seconds[1] / seconds[2]:.2f} times", "1.6 times at least"),
    ]


def _first(runs: Runs, count: int) -> float:
    for url in (runs.left, runs.right):
        tables.create(url, "vendor", runs.rows)
    found = mapping(f"FIRST{count}", runs.left, runs.right, "vendor")
    with running(count):
        job = jobs.start(found, Kind.FULL)
        until(lambda: SyncJob.objects.filter(pk=job.pk, state=JobState.FINISHED).exists())
    job.refresh_from_db()
    TableMapping.objects.filter(pk=found.pk).delete()
    assert job.coupled == runs.rows, job.__dict__
    assert job.started
    assert job.finished
    return (job.finished - job.started).total_seconds()
