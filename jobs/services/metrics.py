"""Figures for Prometheus, read from the store when they are asked for: right with any number of processes.

Counters come from the totals, which keep what retention deletes; gauges are counted now, by an index each. So a scrape
reads the same few pages whether the store holds ten jobs or ten million; open errors are counted in their index.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Now
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from couplings.models import Connection, SyncError, TableMapping
from couplings.models.connection import Circuit
from jobs import queue, totals, workers
from jobs.models import ENDED, OUTCOMES, JobState, Kind, SyncJob, Total

Values = dict[tuple[str, str, str, str], float]
"""Totals by mapping, kind and state of the jobs, and name."""


def exposition(accept: str) -> tuple[bytes, str]:
    """All figures in the format that the header ``accept`` prefers, and the content type. Raises the store's errors."""
    encode, content_type = choose_encoder(accept)
    return encode(Figures()), content_type


class Figures(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from _workers_and_queue()
        yield from _mappings()
        yield from _ended_jobs()
        yield _active_jobs()
        yield from _open_errors()
        yield from _connections()


def _workers_and_queue() -> Iterator[Metric]:
    waiting = SyncJob.objects.filter(queue.WAITING)
    yield GaugeMetricFamily("syncstatus_workers", "Workers that live.", workers.alive().count())
    yield GaugeMetricFamily("syncstatus_queue_jobs", "Jobs that wait for their turn.", waiting.count())
    yield GaugeMetricFamily(
        "syncstatus_queue_oldest_seconds",
        "How long the first of them has waited; 0 when none does.",
        _seconds(queue.oldest_waiting()),
    )


def _mappings() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "syncstatus_mapping_paused", "Whether nothing runs until somebody resumes.", None, ["mapping"]
    )
    for name, paused in TableMapping.objects.values_list("name", "paused"):
        family.add_metric([name], paused)
    yield family


def _ended_jobs() -> Iterator[Metric]:
    totals.fold()
    values = _totals()
    owners = sorted({(mapping, kind) for mapping, kind, _state, _name in values} | _usual())
    yield _jobs(owners, values)
    yield _records(owners, values)
    yield _durations(owners, values)


def _totals() -> Values:
    rows = Total.objects.values_list("mapping__name", "kind", "state", "name", "value")
    found: Values = defaultdict(float)
    for mapping, kind, state, name, value in rows:
        found[mapping, kind, state, name] = value
    return found


def _usual() -> set[tuple[str, str]]:
    """Counters that are there before they count: what appears with 1 has not increased to Prometheus."""
    return {(name, Kind.MODIFIED.value) for name in TableMapping.objects.values_list("name", flat=True)}


def _jobs(owners: list[tuple[str, str]], values: Values) -> Metric:
    family = CounterMetricFamily("syncstatus_jobs", "Jobs that have ended.", labels=["mapping", "kind", "state"])
    for owner in owners:
        for state in ENDED:
            family.add_metric([*owner, state.value], values[*owner, state.value, "jobs"])
    return family


def _records(owners: list[tuple[str, str]], values: Values) -> Metric:
    text = "Records of jobs that have ended, by what became of them."
    family = CounterMetricFamily("syncstatus_records", text, labels=["mapping", "kind", "outcome"])
    for owner in owners:
        for outcome in OUTCOMES:
            family.add_metric([*owner, outcome], sum(values[*owner, state.value, outcome] for state in ENDED))
    return family


def _durations(owners: list[tuple[str, str]], values: Values) -> Metric:
    text = "How long jobs took that finished, from their first start."
    family = HistogramMetricFamily("syncstatus_job_duration_seconds", text, labels=["mapping", "kind"])
    for owner in owners:
        finished = (*owner, JobState.FINISHED.value)
        buckets = [(str(float(bound)), values[*finished, f"within_{bound}"]) for bound in totals.WITHIN]
        family.add_metric(owner, [*buckets, ("+Inf", values[*finished, "jobs"])], values[*finished, "seconds"])
    return family


def _active_jobs() -> Metric:
    family = GaugeMetricFamily(
        "syncstatus_jobs_active", "Jobs that have not ended.", labels=["mapping", "kind", "state"]
    )
    # No job is counted before it has ended, so that the index over those reads none of the others.
    active = SyncJob.objects.filter(counted=False).exclude(state__in=ENDED)
    for *labels, count in active.values_list("mapping__name", "kind", "state").annotate(count=Count("*")):
        family.add_metric(labels, count)
    return family


def _open_errors() -> Iterator[Metric]:
    labels = ["mapping", "connection", "kind"]
    counts = GaugeMetricFamily("syncstatus_open_errors", "Open errors.", labels=labels)
    ages = GaugeMetricFamily("syncstatus_open_errors_oldest_seconds", "Age of the oldest of them.", labels=labels)
    for owner, count, age in [*_of_mappings(), *_of_connections()]:
        counts.add_metric(owner, count)
        ages.add_metric(owner, _seconds(age))
    yield counts
    yield ages


def _of_mappings() -> Iterator[tuple[list[str], int, timedelta]]:
    """Grouped without a join, so that the index alone answers."""
    names = dict(TableMapping.objects.values_list("pk", "name"))
    for mapping, kind, count, age in _counted(SyncError.objects.open().filter(mapping__isnull=False), "mapping"):
        if mapping in names:  # not deleted between the two questions
            yield [names[mapping], "", kind], count, age


def _of_connections() -> Iterator[tuple[list[str], int, timedelta]]:
    """An error of a whole connection has no mapping."""
    for connection, kind, count, age in _counted(SyncError.objects.open().filter(mapping=None), "connection__name"):
        yield ["", connection, kind], count, age


def _counted(errors: QuerySet[SyncError], owner: str) -> QuerySet:
    return errors.values_list(owner, "kind").annotate(count=Count("*"), age=Now() - Min("first_seen"))


def _connections() -> Iterator[Metric]:
    circuit = GaugeMetricFamily(
        "syncstatus_connection_circuit", "1 for the state that the circuit is in.", labels=["connection", "state"]
    )
    for name, state in Connection.objects.values_list("name", "circuit"):
        for possible in Circuit.values:
            circuit.add_metric([name, possible], state == possible)
    yield circuit


def _seconds(age: timedelta | None) -> float:
    return age.total_seconds() if age is not None else 0.0
