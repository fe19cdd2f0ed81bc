"""The rules of a table mapping: direction, policies, guard, schedule, what it depends on."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.utils.formats import localize
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from couplings.configuration.problems import Path
from couplings.models.mapping import DELETION_POLICIES
from jobs.editing.forms import DraftForm
from jobs.editing.schema import Schema
from syncstatus.engine.rules import Guard

SIMPLE = ("direction", "update_conflict", "deletion_conflict", "deleted_and_changed")
# Settings of the file that are left out where they are as nothing says otherwise.
DEFAULTS = {"update_conflict": "ask", "deletion_conflict": "ask", "deleted_and_changed": "ask"}
PREFIXES: tuple[Path, ...] = tuple(
    (name,) for name in (*SIMPLE, "only_coupled", "enabled", "delete_guard", "schedule", "depends_on")
)


class RulesForm(DraftForm):
    direction = forms.ChoiceField(label=_("Direction"))
    only_coupled = forms.BooleanField(
        label=_("Synch. Only Coupled Records"),
        required=False,
        help_text=_("Otherwise, records that exist in one system only are created in the other one."),
    )
    update_conflict = forms.ChoiceField(
        label=_("Resolve Update Conflicts"), help_text=_("When both systems changed the same field.")
    )
    deletion_conflict = forms.ChoiceField(
        label=_("Resolve Deletion Conflicts"),
        choices=DELETION_POLICIES,
        help_text=_("When a record was deleted in one system."),
    )
    deleted_and_changed = forms.ChoiceField(
        label=_("Deleted and changed"),
        choices=DELETION_POLICIES,
        help_text=_("When a record was deleted in one system and changed in the other."),
    )
    guard_count = forms.IntegerField(
        label=_("Hold more deletions than"),
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("A run that would delete more records is held until a person decides."),
    )
    guard_share = forms.FloatField(
        label=_("Hold more deletions than, in percent of the records"), min_value=0, max_value=100, localize=True
    )
    every = forms.CharField(
        label=_("Synchronize every"),
        required=False,
        max_length=50,
        help_text=_("A time such as 30m, 2h or 1d; empty: only when somebody asks for it."),
    )
    depends_on = forms.MultipleChoiceField(
        label=_("Comes after"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Mappings whose records have to be there first."),
    )
    enabled = forms.BooleanField(
        label=_("Enabled"), required=False, help_text=_("What is not enabled is neither checked nor run.")
    )

    def __init__(self, schema: Schema, others: Collection[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.choices("direction", schema.directions())
        self.choices("update_conflict", schema.update_policies())
        self.choices("depends_on", [(name, name) for name in others])

    @staticmethod
    def values(data: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows for a mapping."""
        guard = data.get("delete_guard", {})
        return {
            "direction": data.get("direction", "bidirectional"),
            **{name: data.get(name, default) for name, default in DEFAULTS.items()},
            "only_coupled": data.get("only_coupled", False),
            "guard_count": guard.get("count", Guard().count),
            "guard_share": percent(guard.get("share", Guard().share)),
            "every": data.get("schedule", {}).get("every", ""),
            "depends_on": names_of(data.get("depends_on", [])),
            "enabled": data.get("enabled", True),
        }

    @classmethod
    def told(cls, schema: Schema, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Each rule with what it says, for readers."""
        values = cls.values(data)
        form = cls(schema, values["depends_on"])
        return [(str(field.label), _shown(field, values[name])) for name, field in form.fields.items()]

    def change(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The mapping with what was sent."""
        sent = self.cleaned_data
        guard = {"share": round(sent["guard_share"] / 100, 8), "count": sent["guard_count"]}
        wanted = {
            **{name: sent[name] for name in SIMPLE},
            "only_coupled": sent["only_coupled"],
            "delete_guard": guard,
            "schedule": {"every": sent["every"]},
            "depends_on": sent["depends_on"],
            "enabled": sent["enabled"],
        }
        kept = {"only_coupled": False, "enabled": True, "schedule": {"every": ""}, "depends_on": [], **DEFAULTS}
        kept |= {"delete_guard": {"share": Guard().share, "count": Guard().count}}
        changed = {**data, **wanted}
        return {name: value for name, value in changed.items() if name not in kept or value != kept[name]}


def percent(share: float) -> float | int:
    """A share of 1, without a decimal place where it needs none."""
    found = round(share * 100, 6)
    return int(found) if found == int(found) else found


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return now("Yes") if value else now("No")
    if isinstance(value, list):
        return ", ".join(value) or "—"
    if isinstance(value, int | float):
        return localize(value)
    choices = dict(getattr(field, "choices", ()))
    return str(choices.get(value, value)) if value != "" else "—"


def place(path: Path) -> str | None:
    match path:
        case ("schedule", *_rest):
            return "every"
        case ("delete_guard", name):
            return f"guard_{name}"
        case ("delete_guard",):
            return "guard_count"
        case (name, *_rest):
            return name
    return None


def names_of(value: Any) -> list[str]:
    """One name or a list of them, as the file writes both."""
    return [value] if isinstance(value, str) else list(value)
