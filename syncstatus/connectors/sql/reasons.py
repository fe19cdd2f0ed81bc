"""Why nobody answers at an address, by the words of the drivers: what a person has to put right differs."""

from typing import Final

_REASONS: Final = (
    # An encrypted connection that breaks says "SSL", too, but not one of these.
    ("tls_failed", ("certificate", "does not support ssl", "ssl is required", "[ssl", "ssl error: ", "handshake")),
    ("host_unknown", ("could not translate host name", "name or service not known", "nodename nor servname",
                      "temporary failure in name resolution", "getaddrinfo failed", "no address associated")),
    ("port_closed", ("connection refused", "no such file or directory")),
    ("no_answer", ("timed out", "timeout", "no route to host", "network is unreachable")),
)  # fmt: skip


_BROKEN: Final = "eof"


def reason(detail: str) -> str:
    """``tls_failed``, ``host_unknown``, ``port_closed`` or ``no_answer``; "" when the words tell nothing more."""
    words = detail.lower()
    if _BROKEN in words:
        return ""
    return next((code for code, known in _REASONS if any(one in words for one in known)), "")
