"""How far actions on many errors are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from couplings.models import BulkRequest, ErrorRequest
from couplings.models.error import Request
from couplings.shown import number

LATEST: Final = 20
WATCHED: Final = timedelta(days=7)
"""What is not worked off by then waits for a mapping that is paused."""
FAST, SLOW, MANY = 2, 10, 10_000  # seconds between two looks at few, and at many that are left

_SENTENCES: Final[Mapping[str, Any]] = {
    Request.RETRY: _("%(total)s are being retried (%(done)s done)."),
    Request.USE_LEFT: _("%(total)s are being synchronized (%(done)s done)."),
    Request.USE_RIGHT: _("%(total)s are being synchronized (%(done)s done)."),
    Request.RESTORE: _("%(total)s are being restored (%(done)s done)."),
    Request.DELETE: _("%(total)s are being deleted (%(done)s done)."),
    Request.UNCOUPLE: _("%(total)s are being uncoupled (%(done)s done)."),
    Request.CREATE: _("%(total)s are being created again (%(done)s done)."),
}


@dataclass(frozen=True)
class Progress:
    """``left`` of the errors are in work or not begun yet."""

    bulk: BulkRequest
    left: int

    @property
    def total(self) -> int:
        return self.bulk.asked - self.bulk.cancelled

    @property
    def done(self) -> int:
        return max(self.total - self.left, 0)

    @property
    def sentence(self) -> str:
        """“412 are being retried (120 done).”"""
        return str(_SENTENCES[self.bulk.request]) % {"total": number(self.total), "done": number(self.done)}


def running() -> list[Progress]:
    """The actions that are not worked off yet, the latest first. Two queries at most."""
    since = timezone.now() - WATCHED
    latest = BulkRequest.objects.select_related("requested_by").order_by("-pk")[:LATEST]
    recent = [bulk for bulk in latest if bulk.requested_at > since and bulk.request in _SENTENCES]
    if not recent:
        return []
    waiting = ErrorRequest.objects.filter(at__in=[bulk.requested_at for bulk in recent])
    left = dict(waiting.values_list("at").annotate(number=Count("pk")))
    return [Progress(bulk, left[bulk.requested_at]) for bulk in recent if bulk.requested_at in left]


def pause(found: list[Progress]) -> int:
    """Seconds until a page should look again."""
    return SLOW if sum(one.left for one in found) > MANY else FAST
