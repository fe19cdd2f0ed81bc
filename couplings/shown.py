"""What looks the same everywhere: a time, a number, a value, a state, whether a record exists."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.paging import Count

MINUTE, HOUR, DAY, MONTH = 60, 3_600, 86_400, 30 * 86_400


def ago(moment: datetime | None) -> str:
    """“12 min ago” or “in 3 h”, exact on hover and for screen readers; beyond a month the date itself."""
    return _time(moment, _distance(moment)) if moment else "—"


def day(moment: datetime | None) -> str:
    """A day without its time, as the reader writes it."""
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT") if moment else "—"


def due(moment: datetime | None) -> str:
    """When something happens next; what is late waits for its turn, and was not long ago."""
    if moment is None or moment > timezone.now():
        return ago(moment)
    return _time(moment, _("due now"))


def age(moment: datetime | None) -> str:
    """How long ago, without the words around it; exact on hover."""
    if moment is None:
        return "—"
    return _time(moment, span(max((timezone.now() - moment).total_seconds(), 0)))


def _time(moment: datetime, text: str) -> SafeString:
    local = timezone.localtime(moment)
    exact = date_format(local, "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, text)


def _distance(moment: datetime) -> str:
    seconds = round((timezone.now() - moment).total_seconds())
    if abs(seconds) < MINUTE:
        return _("just now") if seconds >= 0 else _("in a moment")
    if abs(seconds) > MONTH:
        return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")
    return _("%(time)s ago") % {"time": span(seconds)} if seconds > 0 else _("in %(time)s") % {"time": span(-seconds)}


def span(seconds: float) -> str:
    """The largest unit says enough: 45 s, 12 min, 3 h, 2 days."""
    whole = round(seconds)
    if whole < MINUTE:
        return _("%(count)s s") % {"count": whole}
    if whole < HOUR:
        return _("%(count)s min") % {"count": whole // MINUTE}
    if whole < DAY:
        return _("%(count)s h") % {"count": whole // HOUR}
    return ngettext("%(count)s day", "%(count)s days", whole // DAY) % {"count": whole // DAY}


def every(seconds: int) -> str:
    """How often something comes back, exactly: in the largest unit that it is a whole number of, so that 90 minutes are
    not told as an hour."""
    for size, text in ((DAY, _days), (HOUR, _hours), (MINUTE, _minutes)):
        if seconds % size == 0:
            return text(seconds // size)
    return ngettext("every second", "every %(count)s s", seconds) % {"count": seconds}


def _days(count: int) -> str:
    return ngettext("every day", "every %(count)s days", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("every hour", "every %(count)s h", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("every minute", "every %(count)s min", count) % {"count": count}


def duration(started: datetime | None, finished: datetime | None) -> str:
    """From ``started`` to ``finished``, or until now; tenths of a second below ten."""
    if started is None:
        return "—"
    seconds = max(((finished or timezone.now()) - started).total_seconds(), 0)
    return _("%(count)s s") % {"count": number_format(seconds, 1)} if seconds < 10 else span(seconds)


def rate(records: float) -> str:
    """Records a second; slower ones a minute, so that a slow system does not look like one that stands still."""
    if records >= 1:
        return _("%(count)s records/s") % {"count": number(round(records))}
    return _("%(count)s records/min") % {"count": number(round(records * MINUTE))}


def number(count: Any) -> str:
    """A number or a bounded count in the reader's form: 1,234 or 10,000+."""
    if isinstance(count, Count):
        return number_format(count.value, force_grouping=True) + ("" if count.exact else "+")
    return number_format(count, force_grouping=True)


def counted(count: Any, label: Any) -> str:
    """“3 Modified”. Captions have no plural: where the language would need one, they stand before the number."""
    return _("%(count)s %(label)s") % {"count": number(count), "label": label}


def presence(exists: bool | None) -> SafeString:
    """Whether a record exists, in a word, with a sign by the stylesheet; colour only repeats it."""
    if exists is None:
        return format_html('<span class="presence unknown">{}</span>', _("unknown"))
    return format_html('<span class="presence {}">{}</span>', *(("yes", _("Yes")) if exists else ("no", _("No"))))


def badge(choice: str, label: Any) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', str(choice), label)


def value(content: Any) -> SafeString | str:
    """A field's value as text; an empty one is said, so that it cannot be taken for a missing column."""
    if content is None or content == "":
        return format_html('<span class="empty">{}</span>', _("empty"))
    if isinstance(content, bool):
        return _("Yes") if content else _("No")
    return str(content)
