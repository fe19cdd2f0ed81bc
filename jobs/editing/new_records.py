"""What records are given besides their mapped fields: constants, and defaults of new records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from couplings.configuration.problems import Path
from couplings.configuration.sentences import render
from jobs.editing import texts
from jobs.editing.conditions import SPARE, Conditions
from jobs.editing.forms import DraftForm
from jobs.editing.schema import Choices, Schema
from syncstatus.engine.records import Side
from syncstatus.engine.value_maps import as_text


class ConstantForm(DraftForm):
    """A field of one side that has the same value in every record."""

    field = forms.ChoiceField(label=_("Field"))
    value = forms.CharField(label=_("Value"), max_length=1_000)

    def __init__(self, schema: Schema, side: Side, old: dict[str, Any], sent: QueryDict | None = None) -> None:
        self.schema, self.side = schema, side
        super().__init__(sent, initial=old)
        choices = schema.choices(side, old.get("field", ""), empty=now("choose"))
        self.choices("field", choices)

    @property
    def prefixes(self) -> list[Path]:
        return [("constants", self.side.value, self.cleaned_data["field"])]

    @staticmethod
    def place(_path: Path) -> str:
        return "value"

    def change(self, data: Mapping[str, Any], before: str) -> dict[str, Any]:
        name, kind = self.cleaned_data["field"], self.schema.kind(self.side, self.cleaned_data["field"])
        value = texts.typed(self.cleaned_data["value"], kind)
        of_side = {one: known for one, known in constants(data, self.side).items() if one != before}
        return with_constants(data, self.side, {**of_side, name: value})


def constants(data: Mapping[str, Any], side: Side) -> dict[str, Any]:
    return dict((data.get("constants") or {}).get(side.value) or {})


def with_constants(data: Mapping[str, Any], side: Side, of_side: Mapping[str, Any]) -> dict[str, Any]:
    return _with(data, "constants", {**(data.get("constants") or {}), side.value: of_side})


def defaults(data: Mapping[str, Any], side: Side) -> list[dict[str, Any]]:
    """Those of one side in their order; a single one may be written without a list."""
    found = (data.get("defaults") or {}).get(side.value) or []
    return [found] if isinstance(found, dict) else list(found)


def with_defaults(data: Mapping[str, Any], side: Side, of_side: list[dict[str, Any]]) -> dict[str, Any]:
    return _with(data, "defaults", {**(data.get("defaults") or {}), side.value: of_side})


def _with(data: Mapping[str, Any], name: str, by_side: Mapping[str, Any]) -> dict[str, Any]:
    filled = {side: known for side, known in by_side.items() if known}
    rest = {other: value for other, value in data.items() if other != name}
    return {**rest, name: filled} if filled else rest


@dataclass
class Given:
    """One field and the value that it is given."""

    field: str = ""
    value: str = ""
    error: str = ""


class DefaultForm:
    """Fields of new records of ``side``, and what the record they are made of must fulfil."""

    def __init__(self, schema: Schema, side: Side, rows: list[Given], when: Conditions, error: str = "") -> None:
        self.schema, self.side, self.when = schema, side, when
        self.rows = [row for row in rows if row.field or row.value]
        self.error = error

    @classmethod
    def of(cls, schema: Schema, side: Side, old: Mapping[str, Any]) -> "DefaultForm":
        rows = [Given(name, as_text(value)) for name, value in old.get("set", {}).items()]
        return cls(schema, side, rows, Conditions.of("when", schema, side.other, old.get("when") or {}))

    @classmethod
    def sent(cls, schema: Schema, side: Side, data: QueryDict) -> "DefaultForm":
        pairs = zip(data.getlist("set_field"), data.getlist("set_value"), strict=False)
        rows = [Given(field.strip(), value.strip()) for field, value in pairs]
        form = cls(schema, side, rows, Conditions.sent("when", schema, side.other, data))
        form._mark()
        return form

    def _mark(self) -> None:
        seen: set[str] = set()
        if not self.rows:
            self.error = now("Choose a field and its value.")
        for row in self.rows:
            if not row.field:
                row.error = now("Choose the field that is given this value.")
            elif row.field in seen:
                row.error = now("This field is given a value already.")
            seen.add(row.field)

    @property
    def shown(self) -> list[Given]:
        return [*self.rows, *(Given() for _number in range(SPARE))]

    @property
    def choices(self) -> Choices:
        return self.schema.choices(self.side, *(row.field for row in self.rows))

    @property
    def is_valid(self) -> bool:
        return self.when.is_valid and not (self.error or any(row.error for row in self.rows))

    def data(self) -> dict[str, Any]:
        """The default as the file has it."""
        given = {row.field: texts.typed(row.value, self.schema.kind(self.side, row.field)) for row in self.rows}
        when = self.when.data()
        return {**({"when": when} if when else {}), "set": given}

    def refuse(self, problems: Any, prefix: Path) -> None:
        """Show those of ``problems`` that lie under ``prefix`` at their rows."""
        for problem in problems:
            path = problem.path[2:]
            if path[: len(prefix)] != prefix:
                continue
            match path[len(prefix) :]:
                case ("set", name, *_rest):
                    self._refuse(name, render(problem))
                case ("when", name, *_rest):
                    self.when.refuse(name, problem)
                case _:
                    self.error = self.error or render(problem)

    def _refuse(self, name: str, text: str) -> None:
        for row in self.rows:
            if row.field == name:
                row.error = row.error or text
