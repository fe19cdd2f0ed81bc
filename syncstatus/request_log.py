"""Every request has a line in the log, and every line written while it is answered says whose it is."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from structlog.contextvars import bind_contextvars, unbind_contextvars

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# What a proxy may have named the request. Anything longer or stranger would be a way to write into the log.
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every few seconds by machines; they would drown what people do.
QUIET = ("/healthz", "/metrics")

Answer = Callable[[HttpRequest], HttpResponse]


class LogRequests:
    """Binds ``request`` and, on pages that need somebody signed in, ``user``; the answer bears ``X-Request-ID``."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        name = request_id(request)
        bind_contextvars(request=name)
        try:
            response = self.get_response(request)
            response[HEADER] = name
            _log(request, response, time.perf_counter() - began)
            return response
        finally:
            unbind_contextvars("request", "user")  # the thread answers somebody else next

    def process_view(self, request: HttpRequest, view: Callable, args: Any, kwargs: Any) -> None:
        # Who asks for an open page is not looked up: whether the store answers may be the very question.
        if getattr(view, "login_required", True) and request.user.is_authenticated:
            bind_contextvars(user=request.user.get_username())


def request_id(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "")
    return given if GIVEN.fullmatch(given) else uuid.uuid4().hex


def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """The path alone, and escaped: a query holds what people searched for, a path may hold line breaks."""
    level = logging.DEBUG if request.path.startswith(QUIET) else logging.INFO
    said = {"method": request.method, "path": escape_uri_path(request.path), "status": response.status_code}
    logger.log(level, "request", extra=said | {"ms": round(seconds * 1000)})
