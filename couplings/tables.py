"""The tables of the list pages."""

from collections.abc import Callable
from functools import cache
from typing import Any

import django_tables2 as tables
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2.data import TableListData
from django_tables2.utils import OrderBy

from couplings import error_actions, messages
from couplings.models import Connection, Coupling, SyncError, TableMapping
from couplings.models.error import KINDS, Request, State
from couplings.paging import Page
from couplings.rows import body
from couplings.shown import age, ago, badge, day, due, number, presence

# Of 50 rows, Django's get_kind_display would translate all kinds 50 times.
KIND_LABELS = dict(KINDS)


class PagedRows(TableListData):
    """Rows that the database has already put in order."""

    def order_by(self, aliases: Any) -> None:
        """Nothing to do: sorting one page would not sort the list."""


class PagedTable(tables.Table):
    """A table over one page of a list that is sorted and paged by key."""

    newest_first = "-pk"  # the column a list is sorted by unless its reader says otherwise

    class Meta:
        template_name = "table.html"

    def __init__(self, page: Page[Any], request: HttpRequest, **options: Any) -> None:
        alias, _order = self.sorting(request)
        super().__init__(PagedRows(page.rows), order_by=alias, **options)
        self.page_shown = page
        self.request = request

    @property
    def body(self) -> SafeString:
        return body(self, self.page_shown.rows)

    @classmethod
    def sorting(cls, request: HttpRequest) -> tuple[str, str]:
        """What the query string asks to sort by, and the database column or annotation it means."""
        alias = OrderBy(request.GET.get("sort") or cls.newest_first)
        column = cls.base_columns.get(alias.bare)
        if column is None or column.orderable is False:
            alias = OrderBy(cls.newest_first)
            column = cls.base_columns.get(alias.bare)
        paths = column.order_by if column is not None else None
        path = OrderBy(paths[0] if paths else alias.bare)
        return str(alias), str(path.opposite if alias.is_descending else path)


class Selection(tables.Column):
    """A checkbox a row, named by the record it selects."""

    def __init__(self) -> None:
        super().__init__(
            accessor="pk",
            orderable=False,
            verbose_name=gettext_lazy("Select"),
            attrs={"th": {"class": "select"}, "td": {"class": "select"}},
        )

    def render(self, value: Any, record: Any, table: PagedTable) -> SafeString | str:
        checked = " checked" if table.request.GET.get("select") == "page" else ""
        name = getattr(record, "description", "") or str(record)
        label = _("Select %(record)s") % {"record": name}
        return format_html(
            '<input type="checkbox" name="selected" value="{}" aria-label="{}"{}>', value, label, checked
        )


class ErrorSelection(Selection):
    """It also tells which actions apply to the error, so that a script can count them for the buttons. Where the whole
    view is selected, no row is selected by itself."""

    def render(self, value: Any, record: Any, table: PagedTable) -> SafeString | str:
        state = {"page": " checked", "view": " checked disabled"}.get(table.request.GET.get("select", ""), "")
        return format_html(
            '<input type="checkbox" name="selected" value="{}" aria-label="{}" data-actions="{}"{}>',
            value,
            _("Select %(record)s") % {"record": record.description or str(record)},
            " ".join(sorted(error_actions.applying(record))),
            state,
        )


