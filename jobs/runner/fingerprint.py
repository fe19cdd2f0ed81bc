"""What a mapping's tables look like, as it is remembered, and what has changed in them since (SCENARIOS T22).

A change is harmful when data may be lost by it: a mapped column that is gone, that holds less than before, or that has
become required where the mapping writes; or a column nobody fills that new records need now. All others are only noted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from couplings.configuration.new_records import defaults_of
from couplings.configuration.scope import scope
from couplings.layout import layout, travel
from couplings.models import TableMapping
from syncstatus.connectors.ports import FieldInfo, TableInfo
from syncstatus.engine.records import Side

_LIMITS = ("length", "precision", "scale", "time_precision")

Infos = Mapping[Side, TableInfo]
Fingerprint = dict[str, Any]
"""JSON: by side its used columns by name, by ``<side>_others`` whether each of the other columns must be filled, and
``scope``, the configuration's scope it was taken under."""

Column = dict[str, Any]
"""A column as it is remembered: its native type, kind and limits, and whether it must be filled."""


class What(StrEnum):
    GONE = "gone"
    TYPE = "type"
    REQUIRED = "required"  # a mapped column must be filled now
    UNFILLED = "unfilled"  # a new record needs a column that the mapping does not fill
    WIDER = "wider"  # holds more than before, or other values besides
    OPTIONAL = "optional"
    ADDED = "added"
    DROPPED = "dropped"  # a column that nobody uses


HARMFUL = frozenset({What.GONE, What.TYPE, What.REQUIRED, What.UNFILLED})


@dataclass(frozen=True, slots=True)
class Change:
    """One column of ``where`` (the name of a side). ``partners`` are the fields of ``there`` it is mapped with;
    ``before`` and ``now`` are types in the database's own words."""

    what: What
    side: Side
    where: str
    table: str
    field: str
    there: str = ""
    partners: tuple[str, ...] = ()
    before: str = ""
    now: str = ""

    @property
    def is_harmful(self) -> bool:
        return self.what in HARMFUL

    def as_params(self) -> dict[str, Any]:
        """For a message (``couplings.schema_in_words``)."""
        return {**asdict(self), "what": self.what.value, "side": self.side.value, "partners": list(self.partners)}


def fingerprint(mapping: TableMapping, infos: Infos) -> Fingerprint:
    """What ``infos``, the tables as they are, mean to ``mapping``."""
    taken: Fingerprint = {"scope": scope(mapping)}
    for side in Side:
        fields, used = infos[side].fields, _used(mapping, side, infos[side])
        taken[side.value] = {name: _column(fields[name]) for name in sorted(used & fields.keys())}
        others = sorted(fields.keys() - used)
        taken[_others(side)] = {name: fields[name].required and not fields[name].generated for name in others}
    return taken


def _others(side: Side) -> str:
    return f"{side.value}_others"


def _used(mapping: TableMapping, side: Side, info: TableInfo) -> set[str]:
    stamps = (getattr(mapping, f"{side.value}_modified_on"), getattr(mapping, f"{side.value}_version"))
    mapped = {line.name(side) for line in layout(mapping)}
    return {*mapped, *(getattr(mapping, f"{side.value}_key") or info.key), *filter(None, stamps)}


def _column(field: FieldInfo) -> Column:
    limits = {name: getattr(field.type, name, None) for name in _LIMITS}
    kind = field.type.kind.value if field.type is not None else ""
    return {"native": field.native_type, "kind": kind, "required": field.required, **limits}


def changes(mapping: TableMapping, before: Fingerprint, now: Fingerprint) -> list[Change]:
    """What has changed, each side by itself and by name; nothing where the configuration itself is another one."""
    if before.get("scope") != now["scope"]:
        return []
    return [change for side in Side for change in _Comparison(mapping, side).changes(before, now)]


class _Comparison:
    """One side's table, before and now."""

    def __init__(self, mapping: TableMapping, side: Side) -> None:
        self.mapping = mapping
        self.side = side
        self.fields = [line.field for line in layout(mapping) if line.field is not None]
        self.written = {getattr(field, side.value) for field in self.fields if travel(mapping, field).writes(side)}
        always = (one for one in defaults_of(mapping.defaults) if one.side is side and not one.when)
        self.filled = {name for one in always for name in one.values}

    def changes(self, before: Fingerprint, now: Fingerprint) -> Iterator[Change]:
        side, others = self.side.value, _others(self.side)
        for name in sorted(before[side].keys() | now[side].keys()):
            if name in before[side]:
                yield from self._used(name, before[side][name], now[side].get(name))
        if others in before:
            yield from self._unused(before[others], now[others])

    def _used(self, name: str, before: Column, now: Column | None) -> Iterator[Change]:
        if now is None:
            yield self._change(What.GONE, name, before["native"])
            return
        if before["kind"] != now["kind"] or _holds_less(before, now):
            yield self._change(What.TYPE, name, before["native"], now["native"])
        elif before["native"] != now["native"]:
            yield self._change(What.WIDER, name, before["native"], now["native"])
        if name in self.written and now["required"] and not before["required"]:
            yield self._change(What.REQUIRED, name)
        elif before["required"] and not now["required"]:
            yield self._change(What.OPTIONAL, name)

    def _unused(self, before: dict[str, bool], now: dict[str, bool]) -> Iterator[Change]:
        for name in sorted(before.keys() | now.keys()):
            if name not in now:
                yield self._change(What.DROPPED, name)
            elif now[name] and not before.get(name) and self._is_created() and name not in self.filled:
                yield self._change(What.UNFILLED, name)
            elif name not in before:
                yield self._change(What.ADDED, name)

    def _is_created(self) -> bool:
        """Whether runs create records here by themselves."""
        restores = "restore" in (self.mapping.deletion_conflict, self.mapping.deleted_and_changed)
        return bool(self.written) and (restores or not self.mapping.only_coupled)

    def _change(self, what: What, name: str, before: str = "", now: str = "") -> Change:
        here, there = self.side.value, self.side.other.value
        partners = dict.fromkeys(getattr(field, there) for field in self.fields if getattr(field, here) == name)
        return Change(
            what=what,
            side=self.side,
            where=self.mapping.side_name(self.side),
            table=getattr(self.mapping, f"{self.side.value}_table"),
            field=name,
            there=self.mapping.side_name(self.side.other),
            partners=tuple(filter(None, partners)),
            before=before,
            now=now,
        )


def _holds_less(before: Column, now: Column) -> bool:
    limits = [(before[name], now[name]) for name in _LIMITS]
    return any(new is not None and (old is None or new < old) for old, new in limits)
