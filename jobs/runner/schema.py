"""Whether the tables are as the last run found them (DESIGN R9, SCENARIOS T22).

A column that holds less than before has lost data already, and a run would carry the loss over to the other side as
thousands of ordinary changes; one that became required refuses what used to be written. So the mapping rests before
anything is written, until a person has looked. Columns that hold more, or are required no longer, are only noted.
"""

from collections.abc import Iterator
from typing import Any

from couplings.configuration.scope import scope
from couplings.models import TableMapping
from jobs.runner.context import Run
from syncstatus.connectors.errors import SchemaChanged
from syncstatus.connectors.ports import FieldInfo
from syncstatus.engine.records import Side

_LIMITS = ("length", "precision", "scale", "time_precision")

Column = dict[str, Any]
"""A column as it is remembered: its native type, kind and limits, and whether it must be filled."""


def check(run: Run) -> None:
    """Raises ``SchemaChanged``; columns that changed without harm are remembered as they are now."""
    now: dict[str, Any] = {side.value: _columns(run, side) for side in Side}
    now["scope"] = scope(run.mapping)
    known = run.mapping.columns or {}
    if known == now:
        return
    if known.get("scope") == now["scope"]:
        for side in Side:
            _compare(run, side, known[side.value], now[side.value])
    if not run.preview:
        TableMapping.objects.filter(pk=run.mapping.pk).update(columns=now)


def _columns(run: Run, side: Side) -> dict[str, Column]:
    endpoint, mapping = run.endpoints[side], run.mapping
    stamps = (getattr(mapping, f"{side.value}_modified_on"), getattr(mapping, f"{side.value}_version"))
    names = {*run.endpoint_fields[side], *endpoint.key, *filter(None, stamps)}
    return {name: _column(endpoint.info.fields[name]) for name in sorted(names) if name in endpoint.info.fields}


def _column(field: FieldInfo) -> Column:
    limits = {name: getattr(field.type, name, None) for name in _LIMITS}
    kind = field.type.kind.value if field.type is not None else ""
    return {"native": field.native_type, "kind": kind, "required": field.required, **limits}


def _compare(run: Run, side: Side, before: dict[str, Column], now: dict[str, Column]) -> None:
    travels = run.rules.compiled.travels[side]
    written = {name for name, yes in zip(run.endpoint_fields[side], travels, strict=True) if yes}
    changes = [
        change
        for name in sorted(before.keys() & now.keys())
        for change in _changes(name, before[name], now[name], written=name in written)
    ]
    if changes:
        table = getattr(run.mapping, f"{side.value}_table")
        raise SchemaChanged(connection=run.mapping.side_name(side), table=table, changes=changes)


def _changes(name: str, before: Column, now: Column, *, written: bool) -> Iterator[str]:
    """What was changed to the worse, in a word for each."""
    if before["kind"] != now["kind"] or _holds_less(before, now):
        yield f"{name} {before['native']} → {now['native']}"
    if written and now["required"] and not before["required"]:
        yield f"{name} NOT NULL"


def _holds_less(before: Column, now: Column) -> bool:
    limits = [(before[name], now[name]) for name in _LIMITS]
    return any(new is not None and (old is None or new < old) for old, new in limits)
