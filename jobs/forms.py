"""What the action forms of the pages send."""

import json
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from couplings import error_actions
from couplings.filters import ListFilter
from couplings.roles import CONFIGURE, DELETE, SYNCHRONIZE, UNCOUPLE
from jobs.models import Kind
from syncstatus.engine.records import Side

LARGEST_ID = 2**63 - 1
SIDES = [("", ""), *((side.value, side.value) for side in Side)]
REQUESTS = {
    error_actions.RETRY,
    error_actions.SYNCHRONIZE,
    error_actions.RESTORE,
    error_actions.DELETE,
    error_actions.UNCOUPLE,
}
"""Actions on errors that a job carries out (``jobs.services.actions``)."""


class Ids(forms.Field):
    """Many ids, one a checkbox. What is no id was never a row of ours and drops out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        texts = [text for text in value or [] if text.isascii() and text.isdigit() and len(text) < 20]
        return [number for number in map(int, texts) if number <= LARGEST_ID]


class ActionForm(forms.Form):
    """One of the actions of a page, each with the permission it takes."""

    PERMISSIONS: dict[str, str] = {}

    @property
    def action_name(self) -> str:
        return str(self.cleaned_data["action"])

    @property
    def permission(self) -> str:
        return self.PERMISSIONS[self.action_name]


class SelectionForm(ActionForm):
    """Rows of a list, what to do with them, and whether it was confirmed."""

    selected: forms.Field = Ids(required=False)
    use = forms.ChoiceField(choices=SIDES, required=False)
    confirm = forms.BooleanField(required=False)
    next = forms.CharField(required=False)

    @property
    def use_side(self) -> Side | None:
        return Side(self.cleaned_data["use"]) if self.cleaned_data["use"] else None


class ErrorActionForm(SelectionForm):
    """An action of the errors page (DESIGN 7.3)."""

    PERMISSIONS = {
        "retry": SYNCHRONIZE,
        "retry_all": SYNCHRONIZE,
        "synchronize": SYNCHRONIZE,
        "restore": SYNCHRONIZE,
        "create_again": SYNCHRONIZE,
        "delete": DELETE,
        "remove_coupling": UNCOUPLE,
        "find_deleted": SYNCHRONIZE,
        "assign": SYNCHRONIZE,
        "comment": SYNCHRONIZE,
        "ignore": SYNCHRONIZE,
        "unignore": SYNCHRONIZE,
    }
    # The page says what users know, the service what it does.
    SERVICE_ACTIONS = {"retry_all": "retry", "remove_coupling": "uncouple"}

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])
    scope = forms.ChoiceField(choices=[("", ""), ("filter", "filter")], required=False)
    # How many records the confirmation page named; more of them must be confirmed again.
    confirmed = forms.IntegerField(required=False, min_value=0)
    # What the actions need that ask for something: a user's name (nobody when empty), a text, a day.
    person = forms.CharField(required=False, max_length=150)
    comment = forms.CharField(required=False)
    until = forms.DateField(required=False)

    @property
    def service_action(self) -> str:
        return self.SERVICE_ACTIONS.get(self.action_name, self.action_name)

    @property
    def rule(self) -> str:
        """The action's name in ``couplings.error_actions``."""
        return error_actions.rule(self.service_action, self.use_side)

    @property
    def until_moment(self) -> datetime | None:
        """When the day begins in the pages' time zone."""
        day = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None

    @property
    def everything(self) -> bool:
        return self.cleaned_data["scope"] == "filter" or self.action_name == "retry_all"

    @property
    def needs_confirmation(self) -> bool:
        return not self.cleaned_data["confirm"] and (self.everything or self.action_name == "delete")

    @property
    def is_confirmed_request(self) -> bool:
        """Whether a person has read what is about to be asked for."""
        is_request = self.service_action in REQUESTS
        read = self.cleaned_data["confirm"] or self.cleaned_data["confirmed"] is not None
        return is_request and read and not self.needs_confirmation

    def is_more_than_confirmed(self, fitting: int, asked: int) -> bool:
        """Whether somebody has to read first to how many of the ``asked`` errors the action applies: when not to all of
        them, unless the page has said how many, and when there are more by now than were confirmed."""
        confirmed = self.cleaned_data["confirmed"]
        if confirmed is not None:
            return fitting > confirmed
        return 0 < fitting < asked and not self.cleaned_data["confirm"]


