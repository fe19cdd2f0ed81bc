"""The synchronization log, written by the page."""

from collections.abc import Sequence
from typing import Any

from couplings.store.copying import copy, open_cursor

_COLUMNS = ("job", "mapping_id", "coupling", "left_key", "right_key", "outcome", "code", "params", "changes", "at")


def append(entries: Sequence[tuple[Any, ...]]) -> None:
    """``entries`` are rows of job, mapping, coupling, left key, right key, outcome, code, params, changes and time."""
    if not entries:
        return
    with open_cursor() as cursor:
        copy(cursor, "couplings_synclogentry", _COLUMNS, entries)
