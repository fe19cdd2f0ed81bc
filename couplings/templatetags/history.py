"""An error's history, for templates."""

from django import template
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from couplings import error_actions
from couplings.models import ErrorNote, SyncError
from couplings.models.note import NoteKind
from couplings.shown import day

register = template.Library()

PEOPLE = 200  # that errors can be assigned to from a page

register.filter("day", day)
register.filter("applying", error_actions.applying)


@register.filter
def history(error: SyncError) -> QuerySet[ErrorNote]:
    """What people did and said about it, the oldest first."""
    return error.notes.select_related("by").order_by("pk")


@register.filter
def in_words(note: ErrorNote) -> str:
    """A line of the history in words."""
    match note.kind:
        case NoteKind.COMMENT:
            return _("“%(text)s”") % {"text": note.text}
        case NoteKind.ASSIGNED if note.text:
            return _("Assigned to %(person)s") % {"person": note.text}
        case NoteKind.ASSIGNED:
            return _("Assigned to nobody")
        case NoteKind.IGNORED:
            return _("Ignored until %(day)s") % {"day": day(note.until)}
    return _("Back in the list") if note.by_id else _("Back in the list, as the day had come")


@register.simple_tag
def people() -> list[str]:
    """Whom errors can be assigned to."""
    found = User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
    return list(found[:PEOPLE])
