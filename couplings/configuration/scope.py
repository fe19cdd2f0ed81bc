"""What the cursors of a mapping are valid for."""

import hashlib
import json
from typing import Any

from couplings.configuration import urls
from couplings.configuration.allowances import without_allowances
from couplings.configuration.entries import FieldEntry
from couplings.configuration.stored import mapping_entry
from couplings.configuration.values import steps_json, values_json
from couplings.models import Connection, TableMapping
from syncstatus.engine.records import Side


def scope(mapping: TableMapping) -> str:
    """A SHA-256 in hexadecimal of everything that decides which records and values the change feeds must have listed.

    It changes with the systems, tables, keys, filters, fields and directions of a mapping, and not with policies,
    guards, schedules, limits or passwords. A run that finds another scope than its cursors have compares every record.
    """
    entry = mapping_entry(mapping)
    fields = [field_parts(field) for field in entry.mapped]
    parts = {
        "sides": [[system(mapping.connection(side)), side_parts(mapping, side)] for side in Side],
        "fields": sorted(fields, key=json.dumps),
        "constants": sorted([one.side, one.field, one.value] for one in entry.constants),
        "direction": entry.direction,
        "only_coupled": entry.only_coupled,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def field_parts(field: FieldEntry) -> list[Any]:
    parts = [field.left, field.right, field.direction, steps_json(field), values_json(field.values), field.clear]
    # A mapping without lookups keeps the scope that it had before there were any.
    return [*parts, field.lookup, field.if_missing] if field.lookup else parts


def system(connection: Connection) -> list[Any]:
    """Which system it is: the settings without passwords, so that a new password compares nothing anew."""
    settings = without_allowances(connection.settings)
    settings.pop("auth", None)
    user = connection.settings.get("auth", {}).get("username", "")
    url = urls.rewrite(str(settings.get("url", "")), lambda _part, _raw: "")
    return [connection.kind, settings | {"url": url}, user]


def side_parts(mapping: TableMapping, side: Side) -> list[Any]:
    names = ("schema", "table", "key", "modified_on", "version", "filter")
    return [getattr(mapping, f"{side.value}_{name}") for name in names]
