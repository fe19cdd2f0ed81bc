"""How many wrong passwords there may be, and until when somebody is kept out after more.

Three things are counted over the time that a lock lasts: wrong passwords for one name from one address, those from one
address whatever the name, so that nobody tries one password on every name, and those for one name from anywhere, so
that nobody spreads the attempts over many machines. Only the first limit is one that a person comes near by mistyping;
a whole office behind one address needs many people who mistype within minutes. Whoever has signed in from an address
before is kept out there by the first two alone: strangers cannot keep somebody out of their own office.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from couplings.models import AuditEntry
from couplings.models.audit import Result


class Throttle(AxesDatabaseHandler):
    """What django-axes asks before it looks at a password, and after a wrong one."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """As many as lock one name and one address, when any of the limits is reached: it knows only that one."""
        name = str(get_client_username(request, credentials) or "")
        locked = locked_until(name, request.axes_ip_address)  # type: ignore[attr-defined]
        return settings.AXES_FAILURE_LIMIT if locked else 0


def locked_until(name: str, address: str | None) -> datetime | None:
    """When the next password for ``name`` from ``address`` is looked at again; None when it is now.

    An address that cannot be told is nobody's, and so has no limit of its own.
    """
    return max(_locks(name, address or None), default=None)


def _locks(name: str, address: str | None) -> Iterator[datetime]:
    recent = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME)
    if until := _below(recent.filter(username=name, ip_address=address), settings.AXES_FAILURE_LIMIT):
        yield until
    if address and (until := _below(recent.filter(ip_address=address), settings.LOGIN_ATTEMPTS_OF_ADDRESS)):
        yield until
    until = _below(recent.filter(username=name), settings.LOGIN_ATTEMPTS_FOR_NAME)
    if until and not _has_signed_in_from(name, address):
        yield until


def _below(attempts: QuerySet[AccessAttempt], limit: int) -> datetime | None:
    """When so many of them are old enough that fewer than ``limit`` are left; None when there are fewer now."""
    found = list(attempts.order_by("attempt_time").values_list("failures_since_start", "attempt_time"))
    left = sum(failures for failures, _at in found)
    for failures, at in found if left >= limit else ():
        left -= failures
        if left < limit:
            return at + settings.AXES_COOLOFF_TIME
    return None


def _has_signed_in_from(name: str, address: str | None) -> bool:
    done = AuditEntry.objects.filter(who=name, action="sign_in", result=Result.DONE)
    return done.filter(address=address or "").exists()
