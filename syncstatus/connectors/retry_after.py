"""The HTTP header ``Retry-After`` (RFC 9110, 10.2.3): a number of seconds, or a date."""

import email.utils
import re
from datetime import UTC, datetime
from typing import Final

_SECONDS: Final = re.compile(r"\d{1,9}(?:\.\d+)?", re.ASCII)


def seconds(header: str | None, now: datetime) -> float | None:
    """How long to wait from ``now`` (aware), in seconds; 0 for a date that has passed.

    None where the header is missing or says neither, so that the caller waits as long as its own back-off says. A date
    of any form of the RFC is accepted; one without a zone is GMT. Some servers send fractions of a second.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    date = _date(text)
    return None if date is None else max((date - now).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
