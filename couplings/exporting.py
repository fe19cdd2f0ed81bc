"""Errors as files for a spreadsheet: every row of a view, however many, in memory that does not grow with them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import IO, Any, Final

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from xlsxwriter import Workbook

from couplings import lists, messages
from couplings.csv_files import Cell, Rows
from couplings.filters import ErrorFilter
from couplings.models import SyncError
from couplings.models.error import KINDS, State
from couplings.tables import known_record

PAGE = 2_000
SHEET = 1_000_000
"""Rows of one sheet; a workbook allows 1,048,576, its head included."""
LONGEST = 32_767
"""Characters of a cell of a workbook."""
COLUMNS: Final = (
    gettext_lazy("Table"),
    gettext_lazy("Description"),
    gettext_lazy("System"),
    gettext_lazy("Record"),
    gettext_lazy("Record Exists"),
    gettext_lazy("Coupled system"),
    gettext_lazy("Coupled To"),
    gettext_lazy("Coupled Record Exists"),
    gettext_lazy("Error Message"),
    gettext_lazy("Next step"),
    gettext_lazy("Kind"),
    gettext_lazy("State"),
    gettext_lazy("Assigned"),
    gettext_lazy("Attempts"),
    gettext_lazy("First seen"),
    gettext_lazy("Failed On"),
)


def rows(chosen: ErrorFilter, order: str) -> Rows:
    """The errors in the filter as a table, in the page's order and the language of the caller; read page by page, all
    as they are when the first is read: nothing that moves meanwhile is left out or stands there twice.

    To be read to its end or closed by a caller who is in no transaction.
    """
    with snapshot():
        yield from _rows(chosen, order)


@contextmanager
def snapshot() -> Iterator[None]:
    """Queries of the block see the store as it is at the first of them, and write nothing."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _rows(chosen: ErrorFilter, order: str) -> Iterator[list[Cell]]:
    where: Mapping[str, str] | None = {}
    language = translation.get_language()
    while where is not None:
        page = lists.page_of_errors(chosen, order, where, PAGE)
        with translation.override(language):
            words = _Words()
            made = [_row(error, words) for error in page]
        yield from made
        where = page.next


class _Words:
    """What many rows say, translated once a page: half of an export's time would go into it."""

    def __init__(self) -> None:
        self.kinds = {kind: str(label) for kind, label in KINDS}
        self.states = {str(state.value): str(state.label) for state in State}
        self.exists = {True: _("Yes"), False: _("No"), None: _("unknown")}
        self.next_step = cache(messages.next_step)


def _row(error: SyncError, words: _Words) -> list[Cell]:
    side, key = known_record(error)
    exists = error.left_exists if error.left_key is not None else error.right_exists
    other = error.mapping.side_name("right") if error.mapping and error.left_key is not None else ""
    return [
        error.table_name,
        error.description,
        side,
        key,
        words.exists[exists] if key else "",
        other if error.right_key is not None else "",
        (error.right_key or "") if error.left_key is not None else "",
        words.exists[error.right_exists] if other and error.right_key is not None else "",
        messages.of(error),
        words.next_step(error.code, error.kind),
        words.kinds.get(error.kind, error.kind),
        words.states[error.state],
        error.assigned_to.get_username() if error.assigned_to else "",
        error.attempts,
        timezone.localtime(error.first_seen),
        timezone.localtime(error.last_seen),
    ]


def write_workbook(table: Iterable[list[Cell]], file: IO[bytes]) -> None:
    """An Excel workbook; rows go to disk as they come. Texts are written as texts, never as formulas or links."""
    with Workbook(file, {"constant_memory": True, "remove_timezone": True}) as book:
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet, line = _sheet(book, bold), 0
        for row in table:
            if line == SHEET:
                sheet, line = _sheet(book, bold), 0
            line += 1
            for column, cell in enumerate(row):
                match cell:
                    case str():
                        sheet.write_string(line, column, cell[:LONGEST])
                    case datetime():
                        sheet.write_datetime(line, column, cell.replace(tzinfo=None), moment)
                    case int():
                        sheet.write_number(line, column, cell)


def _sheet(book: Workbook, head: Any) -> Any:
    sheet = book.add_worksheet()
    for column, caption in enumerate(COLUMNS):
        sheet.write_string(0, column, str(caption), head)
    sheet.freeze_panes(1, 0)
    return sheet
