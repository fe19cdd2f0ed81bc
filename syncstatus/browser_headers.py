"""What browsers are told about every answer, beside Django's own headers and the Content-Security-Policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Nothing of these is used; whoever got a script into a page could not use it either.
DENIED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in DENIED)


class BrowserHeaders:
    """Pages hold business data, so neither a proxy nor the next person at the same computer gets them from a cache;
    an answer that says itself how it may be kept, such as a static file, keeps that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
