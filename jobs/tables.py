"""The tables of the jobs list and of a held plan."""

from typing import Any

import django_tables2 as tables
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from couplings.log import OUTCOMES
from couplings.models import SyncError, TableMapping
from couplings.models.error import State
from couplings.paging import Page
from couplings.roles import SYNCHRONIZE
from couplings.rules_in_words import arrow
from couplings.shown import ago, badge, counted, duration, number
from couplings.tables import PagedTable, Selection, error_url, link, requested_text
from couplings.templatetags.records import job_message
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
    """The list of jobs. The cells that change while a job runs bear an id, so that a poll can bring them up to date:
    ``refreshed`` makes them take the place of those on the page."""

    started = tables.Column(gettext_lazy("Started"), empty_values=(), orderable=False)
    duration = tables.Column(gettext_lazy("Duration"), empty_values=(), orderable=False, attrs=NUMBER)
    mapping = tables.Column(gettext_lazy("Table"), orderable=False)
    kind = tables.Column(gettext_lazy("Job"), orderable=False, attrs={"td": {"class": "title"}})
    direction = tables.Column(gettext_lazy("Direction"), empty_values=(), orderable=False)
    trigger = tables.Column(gettext_lazy("Trigger"), orderable=False)
    read = tables.Column(gettext_lazy("Read"), orderable=False, attrs=NUMBER)
    outcomes = tables.Column(gettext_lazy("Outcomes"), empty_values=(), orderable=False)
    state = tables.Column(gettext_lazy("State"), orderable=False)
    message = tables.Column(
        gettext_lazy("Message"), empty_values=(), orderable=False, attrs={"td": {"class": "message"}}
    )
    actions = tables.Column(
        gettext_lazy("Actions"), empty_values=(), orderable=False, attrs={"td": {"class": "row-actions"}}
    )

    LIVE = ("started", "duration", "read", "outcomes", "state", "message", "actions")

    class Meta(PagedTable.Meta):
        row_attrs = {"class": lambda record: f"state-{record.state}"}
        empty_text = gettext_lazy("No job is listed here.")

    def __init__(self, page: Page[SyncJob], request: HttpRequest, *, refreshed: bool = False, **options: Any) -> None:
        super().__init__(page, request, **options)
        self.refreshed = refreshed

    def live(self, record: SyncJob, name: str, content: Any) -> SafeString:
        swap = mark_safe(' hx-swap-oob="true"') if self.refreshed else ""
        return format_html('<div id="job-{}-{}"{}>{}</div>', record.pk, name, swap, content)

    def render_started(self, record: SyncJob) -> SafeString:
        return self.live(record, "started", ago(record.started or record.created))

    def render_duration(self, record: SyncJob) -> SafeString:
        return self.live(record, "duration", duration(record.started, record.finished))

    def render_mapping(self, record: SyncJob) -> SafeString:
        return link(reverse("jobs:mapping", args=[record.mapping.name]), record.mapping.name)

    def render_kind(self, record: SyncJob) -> SafeString:
        return link(reverse("jobs:job", args=[record.pk]), record.get_kind_display())

    def render_direction(self, record: SyncJob) -> SafeString:
        return format_html('<span class="place">{}</span>', route(record.mapping))

    def render_trigger(self, record: SyncJob) -> SafeString | str:
        if record.requested_by is None:
            return record.get_trigger_display()
        return format_html("{} · {}", record.get_trigger_display(), record.requested_by.get_username())

    def render_read(self, value: int, record: SyncJob) -> SafeString:
        url = f"{reverse('jobs:job', args=[record.pk])}#log"
        return self.live(record, "read", link(url, number(value)) if value else number(value))

    def render_outcomes(self, record: SyncJob) -> SafeString:
        url = reverse("jobs:job", args=[record.pk])
        counts = ((name, label, getattr(record, name)) for name, label in OUTCOMES.items())
        links = [(url, name, counted(count, label)) for name, label, count in counts if count]
        shown = format_html_join(", ", '<a href="{}?outcome={}">{}</a>', links) or "—"
        return self.live(record, "outcomes", shown)

    def render_message(self, record: SyncJob) -> SafeString:
        return self.live(record, "message", job_message(record) if record.code else "")

    def render_actions(self, record: SyncJob) -> SafeString:
        actions = record.actions
        if not actions or not self.request.user.has_perm(SYNCHRONIZE):
            return self.live(record, "actions", "")
        back = self.request.GET.get("from") or self.request.get_full_path()
        context = {"job": record, "actions": actions, "next": back, "small": True}
        return self.live(record, "actions", render_to_string("jobs/job_actions.html", context, self.request))

    def render_state(self, record: SyncJob) -> SafeString:
        shown = badge(record.state, record.get_state_display())
        far = progress.of(record)
        if far is not None:
            shown = format_html('{} <span class="place">{}: {}</span>', shown, far.phase, progress.in_short(far))
        return self.live(record, "state", shown)


def route(mapping: TableMapping) -> str:
    """Which way a mapping's records travel, by the systems' names."""
    return f"{mapping.side_name('left')} {arrow(mapping.direction)} {mapping.side_name('right')}"
