"""Records that only the business applications know: looked for in all of them side by side, and not for long."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from structlog.contextvars import bind_contextvars, get_contextvars

from couplings.models import TableMapping
from jobs.services import records
from jobs.services.errors import Refused
from jobs.services.records import FoundRecord
from syncstatus.engine.records import Side

PATIENCE = 3.0  # seconds
SIDE_BY_SIDE = 4  # tables that are searched at once
SHOWN = 10  # of each table


@dataclass(frozen=True)
class Table:
    """A table that was searched: one side of ``mapping``. ``found`` is None where no answer came in time, or where the
    system could not be asked: then ``problem`` is a message (code, params)."""

    mapping: TableMapping
    side: Side
    found: list[FoundRecord] | None = None
    problem: tuple[str, dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.mapping.side_name(self.side)


def search(text: str, patience: float = PATIENCE) -> list[Table]:
    """Records whose key is ``text``, or whose name is or holds it, by table. Systems that are left alone for now are
    not asked; whatever has not been answered after ``patience`` seconds is left out."""
    asked = list(_tables())
    with _Pool() as pool:
        answers = [pool.submit(_search, mapping, side, text) for mapping, side in asked]
        wait(answers, timeout=patience)
    told = (_told(*table, answer) for table, answer in zip(asked, answers, strict=True))
    return [table for table in told if table.found is None or table.found]


def _tables() -> Iterator[tuple[TableMapping, Side]]:
    """Each table once, however many mappings it has."""
    seen = set()
    related = ("left_connection", "right_connection")
    for mapping in TableMapping.objects.filter(enabled=True).select_related(*related).prefetch_related("fields"):
        for side in Side:
            system = mapping.connection(side)
            table = (system.pk, getattr(mapping, f"{side.value}_schema"), getattr(mapping, f"{side.value}_table"))
            if table in seen or (system.open_until and system.open_until > timezone.now()):
                continue
            seen.add(table)
            yield mapping, side


class _Pool(ThreadPoolExecutor):
    """Nobody waits for the threads at the end: what they still search for is of no use any more."""

    def __init__(self) -> None:
        super().__init__(SIDE_BY_SIDE, "search", initializer=_bind, initargs=(get_contextvars(),))

    def __exit__(self, *_problem: object) -> None:
        self.shutdown(wait=False, cancel_futures=True)


def _bind(names: dict[str, Any]) -> None:
    bind_contextvars(**names)


def _search(mapping: TableMapping, side: Side, text: str) -> list[FoundRecord]:
    try:
        return records.search(mapping, side, text, SHOWN)
    finally:
        connection.close()  # this thread's own


def _told(mapping: TableMapping, side: Side, answer: Future[list[FoundRecord]]) -> Table:
    if not answer.done() or answer.cancelled():
        return Table(mapping, side)
    try:
        return Table(mapping, side, answer.result())
    except Refused as refused:
        return Table(mapping, side, problem=(refused.code, refused.params))
