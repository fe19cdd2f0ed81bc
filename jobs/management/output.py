"""What the commands have in common: lines of JSON, tables for people, exit codes (DESIGN 7.2)."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from django.utils.translation import gettext as _

from couplings.models import SyncError, TableMapping
from jobs.models import JobState, SyncJob
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side

IN_STEP, OUT_OF_STEP, WRONG_USAGE, NO_CONNECTION = 0, 1, 2, 3
SIDES = ("left_connection", "right_connection")


def json_line(stdout: OutputWrapper, found: dict[str, Any]) -> None:
    stdout.write(json.dumps(found, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(stdout: OutputWrapper, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as wide as their widest cell, for a few screens of rows at the most."""
    lines = [list(map(_cell, row)) for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def wrong(message: str) -> CommandError:
    return CommandError(message, returncode=WRONG_USAGE)


def mapping_named(name: str) -> TableMapping:
    """Names are upper case in the store; people may type them as they like. Raises CommandError with exit code 2."""
    mappings = TableMapping.objects.select_related(*SIDES)
    found = mappings.filter(name=name.upper()).first()
    if found is None:
        known = ", ".join(TableMapping.objects.values_list("name", flat=True)) or _("none")
        raise wrong(_("There is no mapping %(name)s. There are: %(known)s.") % {"name": name, "known": known})
    return found


def exit_code(mapping: TableMapping, job: SyncJob) -> int:
    """What a job that ran here leaves behind."""
    if connection_lost(mapping):
        return NO_CONNECTION
    out_of_step = SyncError.objects.open().filter(mapping=mapping).exists()
    return OUT_OF_STEP if out_of_step or job.state != JobState.FINISHED else IN_STEP


def connection_lost(mapping: TableMapping) -> bool:
    """Whether one of the mapping's connections could not be used when it was tried last."""
    connections = (mapping.left_connection_id, mapping.right_connection_id)
    return SyncError.objects.open().filter(connection__in=connections, kind=ErrorKind.CONNECTION).exists()


def side_named(name: str | None) -> Side | None:
    return Side(name) if name else None
