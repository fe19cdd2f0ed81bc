from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from couplings import roles
from jobs.services.metrics import exposition
from syncstatus.environment import is_loopback

# What a proxy adds: the request came from elsewhere, whatever address it arrives from.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: for whoever sends METRICS_TOKEN, for administrators, and without a token for programs
    on this machine as long as nobody else can reach it."""
    if not (_sends_token(request) or _is_local(request) or request.user.has_perm(roles.CONFIGURE)):
        return _refused()
    body, content_type = exposition(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)


def _sends_token(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")


def _is_local(request: HttpRequest) -> bool:
    """A proxy on this machine makes all requests local, so that is believed only where no other name is served."""
    if settings.METRICS_TOKEN or not all(map(is_loopback, settings.ALLOWED_HOSTS)):
        return False
    forwarded = any(header in request.headers for header in FORWARDED)
    return not forwarded and is_loopback(request.META.get("REMOTE_ADDR", ""))


def _refused() -> HttpResponse:
    text = _("Set METRICS_TOKEN and send it as a bearer token, or sign in as an administrator.")
    headers = {"WWW-Authenticate": "Bearer"} if settings.METRICS_TOKEN else {}
    return HttpResponse(text, status=401 if headers else 403, content_type="text/plain; charset=utf-8", headers=headers)
