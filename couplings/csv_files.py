"""CSV files (RFC 4180) for spreadsheets, sent a line at a time."""

import csv
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula, blanks before it included."""

Cell = str | int | datetime | None
Rows = Generator[list[Cell], None, None]


def lines(head: Iterable[Any], table: Rows) -> Iterator[str]:
    """The file in parts; a mark in front tells spreadsheets that it is UTF-8. Whoever stops before the end closes
    ``table``, too."""
    writer = csv.writer(_Echo())
    with closing(table):
        yield "\ufeff" + writer.writerow([str(caption) for caption in head])
        for row in table:
            yield writer.writerow([harmless(cell) for cell in row])


class _Echo:
    """Gives back what is written, so that a line can be sent instead of stored."""

    def write(self, text: str) -> str:
        return text


def harmless(cell: Cell) -> Any:
    """Texts of business systems are data: one that looks like a formula is told from one by an apostrophe."""
    if isinstance(cell, str):
        return "'" + cell if cell.lstrip(" ").startswith(FORMULA) else cell
    return cell.isoformat(sep=" ", timespec="seconds") if isinstance(cell, datetime) else cell
