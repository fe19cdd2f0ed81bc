"""The limit of a connection: one for all workers, most of it for fresh changes, and kept without Redis, too."""

import logging
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from couplings.models import Connection, SyncError, TableMapping
from jobs import queue
from jobs.models import Kind, Trigger
from jobs.runner import runner
from jobs.runner.allowance import Shared
from jobs.services import actions, records
from jobs.services.errors import Refused
from syncstatus.engine.records import Side
from tests.faults import processes
from tests.jobs.worlds import World, told

CRM = 7
LIMIT = (8, 3600)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


@pytest.fixture
def worker(broker: redis.Redis) -> Shared:
    return Shared(settings.REDIS_URL)


def sent(worker: Shared, attempts: int, *, retry: bool = False) -> int:
    """How many of so many requests may be sent now."""
    return sum(worker.wait(CRM, *LIMIT, retry=retry) == 0 for _ in range(attempts))


def test_all_workers_share_one_limit(worker: Shared) -> None:
    other = Shared(settings.REDIS_URL)
    assert sent(worker, 5) == 5
    assert sent(other, 5) == 3
    assert 3500 < worker.wait(CRM, *LIMIT, retry=False) <= 3600
    assert worker.wait(CRM + 1, *LIMIT, retry=False) == 0, "another system has a limit of its own"


def test_retries_have_the_whole_limit_while_nothing_else_waits(worker: Shared) -> None:
    assert sent(worker, 10, retry=True) == 8


def test_retries_get_a_quarter_while_fresh_changes_wait(worker: Shared, broker: redis.Redis) -> None:
    assert sent(worker, 9) == 8  # the ninth waits from now on
    forget(broker)
    assert sent(worker, 8, retry=True) == 2
    assert 0 < worker.wait(CRM, *LIMIT, retry=True) <= 3600
    assert sent(worker, 8) == 6


def test_retries_are_never_given_up_altogether(worker: Shared, broker: redis.Redis) -> None:
    assert worker.wait(CRM, 1, 3600, retry=False) == 0
    assert worker.wait(CRM, 1, 3600, retry=False) > 0
    forget(broker)
    assert worker.wait(CRM, 1, 3600, retry=True) == 0


def forget(broker: redis.Redis) -> None:
    """The span has passed since the requests that were sent; what waits, waits still."""
    broker.delete(f"syncstatus:allowance:{{{CRM}}}")


def test_without_redis_each_process_keeps_to_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    worker = Shared(NOWHERE)
    with caplog.at_level(logging.WARNING):
        assert sent(worker, 20) == 8
    assert caplog.text.count("keeps to the limits of connections on its own") == 1


def limited(name: str, requests: int = 1000) -> str:
    """The key under which the requests of the connection ``name`` are counted."""
    connection = Connection.objects.get(name=name)
    connection.settings |= {"limit": {"requests": requests, "per": "1h"}}
    connection.save()
    return f"syncstatus:allowance:{{{connection.pk}}}"


def test_every_call_of_a_run_is_counted(world: World, broker: redis.Redis) -> None:
    """Calls, not records: 300 of them travel in a handful of requests."""
    key = limited("CRM")
    world.left.execute("INSERT INTO customer (name) SELECT 'Name ' || n FROM generate_series(1, 300) n")
    job = queue.enqueue(world.mapping, Kind.MODIFIED, Trigger.SCHEDULE)
    assert told(runner.run(job.pk)) == {"inserted": 300}  # type: ignore[arg-type]
    assert 0 < broker.zcard(key) < 10  # type: ignore[operator]
    assert not broker.exists(f"{key}:retries")
    assert len(broker.keys("syncstatus:allowance:*")) == 1, "ERP has no limit"  # type: ignore[arg-type]


def test_the_retry_set_stands_behind(world: World, broker: redis.Redis) -> None:
    key = limited("ERP")
    world.left.add(name="x" * 80)
    world.sync()
    assert not broker.exists(f"{key}:retries")
    actions.request(SyncError.objects.open(), "retry", user=None, queue=False)
    assert broker.exists(f"{key}:retries")


def test_a_person_is_not_left_waiting_for_the_limit(world: World, broker: redis.Redis) -> None:
    limited("CRM", requests=1)
    mapping = TableMapping.objects.get()
    with pytest.raises(Refused) as refused:
        records.search(mapping, Side.RIGHT, "Adatum")
    assert refused.value.code == "limit_reached"
    assert 3500 < refused.value.params["seconds"] <= 3600
    assert Connection.objects.get(name="CRM").circuit == "closed", "the system has done nothing wrong"
