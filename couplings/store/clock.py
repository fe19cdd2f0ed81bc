"""The one clock that decides."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The store's time. Leases, slots and next attempts are compared with it, so they have to be set by it: the clocks
    of workers and web servers differ, and jump."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found
