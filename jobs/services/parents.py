"""The records that a record's lookups refer to, as a page names and links them."""

import json
from dataclasses import dataclass
from typing import Any

from couplings.models import Coupling
from jobs.runner.references import Lookups
from syncstatus.engine.lookups import key_text
from syncstatus.engine.records import Record, Side
from syncstatus.engine.rules import Rules

SHOWN = 100  # characters of a name


@dataclass(frozen=True)
class Parent:
    """``coupling`` is the id of its pair, None while it is not coupled; ``name`` is what people call it, its key where
    nothing is known of it."""

    name: str
    coupling: int | None = None


def of(rules: Rules, lookups: Lookups, side: Side, record: Record | None) -> dict[int, Parent]:
    """The parents of ``record``, by position of the field. One query for each lookup that is filled."""
    if record is None:
        return {}
    keys = {p: key_text(record.values[p], rules.fields[p].type(side)) for p in lookups}
    return {position: _parent(lookups[position], side, key) for position, key in keys.items() if key is not None}


def _parent(mappings: tuple[int, ...], side: Side, key: str) -> Parent:
    rows = Coupling.objects.filter(**{"mapping__in": mappings, f"{side.value}_key": key})
    found = sorted(rows, key=lambda row: mappings.index(row.mapping_id))
    return Parent(_name(found[0].base) or key, found[0].pk) if found else Parent(key)


def _name(base: str) -> str:
    """The first text that both sides agreed on, in the order of the mapping's fields."""
    stored: Any = json.loads(base)
    values = stored[1:] if isinstance(stored, list) else list(stored.values())
    return next((value.strip()[:SHOWN] for value in values if isinstance(value, str) and value.strip()), "")
