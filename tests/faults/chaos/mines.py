"""A Celery worker that can be killed at a named point of its work: ``python -m tests.faults.chaos.mines worker``.

A mine is a file. Whoever reaches its point first takes the file away and dies of SIGKILL, be it the worker itself or
one of its processes. The product knows nothing of it: the functions that ``tests.faults.driver`` names are wrapped from
outside. Pages are small, so that a run has many of them, and are remembered by the thread that large ones have.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.faults import driver
from tests.faults.driver import Point, die

ENDPOINT: Final = "syncstatus.connectors.sql.endpoint:SqlEndpoint"
POINTS: Final = driver.POINTS | {
    "after records were created": Point(f"{ENDPOINT}.create"),
    "after records were changed": Point(f"{ENDPOINT}.update"),
    "after records were deleted": Point(f"{ENDPOINT}.delete"),
}

FOLDER: Final = "CHAOS_MINES"
PAGE: Final = 25


def path(folder: Path, point: str) -> Path:
    return folder / point.replace(" ", "-").replace("'", "")


def lay(folder: Path, point: str) -> Path:
    mine = path(folder, point)
    mine.touch()
    return mine


def arm(folder: Path) -> None:
    for name, point in POINTS.items():
        module, _, attributes = point.function.partition(":")
        owner: Any = importlib.import_module(module)
        *parents, attribute = attributes.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        original = getattr(owner, attribute)
        setattr(owner, attribute, _mined(original, path(folder, name), before=point.before))


def _mined(original: Callable[..., Any], mine: Path, *, before: bool) -> Callable[..., Any]:
    def step(*arguments: Any, **options: Any) -> Any:
        loaded = _has_records(arguments)
        if before and loaded:
            _blow(mine)
        answer = original(*arguments, **options)
        if not before and loaded:
            _blow(mine)
        return answer

    return step


def _has_records(arguments: tuple[Any, ...]) -> bool:
    """Whether a step of a page has records in its hands: most pages of a feed have none, and nothing to lose."""
    for argument in arguments:
        records = getattr(argument, "verdicts", getattr(argument, "candidates", argument))
        if isinstance(records, (list, tuple)):
            return bool(records)
        if isinstance(records, dict):
            return any(records.values())
    return True


def _blow(mine: Path) -> None:
    try:
        mine.unlink()
    except FileNotFoundError:
        return
    die()


def small_pages() -> None:
    from jobs.runner import kinds, pipeline, sources

    sources.PAGE = kinds.PAGE = PAGE  # type: ignore[misc]
    pipeline.WORTH_A_THREAD = PAGE // 2  # type: ignore[misc]


def main(*command: str) -> None:
    import django

    import syncstatus.celery

    django.setup()
    small_pages()
    arm(Path(os.environ[FOLDER]))
    syncstatus.celery.app.worker_main(list(command))


if __name__ == "__main__":
    main(*sys.argv[1:])
