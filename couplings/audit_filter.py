"""The filter of the audit log."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from couplings.filters import ListFilter
from couplings.models.audit import AuditEntry, Result


class AuditFilter(ListFilter):
    """Dates are days in the zone in which pages show times, both included."""

    who = forms.CharField(required=False, label=_("Who"), max_length=150)
    action = forms.CharField(required=False, label=_("Action"), max_length=60)
    mapping = forms.CharField(required=False, label=_("Mapping"), max_length=100)
    result = forms.ChoiceField(choices=[("", ""), *Result.choices], required=False, label=_("Result"))
    since = forms.DateField(required=False, label=_("From"))
    until = forms.DateField(required=False, label=_("Until"))

    def apply(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if not self.is_valid():
            return entries.none()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        same: dict[str, Any] = {name: given[name] for name in ("who", "action", "mapping", "result") if name in given}
        if "since" in given:
            same["at__gte"] = _midnight(given["since"])
        if "until" in given:
            same["at__lt"] = _midnight(given["until"] + timedelta(days=1))
        return entries.filter(**same)


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
