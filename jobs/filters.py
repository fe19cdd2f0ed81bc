"""The filter of the list of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from couplings.filters import ListFilter
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.models.job import CHANGED, FAILED

DID = [("changes", _("changed or coupled records")), ("failures", _("with failed records"))]


@dataclass(frozen=True)
class Choice:
    """A link that sets one part of a filter and leaves the others; ``query`` is the query string it leads to."""

    label: Any
    query: str
    current: bool


class JobFilter(ListFilter):
    RECENT = timedelta(days=1)
    LINKED = ("state", "did", "trigger", "since", "ended")

    mapping = forms.CharField(required=False, label=_("Table"))
    kind = forms.ChoiceField(choices=[("", ""), *Kind.choices], required=False, label=_("Kind"))
    state = forms.ChoiceField(choices=[("", ""), *JobState.choices], required=False, label=_("State"))
    did = forms.ChoiceField(choices=[("", ""), *DID], required=False, label=_("Outcome"))
    trigger = forms.ChoiceField(choices=[("", ""), *Trigger.choices], required=False, label=_("Trigger"))
    since = forms.ChoiceField(
        choices=[("", ""), ("day", _("the last 24 hours"))], required=False, label=_("Created in")
    )
    ended = forms.DateField(required=False, label=_("Ended on"))  # a day of the installation's time zone

    def apply(self, jobs: QuerySet[SyncJob]) -> QuerySet[SyncJob]:
        if not self.is_valid():
            return jobs.none()
        if name := self.value("mapping"):
            jobs = jobs.filter(mapping__name=name)
        if self.value("since"):
            jobs = jobs.filter(created__gte=timezone.now() - self.RECENT)
        if self.value("ended"):
            jobs = jobs.filter(finished__range=_day(self.cleaned_data["ended"]))
        if self.value("did"):
            jobs = jobs.filter(CHANGED if self.value("did") == "changes" else FAILED)
        same = {name: self.value(name) for name in ("kind", "state", "trigger") if self.value(name)}
        return jobs.filter(**same)

    @property
    def linked(self) -> list[tuple[str, str]]:
        """What is chosen by links, for the form beside them to keep."""
        return [(name, value) for name, value in self.chosen.items() if name in self.LINKED]

    @property
    def states(self) -> list[Choice]:
        return self._links("state", {"": _("all"), **dict(JobState.choices)})

    @property
    def outcomes(self) -> list[Choice]:
        """Most scheduled runs find nothing to do; these are the others."""
        return self._links("did", {"": _("all"), **dict(DID)})

    @property
    def triggers(self) -> list[Choice]:
        return self._links("trigger", {"": _("all"), **dict(Trigger.choices)})

    @property
    def periods(self) -> list[Choice]:
        """When jobs began or, where the page was reached by a day, when they ended."""
        links = self._links("since", {"": _("any time"), "day": _("the last 24 hours")}, ended="")
        day = self.cleaned_data["ended"] if self.value("ended") else None
        if day is None:
            return links
        ended = Choice(date_format(day, "SHORT_DATE_FORMAT"), self.query(), True)
        return [*(replace(link, current=False) for link in links), ended]

    def _links(self, name: str, choices: Mapping[str, Any], **others: str) -> list[Choice]:
        current = self.value(name)
        return [
            Choice(label, self.query(**{name: value}, **others), value == current) for value, label in choices.items()
        ]


def _day(day: date) -> tuple[datetime, datetime]:
    """Its first and its last moment."""
    zone = timezone.get_default_timezone()
    first, last = (timezone.make_aware(datetime.combine(day, at), zone) for at in (time.min, time.max))
    return first, last
