"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the browser, "" when it cannot be told.

    Behind ``TRUSTED_PROXIES`` proxies it is the one that the outermost of them saw: counted from the right, as whatever
    stands further left was written by whoever sent the request.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    hops = [*request.headers.get("X-Forwarded-For", "").split(","), peer] if settings.TRUSTED_PROXIES else [peer]
    return _address(hops[max(0, len(hops) - 1 - settings.TRUSTED_PROXIES)].strip())


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
