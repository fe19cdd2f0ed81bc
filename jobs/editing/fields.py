"""A pair of fields and what happens to values on their way."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from couplings.configuration.problems import Path
from couplings.configuration.sentences import render
from couplings.models import FieldMapping
from couplings.models.mapping import IF_MISSING
from jobs.editing import texts
from jobs.editing.forms import DraftForm
from jobs.editing.rules import names_of
from jobs.editing.schema import Schema
from syncstatus.engine.records import Side
from syncstatus.engine.transforms.catalogue import CATALOGUE
from syncstatus.engine.value_maps import as_text
from syncstatus.engine.values import Kind

LONGEST = 2_000_000  # characters: a value map has up to 10,000 lines
FLAGS = {"case_sensitive": True, "accent_sensitive": True, "required": False, "clear": True, "enabled": True}
WAYS = ("to_right", "to_left")
VALUE_KEYS = ("default_to_right", "default_to_left")


class FieldForm(DraftForm):
    left = forms.ChoiceField()
    right = forms.ChoiceField()
    direction = forms.ChoiceField(label=_("Direction"))
    conflict = forms.ChoiceField(label=_("When both systems changed it"), required=False)
    transform = forms.CharField(
        label=_("Transformations"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line, such as: trim, or prefix: C-, or pad: {length: 5, with: 0}. The way back undoes them."
        ),
    )
    to_right = forms.CharField(required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 2}))
    to_left = forms.CharField(required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 2}))
    values = forms.CharField(
        label=_("Value map"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One pair a line, such as: DK = Denmark"),
    )
    transformations = CATALOGUE
    default_to_right = forms.CharField(required=False, max_length=1_000)
    default_to_left = forms.CharField(required=False, max_length=1_000)
    lookup = forms.MultipleChoiceField(
        label=_("Refers to records of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The field holds the key of such a record, and travels as the key of its partner."),
    )
    if_missing = forms.ChoiceField(label=_("While that record is not coupled"), choices=IF_MISSING)
    match = forms.IntegerField(
        label=_("Match Priority"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=_(
            "Records without a partner are matched by the fields of the lowest number first; empty: not by it."
        ),
    )
    case_sensitive = forms.BooleanField(label=_("Matching tells upper from lower case"), required=False)
    accent_sensitive = forms.BooleanField(
        label=_("Matching tells letters with accents from those without"), required=False
    )
    required = forms.BooleanField(label=_("Required: a record without a value is not synchronized"), required=False)
    clear = forms.BooleanField(label=_("An emptied value travels, too"), required=False)
    enabled = forms.BooleanField(label=_("Enabled"), required=False)

    def __init__(
        self, schema: Schema, mappings: Collection[str], old: dict[str, Any], sent: QueryDict | None = None
    ) -> None:
        """``old`` is the field as ``values`` shows it, {} for a new one; ``mappings`` may be looked up."""
        self.schema = schema
        self.old = old
        super().__init__(sent, initial=old or {"if_missing": "wait", **FLAGS})
        for side in Side:
            system = {"system": schema.systems[side]}
            self.fields[side.value].label = now("Field in %(system)s") % system
            self.choices(side.value, schema.choices(side, old.get(side.value, ""), empty=now("choose")))
            self.fields[f"to_{side.value}"].label = now("Transformations on the way to %(system)s") % system
            self.fields[f"default_to_{side.value}"].label = now("Other values become in %(system)s") % system
        self.choices("direction", schema.directions())
        self.choices("conflict", [("", now("as the mapping says")), *schema.update_policies()])
        known = dict.fromkeys([*mappings, *old.get("lookup", [])])
        self.choices("lookup", [(name, name) for name in known])

    def clean(self) -> None:
        self.steps: dict[str, list[Any]] = {}
        for name in ("transform", *WAYS):
            self.steps[name], problems = texts.steps_of(self.cleaned_data.get(name, ""))
            for problem in problems:
                self.add_error(name, render(problem))
        if self.steps["transform"] and any(self.steps[way] for way in WAYS):
            self.add_error("transform", now("Write the transformations here, or those of each way below."))
        self.pairs, odd = texts.pairs_of(self.cleaned_data.get("values", ""), self._kind(Side.RIGHT))
        if odd:
            told = {"lines": "; ".join(odd[:3])}
            self.add_error("values", now("These lines are no pair, or say a value again: %(lines)s") % told)

    def _kind(self, side: Side) -> Kind | None:
        return self.schema.kind(side, self.cleaned_data.get(side.value, ""))

    @property
    def place_of(self) -> str:
        """The key of the field in the file."""
        return str(self.cleaned_data["left"])

    def rules(self, raw: Any) -> Any:
        """The field as the file writes it; ``raw`` is how it was written, and stays where nothing was changed."""
        sent = self.cleaned_data
        found: dict[str, Any] = {"to": sent["right"], "direction": sent["direction"]}
        found |= {"transform": self._transform(), "values": self._values(raw), "conflict": sent["conflict"]}
        found |= {"match": sent["match"], "lookup": sent["lookup"], "if_missing": sent["if_missing"]}
        found |= {name: sent[name] for name in FLAGS}
        kept: dict[str, Any] = {"direction": "bidirectional", "if_missing": "wait", **FLAGS}
        if sent["match"] is None:  # they say how match fields are compared, and nothing of any other
            kept |= {name: sent[name] for name in ("case_sensitive", "accent_sensitive")}
        rules = {name: one for name, one in found.items() if one not in ("", None, [], {}) and one != kept.get(name)}
        rules |= {name: one for name, one in _long(raw).items() if name not in found}  # what the form does not know
        if "lookup" in rules and len(rules["lookup"]) == 1:
            rules["lookup"] = rules["lookup"][0]
        return raw if values(self.place_of, rules) == values(self.place_of, raw) and raw is not None else rules

    def _transform(self) -> Any:
        ways = {way: self.steps[way] for way in WAYS if self.steps[way]}
        return ways or self.steps["transform"]

    def _values(self, raw: Any) -> Any:
        """A value that reads the same as before is written as before: the file tells 1 from “1”."""
        if not self.pairs:
            return {}
        before, others = _map(_long(raw).get("values", {}))
        pairs = {
            left: before[left] if left in before and as_text(before[left]) == as_text(right) else right
            for left, right in self.pairs.items()
        }
        kinds = {"default_to_right": self._kind(Side.RIGHT), "default_to_left": None}
        defaults = {name: texts.typed(text, kinds[name]) for name in VALUE_KEYS if (text := self.cleaned_data[name])}
        defaults = {n: others[n] if as_text(others.get(n)) == as_text(one) else one for n, one in defaults.items()}
        return {"map": pairs, **defaults} if defaults or "map" in pairs else pairs


def place(path: Path) -> str | None:
    """The form's field for a path from ``fields`` on."""
    match path[2:]:
        case ("to", *_rest):
            return "right"
        case ("transform", way, *_rest) if way in WAYS:
            return way
        case ("values", name, *_rest) if name in VALUE_KEYS:
            return name
        case (name, *_rest):
            return name
    return "left"


