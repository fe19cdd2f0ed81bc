"""Couplings as CSV: written so that spreadsheets run nothing of it, read as spreadsheets save it.

A file is UTF-8, with or without a byte order mark; its columns are found by their names in the first line, separated by
commas, semicolons or tabs. A composite key is a JSON list. A key that a spreadsheet would take for a formula has an
apostrophe in front, which is taken off again. Where there is a column ``couple``, only lines with a yes are meant.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, TextIO

from couplings.models import Coupling, TableMapping
from couplings.store.imports import ImportLine
from jobs.services.errors import Refused
from jobs.services.matching import Line, Result
from syncstatus.engine.records import Side

KEYS = ("left_key", "right_key")
COUPLE = "couple"
YES, NO = frozenset({"yes", "y", "x", "1", "true", "oui", "o", "vrai"}), frozenset({"", "no", "n", "0", "false", "non"})

_FORMULA = frozenset("=+-@\t\r\n")
_DELIMITERS = ",;\t"


def safe(text: str) -> str:
    """What a spreadsheet shows and does not run; ``plain`` takes it back."""
    is_taken = text[:1] in _FORMULA or (text[:1] == "'" and text[1:2] in _FORMULA | {"'"})
    return f"'{text}" if is_taken else text


def plain(text: str) -> str:
    """The text of a cell as ``safe`` was given it."""
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA | {"'"} else text


def export(mapping: TableMapping, out: TextIO) -> int:
    """Write all couplings of ``mapping``, oldest first; how many there were. ``out`` must not translate line ends."""
    count = 0
    for line in exported(mapping):
        out.write(line)
        count += 1
    return count - 1


def exported(mapping: TableMapping) -> Iterator[str]:
    """The lines of ``export``, the head first, as they are read."""
    writer = csv.writer(_Passing())
    yield writer.writerow([*KEYS, "last_synced"])
    rows = Coupling.objects.filter(mapping=mapping).order_by("id").values_list(*KEYS, "last_synced")
    for left, right, synced in rows.iterator(chunk_size=5_000):
        moment = synced.isoformat(timespec="seconds") if synced else ""
        yield writer.writerow([safe(left), safe(right), moment])


class _Passing:
    """What a csv writer writes to, to give each line back."""

    def write(self, line: str) -> str:
        return line


def read(file: BinaryIO) -> Iterator[ImportLine]:
    """The pairs of a file, each with its line number; lines that say nothing usable bear their reason.

    Raises ``Refused`` (``file_empty_csv``, ``file_header``, ``file_not_utf8``, ``file_not_csv``).
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    rows = _Rows(text)
    head = rows.head()
    places = [head.index(name) for name in KEYS]
    couple = head.index(COUPLE) if COUPLE in head else None
    try:
        for number, row in rows:
            if any(row) and (line := _line(number, row, places, couple)) is not None:
                yield line
    finally:
        text.detach()


def _line(number: int, row: Sequence[str], places: Sequence[int], couple: int | None) -> ImportLine | None:
    """None for a line that is not to be coupled."""
    word = row[couple].strip().casefold() if couple is not None and couple < len(row) else ""
    if couple is not None and word in NO:
        return None
    if max(places) >= len(row):
        return ImportLine(number, "", "", "cells_missing")
    left, right = (plain(row[place]) for place in places)
    if couple is not None and word not in YES:
        return ImportLine(number, "", "", "couple_unclear")
    return ImportLine(number, left, right)


class _Rows:
    """Rows with the number of the line each begins in. Raises ``Refused`` for what cannot be read."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._lines = 1

    def head(self) -> list[str]:
        try:
            first = self._text.readline()
        except UnicodeDecodeError:
            raise Refused("file_not_utf8", line=1) from None
        if not first.strip():
            raise Refused("file_empty_csv")
        for delimiter in _DELIMITERS:
            names = [name.strip().casefold() for name in next(csv.reader([first], delimiter=delimiter), [])]
            if all(name in names for name in KEYS):
                self._reader = csv.reader(self._text, delimiter=delimiter)
                return names
        raise Refused("file_header", found=first.strip()[:100], wanted=",".join(KEYS))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            number = self._reader.line_num + 2  # the head was line 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except UnicodeDecodeError:
                raise Refused("file_not_utf8", line=number) from None
            except csv.Error as error:
                raise Refused("file_not_csv", line=number, detail=str(error)) from None
            yield number, row


HEAD = (COUPLE, "result", *KEYS, "score", "coupled_to", "reason")


def write_matches(lines: Iterable[Line], fields: Sequence[str], told: Any, out: TextIO) -> None:
    """Write what matching found, for a person to choose: pairs with a yes, and a line for each candidate of what could
    not be decided. ``fields`` are the match fields; ``told`` says a line's reason in words."""
    writer = csv.writer(out)
    writer.writerow([*HEAD, *fields])
    for line in lines:
        writer.writerows(_cells(line, told(line)))


def _cells(line: Line, reason: str) -> Iterator[list[Any]]:
    values = list(map(safe, line.values))
    if line.result is Result.PAIR or not line.options:
        yield [_yes(line), line.result.value, *_keys(line, line.partner), "", "", reason, *values]
    for option in line.options:
        told = [option.score, safe(option.coupled_to or ""), reason]
        yield ["", line.result.value, *_keys(line, option.key), *told, *values]


def _yes(line: Line) -> str:
    return "yes" if line.result is Result.PAIR else ""


def _keys(line: Line, partner: str | None) -> list[str]:
    keys = {line.side: line.key, line.side.other: partner or ""}
    return [safe(keys[side]) for side in Side]
