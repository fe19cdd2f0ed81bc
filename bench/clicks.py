"""One record, from the click to both sides agreeing, through a running Celery worker."""

import subprocess
import sys
import time
from statistics import median

import sqlalchemy as sa

from bench.runs import Row
from couplings.models import Coupling, TableMapping
from jobs.services import couplings

CLICKS = 30


def latency(mapping: TableMapping, left: str, right: str) -> Row:
    worker = [sys.executable, "-m", "celery", "-A", "syncstatus", "worker", "--concurrency", "1", "--loglevel", "ERROR"]
    process = subprocess.Popen(worker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        engines = sa.create_engine(left, isolation_level="AUTOCOMMIT"), sa.create_engine(right)
        chosen = list(Coupling.objects.filter(mapping=mapping).order_by("id")[: CLICKS + 3])
        taken = [_click(coupling, *engines) for coupling in chosen]
    finally:
        process.terminate()
        process.wait()
    seconds = median(taken[3:])  # the first ones wait for the worker to start
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