def values(left: str, raw: Any) -> dict[str, Any]:
    """What the form shows for the field ``left``, which the file writes as ``raw``."""
    rules = _long(raw)
    steps = rules.get("transform", [])
    ways = steps if isinstance(steps, dict) and set(steps) <= set(WAYS) else {}
    pairs, defaults = _map(rules.get("values", {}))
    return {
        "left": left,
        "right": rules.get("to", ""),
        "direction": rules.get("direction", "bidirectional"),
        "conflict": rules.get("conflict", ""),
        "transform": "" if ways else texts.steps_text(_listed(steps)),
        **{way: texts.steps_text(_listed(ways.get(way, []))) for way in WAYS},
        "values": texts.pairs_text(pairs),
        **{name: as_text(defaults[name]) if name in defaults else "" for name in VALUE_KEYS},
        "lookup": names_of(rules.get("lookup", [])),
        "if_missing": rules.get("if_missing", "wait"),
        "match": rules.get("match"),
        **{name: rules.get(name, default) for name, default in FLAGS.items()},
    }


def row(left: str, raw: Any) -> FieldMapping:
    """The field as it would be stored, to be told and not to be saved."""
    rules, shown = _long(raw), values(left, raw)
    same = ("left", "right", "direction", "match", "lookup", "if_missing", *FLAGS)
    found = FieldMapping(policy=shown["conflict"], **{name: shown[name] for name in same})
    steps = rules.get("transform", [])
    found.transforms = steps if isinstance(steps, dict) and set(steps) <= set(WAYS) else _listed(steps)
    pairs, _defaults = _map(rules.get("values", {}))
    found.values = {"map": pairs} if pairs else {}
    return found


def _long(raw: Any) -> dict[str, Any]:
    return {"to": raw} if isinstance(raw, str) else dict(raw or {})


def _listed(steps: Any) -> list[Any]:
    return steps if isinstance(steps, list) else [steps]


def _map(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The pairs and the defaults of a value map in its short or its long form."""
    if isinstance(raw.get("map"), dict):
        return raw["map"], {name: raw[name] for name in VALUE_KEYS if name in raw}
    return raw, {}


def replaced(fields: Mapping[str, Any], before: str, left: str, rules: Any) -> dict[str, Any]:
    """``fields`` with the one of ``before`` as ``left: rules`` in its place; a new one ("") comes last."""
    if before not in fields:
        return {**fields, left: rules}
    return dict((left, rules) if name == before else (name, one) for name, one in fields.items())


def moved(fields: Mapping[str, Any], name: str, steps: int) -> dict[str, Any]:
    """``fields`` with one of them so many places further down, or up where it is less than 0."""
    names = list(fields)
    place = names.index(name)
    names.insert(max(0, place + steps), names.pop(place))
    return {one: fields[one] for one in names}