class HeldActionForm(SelectionForm):
    """What a person decides about the records of a held plan."""

    PERMISSIONS = {"approve": DELETE, "approve_all": DELETE, "discard": SYNCHRONIZE, "discard_all": SYNCHRONIZE}

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])
    confirmed = forms.IntegerField(required=False, min_value=0)

    @property
    def approves(self) -> bool:
        return self.action_name.startswith("approve")

    @property
    def everything(self) -> bool:
        return self.action_name.endswith("_all")

    def must_be_confirmed(self, records: int) -> bool:
        """Whether nobody has read yet that it is so many records."""
        if not (self.approves or self.everything):
            return False
        return not self.cleaned_data["confirm"] or records > (self.cleaned_data["confirmed"] or 0)


class CouplingActionForm(SelectionForm):
    """An action of the list of records or of a record's page."""

    PERMISSIONS = {"synchronize": SYNCHRONIZE, "remove_coupling": UNCOUPLE}

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])


class SetUpCouplingForm(ListFilter):
    """What Set Up Coupling knows so far: the mapping, the record chosen on each side, and what is searched for."""

    LONGEST = 200

    mapping = forms.CharField(required=False)
    left = forms.CharField(required=False, strip=False)
    right = forms.CharField(required=False, strip=False)
    q_left = forms.CharField(required=False)
    q_right = forms.CharField(required=False)
    use = forms.ChoiceField(choices=SIDES, required=False)

    @property
    def chosen(self) -> dict[str, str]:
        """Without ``strip``: a key may begin or end with a space. The data to use are chosen last."""
        return {name: text for name in self.fields if name != "use" and (text := self.value(name))}

    @property
    def use_side(self) -> Side | None:
        return Side(self.value("use")) if self.value("use") else None

    def searched(self, side: Side) -> str:
        return self.value(f"q_{side.value}")[: self.LONGEST]


class MappingActionForm(ActionForm):
    """An action of a mapping's page."""

    PERMISSIONS = {
        Kind.MODIFIED.value: SYNCHRONIZE,
        Kind.FULL.value: SYNCHRONIZE,
        Kind.FIND_DELETED.value: SYNCHRONIZE,
        Kind.PREVIEW.value: SYNCHRONIZE,
        "pause": CONFIGURE,
        "resume": CONFIGURE,
        "accept": CONFIGURE,
    }

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])


class JobActionForm(ActionForm):
    """An action of a job's page or of the jobs list."""

    PERMISSIONS = dict.fromkeys(("pause", "resume", "cancel", "apply", "discard"), SYNCHRONIZE)

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])


class Keys(forms.Field):
    """Many keys, one a checkbox; each as it was sent, for a key may begin or end with a space."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [text for text in value or [] if text]


class RecordForm(ListFilter):
    """One record, or the records of one side of a mapping."""

    mapping = forms.CharField()
    side = forms.ChoiceField(choices=[(side.value, side.value) for side in Side], required=False)
    key = forms.CharField(required=False, strip=False)

    @property
    def chosen(self) -> dict[str, str]:
        """Without ``strip``: a key may begin or end with a space."""
        return {name: text for name in self.fields if (text := self.value(name))}

    @property
    def side_chosen(self) -> Side:
        return Side(self.value("side") or Side.LEFT)


class RecordFilter(RecordForm):
    """What the list of a system's records shows."""

    LONGEST = 200

    q = forms.CharField(required=False)
    field = forms.CharField(required=False)
    coupling = forms.ChoiceField(choices=[("", ""), ("yes", "yes"), ("no", "no")], required=False)
    after = forms.CharField(required=False, strip=False)
    before = forms.CharField(required=False, strip=False)

    @property
    def coupled(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.value("coupling"))


class RecordActionForm(SelectionForm):
    """An action on records of one side, coupled or not. ``pair``: what was found for them, as JSON of both keys."""

    PERMISSIONS = {"synchronize": SYNCHRONIZE, "couple": UNCOUPLE, "remove_coupling": UNCOUPLE}

    action = forms.ChoiceField(choices=[(name, name) for name in PERMISSIONS])
    selected = Keys(required=False)
    pair = Keys(required=False)

    @property
    def pairs(self) -> dict[str, str]:
        """The partner's key by the record's; what is no pair of keys drops out."""
        found = {}
        for text in self.cleaned_data["pair"]:
            try:
                pair = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(key, str) and key for key in pair):
                found[pair[0]] = pair[1]
        return found
