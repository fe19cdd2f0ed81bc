"""What a mapping that does not exist yet begins with: two systems, then a table of each and a name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from jobs.editing.forms import DraftForm
from syncstatus.connectors.ports import TableName
from syncstatus.engine.records import Side


class ConnectionsForm(DraftForm):
    left = forms.ChoiceField(label=_("One system"))
    right = forms.ChoiceField(label=_("The other system"))

    def __init__(self, connections: Sequence[str], *args: Any) -> None:
        super().__init__(*args)
        for side in Side:
            choices = [("", now("choose")), *((name, name) for name in connections)]
            self.choices(side.value, choices)


class TablesForm(DraftForm):
    left = forms.ChoiceField()
    right = forms.ChoiceField()
    name = forms.CharField(
        label=_("Name of the mapping"), max_length=100, help_text=_("Such as CUSTOMER; it stands in upper case.")
    )

    def __init__(
        self, systems: Mapping[Side, str], tables: Mapping[Side, Sequence[TableName]], *args: Any, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.systems = systems
        for side in Side:
            told = [(json.dumps(one), ".".join(filter(None, (one.schema, one.name)))) for one in tables[side]]
            self.choices(side.value, [("", now("choose")), *told])
            self.fields[side.value].label = now("Table in %(system)s") % {"system": systems[side]}

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).upper()

    def data_of_mapping(self) -> dict[str, Any]:
        """The mapping in the file's form, without fields."""
        data: dict[str, Any] = {"direction": "bidirectional"}
        for side in Side:
            table = TableName(*json.loads(self.cleaned_data[side.value]))
            schema = {"schema": table.schema} if table.schema else {}
            data[side.value] = {"connection": self.systems[side], "table": table.name, **schema}
        return data
