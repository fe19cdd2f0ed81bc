"""One record, from the click to both sides agreeing, through a running Celery worker."""

import time
from statistics import median

import sqlalchemy as sa

from bench.runs import Row
from bench.workers import running
from couplings.models import Coupling, TableMapping
from jobs.services import couplings

CLICKS = 30


def latency(mapping: TableMapping, left: str, right: str) -> Row:
    engines = sa.create_engine(left, isolation_level="AUTOCOMMIT"), sa.create_engine(right)
    chosen = list(Coupling.objects.filter(mapping=mapping).order_by("id")[: CLICKS + 3])
    with running(1):
        taken = [_click(coupling, *engines) for coupling in chosen]
    seconds = median(taken[3:])  # the first ones open connections
    return ("one record, from the click to both sides agreeing", f"{seconds * 1000:.0f} ms", "under 200 ms")


def _click(coupling: Coupling, left: sa.Engine, right: sa.Engine) -> float:
    phone = f"click {time.monotonic_ns()}"[:30]
    with left.connect() as connection:
        connection.execute(
            sa.text("UPDATE customer SET phone = :phone WHERE id = :id"), {"phone": phone, "id": int(coupling.left_key)}
        )
    started = time.perf_counter()
    couplings.synchronize(Coupling.objects.filter(pk=coupling.pk), user=None)
    while not _agrees(right, coupling.right_key, phone):
        if time.perf_counter() - started > 60:
            raise TimeoutError("the worker did not answer")
        time.sleep(0.002)
    return time.perf_counter() - started


def _agrees(right: sa.Engine, key: str, phone: str) -> bool:
    with right.connect() as connection:
        found = connection.execute(sa.text("SELECT phone FROM customer WHERE id = :id"), {"id": int(key)})
        return bool(found.scalar_one() == phone)