def link(url: str, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


class Same:
    """What many rows of a page of errors say, in the reader's language: put together for the first of them alone."""

    def __init__(self) -> None:
        self.table = cache(table_link)
        self.kind = cache(kind_and_state)
        self.presence = cache(presence)
        self.compare, self.details = _("Compare"), _("Details")
        self.error_url, self.coupling_url = numbered("jobs:error"), numbered("jobs:coupling")


def numbered(name: str) -> Callable[[int], str]:
    """The address of a page by the number it is about; to ask the resolver for each row takes long."""
    front, _zero, back = reverse(name, args=[0]).rpartition("0")
    return lambda number: f"{front}{number}{back}"


def table_link(owner: TableMapping | Connection) -> SafeString:
    if isinstance(owner, TableMapping):
        return link(reverse("jobs:mapping", args=[owner.name]), owner.name)
    return link(reverse("couplings:connections"), owner)


def kind_and_state(kind: str, state: str) -> SafeString:
    return format_html("{} {}", KIND_LABELS[kind], badge(state, State(state).label))


class ErrorTable(PagedTable):
    newest_first = "-failed_on"

    selected = ErrorSelection()
    table = tables.Column(gettext_lazy("Table"), accessor="table_name", order_by="table_name")
    description = tables.Column(
        gettext_lazy("Description"), order_by="described", empty_values=(), attrs={"td": {"class": "title"}}
    )
    record_exists = tables.Column(gettext_lazy("Record Exists"), empty_values=())
    coupled_to = tables.Column(gettext_lazy("Coupled To"), empty_values=(), attrs={"td": {"class": "key"}})
    coupled_record_exists = tables.Column(gettext_lazy("Coupled Record Exists"), empty_values=())
    message = tables.Column(
        gettext_lazy("Error Message"), order_by="code", empty_values=(), attrs={"td": {"class": "message"}}
    )
    kind = tables.Column(gettext_lazy("Kind"))
    attempts = tables.Column(gettext_lazy("Attempts"), attrs={"td": {"class": "number"}, "th": {"class": "number"}})
    failed_on = tables.Column(gettext_lazy("Failed On"), accessor="last_seen", order_by="last_seen")
    age = tables.Column(gettext_lazy("Age"), accessor="first_seen", order_by="-first_seen")

    class Meta(PagedTable.Meta):
        row_attrs = {"class": lambda record: f"state-{record.state}"}
        empty_text = gettext_lazy("No error is open here.")

    def __init__(self, page: Page[Any], request: HttpRequest, **options: Any) -> None:
        super().__init__(page, request, **options)
        self.same = Same()

    def render_table(self, record: SyncError) -> SafeString:
        return self.same.table(record.mapping or record.connection)

    def render_description(self, record: SyncError) -> SafeString:
        url = self.same.coupling_url(record.coupling_id) if record.coupling_id else self.same.error_url(record.pk)
        side, key = known_record(record)
        text = record.description or key or record.table_name
        place = format_html('<span class="place">{} {}</span>', side, key) if key else ""
        return format_html("{} {}", link(url, text), place)

    def render_record_exists(self, record: SyncError) -> SafeString | str:
        if not known_record(record)[1]:
            return "—"
        return self.same.presence(record.left_exists if record.left_key is not None else record.right_exists)

    def render_coupled_to(self, record: SyncError) -> SafeString | str:
        if record.mapping is None or record.left_key is None or record.right_key is None:
            return "—"
        side = record.mapping.side_name("right")
        return format_html('<span class="place">{}</span> {}', side, record.right_key)

    def render_coupled_record_exists(self, record: SyncError) -> SafeString | str:
        if record.left_key is None or record.right_key is None:
            return "—"
        return self.same.presence(record.right_exists)

    def render_message(self, record: SyncError) -> SafeString:
        requested = format_html('<span class="requested">{}</span>', requested_text(record)) if record.request else ""
        compare = self.same.compare if record.left_key or record.right_key else self.same.details
        form = '<span class="said">{}</span> <a href="{}">{}</a> {}'
        return format_html(form, messages.of(record), self.same.error_url(record.pk), compare, requested)

    def render_kind(self, record: SyncError) -> SafeString:
        back = _("until %(day)s") % {"day": day(record.ignored_until)} if record.state == State.IGNORED else ""
        person = record.assigned_to.get_username() if record.assigned_to else ""
        more = format_html_join("", ' <span class="place">{}</span>', ((text,) for text in (back, person) if text))
        return format_html("{}{}", self.same.kind(record.kind, record.state), more)

    def render_attempts(self, value: int, record: SyncError) -> SafeString | str:
        if record.state != State.RETRYING or record.next_attempt is None:
            return number(value)
        following = format_html("{} {}", _("next attempt"), due(record.next_attempt))
        return format_html('{} <span class="place">{}</span>', number(value), following)

    def render_failed_on(self, record: SyncError) -> str:
        return ago(record.last_seen)

    def render_age(self, record: SyncError) -> str:
        return age(record.first_seen)


def error_url(error: SyncError) -> str:
    return reverse("jobs:error", args=[error.pk])


def known_record(error: SyncError) -> tuple[str, str]:
    """The side and the key of the record an error is told from: the left one unless only the right one is known."""
    if error.mapping is None:
        return "", ""
    if error.left_key is not None:
        return error.mapping.side_name("left"), error.left_key
    return error.mapping.side_name("right"), error.right_key or ""


def requested_text(error: SyncError) -> str:
    """What somebody asked for and a job has not worked off yet; sides by their names."""
    if error.request in ("use_left", "use_right") and error.mapping:
        side = error.mapping.side_name(error.request.removeprefix("use_"))
        return _("Scheduled: Synchronize with the data of %(side)s") % {"side": side}
    return _("Scheduled: %(action)s") % {"action": Request(error.request).label}


class CouplingTable(PagedTable):
    selected = Selection()
    table = tables.Column(gettext_lazy("Table"), accessor="mapping", orderable=False)
    left = tables.Column(gettext_lazy("Record"), accessor="left_key", orderable=False, attrs={"td": {"class": "title"}})
    right = tables.Column(gettext_lazy("Coupled To"), accessor="right_key", orderable=False)
    last_synced = tables.Column(gettext_lazy("Last synchronized"), orderable=False, empty_values=())
    coupled_at = tables.Column(gettext_lazy("Coupled since"), orderable=False)
    problem = tables.Column(gettext_lazy("Open error"), empty_values=(), orderable=False)

    class Meta(PagedTable.Meta):
        empty_text = gettext_lazy("No records are coupled here.")

    def render_table(self, record: Coupling) -> SafeString:
        return link(reverse("jobs:mapping", args=[record.mapping.name]), record.mapping.name)

    def render_left(self, record: Coupling) -> SafeString:
        url = reverse("jobs:coupling", args=[record.pk])
        return format_html(
            '{} <span class="place">{}</span>', link(url, record.left_key), record.mapping.side_name("left")
        )

    def render_right(self, record: Coupling) -> SafeString:
        return format_html('{} <span class="place">{}</span>', record.right_key, record.mapping.side_name("right"))

    def render_last_synced(self, record: Coupling) -> str:
        return ago(record.last_synced)

    def render_coupled_at(self, record: Coupling) -> str:
        return ago(record.coupled_at)

    def render_problem(self, record: Coupling) -> SafeString | str:
        found = record.open_errors  # type: ignore[attr-defined]
        rows = ((error_url(error), KIND_LABELS[error.kind]) for error in found)
        return format_html_join(", ", '<a href="{}">{}</a>', rows) or "—"
