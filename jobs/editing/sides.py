"""One side of a mapping: how its records are known, and which of them are meant."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from couplings.configuration.problems import Path
from jobs.editing.conditions import Conditions
from jobs.editing.forms import DraftForm
from jobs.editing.rules import names_of
from jobs.editing.schema import Schema
from syncstatus.engine.records import Side


class SideForm(DraftForm):
    key = forms.MultipleChoiceField(
        label=_("Key"),
        required=False,
        help_text=_("The fields that identify a record. None chosen: the table's primary key."),
    )
    modified_on = forms.ChoiceField(
        label=_("Modified on"),
        required=False,
        help_text=_("The field that says when a record was changed. Without one, every run compares everything."),
    )
    version = forms.ChoiceField(
        label=_("Version"),
        required=False,
        help_text=_("A field whose value is another one after each change, if there is one."),
    )
    link = forms.CharField(
        label=_("Address of a record"),
        required=False,
        max_length=2_000,
        help_text=_("Where a record opens in its own application, such as https://erp.example/customer/{id}"),
    )

    def __init__(self, schema: Schema, side: Side, data: Mapping[str, Any], sent: QueryDict | None = None) -> None:
        self.side = side
        self.old: Mapping[str, Any] = data.get(side.value, {})
        key, modified_on, version = names_of(self.old.get("key", [])), *self._columns()
        super().__init__(
            sent, initial={"key": key, "modified_on": modified_on, "version": version, "link": self.old.get("link", "")}
        )
        prefix = "filter"
        known = Conditions.of(prefix, schema, side, self.old.get("filter") or {})
        self.filter = known if sent is None else Conditions.sent(prefix, schema, side, sent)
        self.known_filter = known
        fields = schema.choices(side, *key, modified_on, version)
        none = now("none")
        self.choices("key", [(name, label) for name, label in fields if name])
        self.choices("modified_on", [("", none), *fields[1:]])
        self.choices("version", [("", none), *fields[1:]])

    def _columns(self) -> tuple[str, str]:
        return self.old.get("modified_on", ""), self.old.get("version", "")

    def is_valid(self) -> bool:
        return super().is_valid() and self.filter.is_valid

    @property
    def prefixes(self) -> list[Path]:
        return [(self.side.value,)]

    def place(self, path: Path) -> str | None:
        return path[1] if len(path) > 1 else None

    def change(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The mapping with what was sent for this side."""
        sent = self.cleaned_data
        key = sent["key"][0] if len(sent["key"]) == 1 else sent["key"]
        filter_ = self.filter.data()
        if filter_ == self.known_filter.data():
            filter_ = self.old.get("filter") or {}  # as it was written
        wanted = {"key": key, "modified_on": sent["modified_on"], "version": sent["version"], "filter": filter_}
        wanted["link"] = sent["link"]
        side = {**self.old, **wanted}
        return {**data, self.side.value: {name: value for name, value in side.items() if value or name not in wanted}}
