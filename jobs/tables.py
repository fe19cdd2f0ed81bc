"""The table of the jobs list."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from couplings.shown import ago, badge, duration, number
from couplings.tables import PagedTable, link
from couplings.templatetags.records import outcomes
from jobs.models import SyncJob

NUMBER: dict[str, Any] = {"td": {"class": "number"}, "th": {"class": "number"}}


class JobTable(PagedTable):
    started = tables.Column(gettext_lazy("Started"), empty_values=(), orderable=False)
    duration = tables.Column(gettext_lazy("Duration"), empty_values=(), orderable=False, attrs=NUMBER)
    mapping = tables.Column(gettext_lazy("Table"), orderable=False)
    kind = tables.Column(gettext_lazy("Kind"), orderable=False, attrs={"td": {"class": "title"}})
    trigger = tables.Column(gettext_lazy("Trigger"), orderable=False)
    read = tables.Column(gettext_lazy("Read"), orderable=False, attrs=NUMBER)
    outcomes = tables.Column(gettext_lazy("Outcomes"), empty_values=(), orderable=False)
    state = tables.Column(gettext_lazy("State"), orderable=False)

    class Meta(PagedTable.Meta):
        row_attrs = {"class": lambda record: f"state-{record.state}"}
        empty_text = gettext_lazy("No job is listed here.")

    def render_started(self, record: SyncJob) -> str:
        return ago(record.started or record.created)

    def render_duration(self, record: SyncJob) -> str:
        return duration(record.started, record.finished)

    def render_mapping(self, record: SyncJob) -> SafeString:
        return link(reverse("jobs:mapping", args=[record.mapping.name]), record.mapping.name)

    def render_kind(self, record: SyncJob) -> SafeString:
        return link(reverse("jobs:job", args=[record.pk]), record.get_kind_display())

    def render_trigger(self, record: SyncJob) -> SafeString | str:
        if record.requested_by is None:
            return record.get_trigger_display()
        return format_html("{} · {}", record.get_trigger_display(), record.requested_by.get_username())

    def render_read(self, value: int) -> str:
        return number(value)

    def render_outcomes(self, record: SyncJob) -> str:
        return outcomes(record)

    def render_state(self, record: SyncJob) -> SafeString:
        return badge(record.state, record.get_state_display())
