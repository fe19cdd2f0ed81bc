"""Conditions on the fields of one side, a row each: a filter, or what a new record's source must fulfil."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from couplings.configuration.filters import OF_TEXT
from couplings.configuration.problems import Problem
from couplings.configuration.sentences import render
from jobs.editing import texts
from jobs.editing.schema import Choices, Schema
from syncstatus.engine.records import Side
from syncstatus.engine.value_maps import as_text
from syncstatus.engine.values import Kind

SPARE = 2  # empty rows to write in
OPERATORS = {
    "eq": gettext_lazy("is"),
    "ne": gettext_lazy("is not"),
    "in": gettext_lazy("is one of"),
    "lt": gettext_lazy("is less than"),
    "le": gettext_lazy("is at most"),
    "gt": gettext_lazy("is more than"),
    "ge": gettext_lazy("is at least"),
    "contains": gettext_lazy("contains"),
    "startswith": gettext_lazy("begins with"),
    "isnull": gettext_lazy("is empty"),
}


@dataclass
class Row:
    field: str = ""
    operator: str = "eq"
    value: str = ""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.field or self.value)


class Conditions:
    """``prefix`` names the inputs: ``<prefix>_field``, ``<prefix>_operator``, ``<prefix>_value``, one of each a row."""

    def __init__(self, prefix: str, schema: Schema, side: Side, rows: list[Row]) -> None:
        self.prefix = prefix
        self.schema = schema
        self.side = side
        self.rows = [row for row in rows if not row.is_blank]
        self.repeated = self._mark_repeated()

    @classmethod
    def of(cls, prefix: str, schema: Schema, side: Side, filter_: Mapping[str, Any]) -> "Conditions":
        return cls(prefix, schema, side, [row for name, wanted in filter_.items() for row in _rows(name, wanted)])

    @classmethod
    def sent(cls, prefix: str, schema: Schema, side: Side, data: QueryDict) -> "Conditions":
        columns = (data.getlist(f"{prefix}_{name}") for name in ("field", "operator", "value"))
        return cls(prefix, schema, side, [Row(*(text.strip() for text in row)) for row in zip(*columns, strict=False)])

    @property
    def shown(self) -> list[Row]:
        return [*self.rows, *(Row() for _number in range(SPARE))]

    @property
    def choices(self) -> Choices:
        return self.schema.choices(self.side, *(row.field for row in self.rows))

    @property
    def operators(self) -> Choices:
        return [(name, str(label)) for name, label in OPERATORS.items()]

    @property
    def is_valid(self) -> bool:
        return not any(row.error for row in self.rows)

    def data(self) -> dict[str, Any]:
        """The filter as the file has it."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            found.setdefault(row.field, {})[row.operator] = self._operand(row)
        return {name: _short(wanted) for name, wanted in found.items()}

    def refuse(self, name: str, problem: Problem) -> None:
        """Show a problem at the rows of the field ``name``; at the first one when there is none."""
        rows = [row for row in self.rows if row.field == name] or self.rows[:1]
        for row in rows:
            row.error = row.error or render(problem)

    def _operand(self, row: Row) -> Any:
        kind = self.schema.kind(self.side, row.field)
        if row.operator == "isnull":
            return texts.typed(row.value or "true", Kind.BOOLEAN)
        if row.operator in OF_TEXT:
            return row.value
        return texts.list_of(row.value, kind) if row.operator == "in" else texts.typed(row.value, kind)

    def _mark_repeated(self) -> bool:
        """A row without a field, and a second one that says the same of a field, mean nothing."""
        seen: set[tuple[str, str]] = set()
        for row in self.rows:
            if not row.field:
                row.error = _("Choose the field that this condition is about.")
            elif (row.field, row.operator) in seen:
                row.error = _("There is such a condition on this field already.")
            seen.add((row.field, row.operator))
        return not self.is_valid


def _rows(name: str, wanted: Any) -> Iterator[Row]:
    if isinstance(wanted, list):
        yield Row(name, "in", texts.list_text(wanted))
    elif isinstance(wanted, Mapping):
        for operator, operand in wanted.items():
            yield Row(name, operator, texts.list_text(operand) if isinstance(operand, list) else as_text(operand))
    else:
        yield Row(name, "eq", as_text(wanted))


def _short(wanted: dict[str, Any]) -> Any:
    """``{eq: DK}`` is ``DK``, ``{in: [DK, SE]}`` is the list, so that there is one form of each."""
    if set(wanted) in ({"eq"}, {"in"}):
        return next(iter(wanted.values()))
    return wanted
