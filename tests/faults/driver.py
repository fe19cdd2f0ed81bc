"""A program of the product that dies at a chosen point: ``python -m tests.faults.driver POINT NUMBER sync CUSTOMER``.

It kills its own process (SIGKILL) at the NUMBERth time the point is reached; the command is one of ``manage.py``, or
``worker`` for a Celery worker. The product knows nothing of it: one named function is wrapped from outside.
"""

import importlib
import os
import signal
import sys
from dataclasses import dataclass
from itertools import count
from typing import Any


@dataclass(frozen=True)
class Point:
    """The process dies before or after the call of ``function`` (module:name, or module:class.name)."""

    function: str
    before: bool = False


POINTS = {
    "after the plan": Point("jobs.runner.deciding:decide_all"),
    "after the create intent": Point("jobs.runner.creating:announce"),
    "after the request was sent": Point("syncstatus.connectors.sql.database:Database._commit", before=True),
    "after the other side's commit": Point("syncstatus.connectors.sql.database:Database._commit"),
    "after the answer": Point("jobs.runner.writing:write"),
    "after the coupling": Point("jobs.runner.remembering:_couple"),
    "after the base": Point("jobs.runner.remembering:_agree"),
    "before the cursor moves": Point("jobs.runner.remembering:_move_cursors", before=True),
    "before our commit": Point("jobs.runner.lease:keep"),
    "after our commit": Point("jobs.runner.pipeline:remember"),
    "before the job ends": Point("jobs.runner.runner:_finish", before=True),
    "before the task is acknowledged": Point("jobs.runner.runner:run"),
}


def arm(point: Point, number: int) -> None:
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original, calls = getattr(owner, name), count(1)

    def deadly(*arguments: Any, **options: Any) -> Any:
        last = next(calls) == number
        if last and point.before:
            die()
        answer = original(*arguments, **options)
        if last:
            die()
        return answer

    setattr(owner, name, deadly)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str, number: str, *command: str) -> None:
    import django

    import syncstatus.celery

    django.setup()
    arm(POINTS[point], int(number))
    if command[0] == "worker":
        syncstatus.celery.app.worker_main([*command, "--pool=solo", "--without-gossip", "--without-mingle"])
        return
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main(*sys.argv[1:])
