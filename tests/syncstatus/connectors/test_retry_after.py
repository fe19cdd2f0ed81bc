"""Both forms of Retry-After, and what servers make of them."""

from datetime import UTC, datetime

import pytest

from syncstatus.connectors.retry_after import seconds

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30.0),
        ("Monday, 23-Nov-26 12:00:10 GMT", 10.0),
        ("Mon Nov 23 12:00:05 2026", 5.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("１２", None),
        ("1e3", None),
        ("Mon, 99 Nov 2026 12:02:00 GMT", None),
    ],
)
def test_seconds(header: str | None, expected: float | None) -> None:
    assert seconds(header, NOW) == expected
