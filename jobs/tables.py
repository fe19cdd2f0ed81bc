"""The tables of the jobs list and of a held plan."""

from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from couplings.models import SyncError
from couplings.models.error import State
from couplings.roles import SYNCHRONIZE
from couplings.shown import ago, badge, duration, number
from couplings.tables import PagedTable, Selection, error_url, link, requested_text
from couplings.templatetags.records import outcomes
from jobs import progress
from jobs.models import SyncJob
from syncstatus.engine.records import Side

NUMBER: dict[str, Any] = {"td": {"class": "number"}, "th": {"class": "number"}}


class HeldTable(PagedTable):
    """The records of a held plan, in the order in which they were held."""

    newest_first = "pk"

    selected = Selection()
    record = tables.Column(gettext_lazy("Record"), empty_values=(), orderable=False, attrs={"td": {"class": "title"}})
    deleted = tables.Column(gettext_lazy("Deleted"), empty_values=(), orderable=False)
    survivor = tables.Column(gettext_lazy("To be deleted"), empty_values=(), orderable=False)
    held_since = tables.Column(gettext_lazy("Held since"), accessor="first_seen", orderable=False)
    requested = tables.Column(gettext_lazy("State"), empty_values=(), orderable=False)

    class Meta(PagedTable.Meta):
        empty_text = gettext_lazy("Nothing of this plan is held any more.")

    def render_record(self, record: SyncError) -> SafeString:
        return link(error_url(record), record.description or record.left_key or record.right_key)

    def render_deleted(self, record: SyncError) -> SafeString:
        return self._place(record, Side.RIGHT if record.left_exists else Side.LEFT)

    def render_survivor(self, record: SyncError) -> SafeString:
        return self._place(record, Side.LEFT if record.left_exists else Side.RIGHT)

    def _place(self, record: SyncError, side: Side) -> SafeString:
        name = record.mapping.side_name(side) if record.mapping is not None else ""
        key = record.left_key if side is Side.LEFT else record.right_key
        return format_html('<span class="place">{}</span> {}', name, key)

    def render_held_since(self, record: SyncError) -> str:
        return ago(record.first_seen)

    def render_requested(self, record: SyncError) -> SafeString | str:
        if record.request:
            return format_html('<span class="requested">{}</span>', requested_text(record))
        return badge(State.HELD, State.HELD.label)


class JobTable(PagedTable):
    started = tables.Column(gettext_lazy("Started"), empty_values=(), orderable=False)
    duration = tables.Column(gettext_lazy("Duration"), empty_values=(), orderable=False, attrs=NUMBER)
    mapping = tables.Column(gettext_lazy("Table"), orderable=False)
    kind = tables.Column(gettext_lazy("Kind"), orderable=False, attrs={"td": {"class": "title"}})
    trigger = tables.Column(gettext_lazy("Trigger"), orderable=False)
    read = tables.Column(gettext_lazy("Read"), orderable=False, attrs=NUMBER)
    outcomes = tables.Column(gettext_lazy("Outcomes"), empty_values=(), orderable=False)
    state = tables.Column(gettext_lazy("State"), orderable=False)
    actions = tables.Column(gettext_lazy("Actions"), empty_values=(), orderable=False)

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

    def render_actions(self, record: SyncJob) -> SafeString | str:
        actions = record.actions
        if not actions or not self.request.user.has_perm(SYNCHRONIZE):
            return ""
        context = {"job": record, "actions": actions, "next": self.request.get_full_path()}
        return render_to_string("jobs/job_actions.html", context, self.request)

    def render_state(self, record: SyncJob) -> SafeString:
        state = badge(record.state, record.get_state_display())
        far = progress.of(record)
        if far is None:
            return state
        return format_html('{} <span class="place">{}: {}</span>', state, far.phase, progress.in_short(far))
