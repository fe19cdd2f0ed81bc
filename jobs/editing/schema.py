"""What a form knows of the two tables of a mapping."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from syncstatus.connectors.ports import FieldInfo, TableInfo
from syncstatus.engine.records import Side
from syncstatus.engine.values import Kind

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Schema:
    """``tables`` by side; None for a table that nobody could describe. ``systems`` are the names of the sides."""

    systems: Mapping[Side, str]
    tables: Mapping[Side, TableInfo | None] = field(default_factory=lambda: dict.fromkeys(Side))

    def side_name(self, side: Side | str) -> str:
        return self.systems[Side(side)]

    def fields(self, side: Side) -> Mapping[str, FieldInfo]:
        table = self.tables[side]
        return table.fields if table is not None else {}

    def kind(self, side: Side, name: str) -> Kind | None:
        info = self.fields(side).get(name)
        return info.type.kind if info is not None and info.type is not None else None

    def choices(self, side: Side, *kept: str, empty: str = "") -> Choices:
        """The side's real fields, each with its type and what is to be known of it. ``kept`` are those that are set
        now, so that one which is gone is still shown."""
        known = [(info.name, f"{info.name} · {_told(info)}") for info in self.fields(side).values()]
        gone = [name for name in dict.fromkeys(kept) if name and name not in self.fields(side)]
        told = f"{{}} · {_('not found')}" if self.tables[side] is not None else "{}"
        return [("", empty), *((name, told.format(name)) for name in gone), *known]

    def directions(self) -> Choices:
        left, right = self.systems[Side.LEFT], self.systems[Side.RIGHT]
        return [
            ("bidirectional", f"{left} ↔ {right}"),
            ("left_to_right", f"{left} → {right}"),
            ("right_to_left", f"{left} ← {right}"),
        ]

    def update_policies(self) -> Choices:
        wins = {side: _("%(side)s wins") % {"side": name} for side, name in self.systems.items()}
        ask, newest = _("ask a person"), _("the newest wins")
        return [("ask", ask), ("left", wins[Side.LEFT]), ("right", wins[Side.RIGHT]), ("newest", newest)]

    def sides(self) -> Choices:
        return [(side.value, self.systems[side]) for side in Side]


def _told(info: FieldInfo) -> str:
    notes = [info.native_type.lower()]
    notes += [_("required")] if info.required else []
    notes += [_("filled by the system")] if info.generated else []
    notes += [_("read-only")] if not info.writable else []
    notes += [_("cannot be mapped")] if info.type is None else []
    return ", ".join(notes)


def names(choices: Iterable[tuple[str, Any]]) -> list[str]:
    return [name for name, _label in choices if name]
