"""How many jobs over whole mappings may use a connection side by side: its ``jobs`` in the configuration file.

Jobs over a few records are not counted: a person does not wait for an hour because a system is busy.
"""

from django.db.models import Q, QuerySet

from couplings.models import Connection, TableMapping
from jobs.models import LONG, JobState, SyncJob


def claim(job: int) -> bool:
    """Whether ``job`` has room at both its connections, within the transaction that claims it; until that ends, nobody
    else takes the same room."""
    mapping = TableMapping.objects.filter(jobs=job, jobs__kind__in=LONG)
    return all(_running(found, job) < limit for found, limit in _limits(mapping))


def _limits(mapping: QuerySet[TableMapping]) -> list[tuple[Connection, int]]:
    used = Q(pk__in=mapping.values("left_connection")) | Q(pk__in=mapping.values("right_connection"))
    limited = Connection.objects.filter(used, settings__has_key="jobs").order_by("pk").select_for_update()
    return [(found, found.jobs_limit) for found in limited if found.jobs_limit is not None]


def _running(connection: Connection, besides: int) -> int:
    uses = Q(mapping__left_connection=connection) | Q(mapping__right_connection=connection)
    running = SyncJob.objects.filter(uses, state=JobState.RUNNING, kind__in=LONG).exclude(pk=besides)
    return running.count()


def shared_with(mapping: int) -> list[int]:
    """The limited connections of ``mapping``: where its job ends, another may have waited for room."""
    mappings = TableMapping.objects.filter(pk=mapping)
    used = Q(pk__in=mappings.values("left_connection")) | Q(pk__in=mappings.values("right_connection"))
    return list(Connection.objects.filter(used, settings__has_key="jobs").values_list("pk", flat=True))
