from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.services import health
from jobs.services.health import Health


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the store and the broker answer now: 200, or 503 with the one that does not."""
    found = health.servers()
    return _answer(found.serves, **_words(found))


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Whether this process answers. It asks nobody else: starting it anew would not bring them back."""
    return _answer(True)


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether work gets done: store and broker answer and a worker lives, else 503; and what has waited longest."""
    found = health.everything()
    waiting = found.oldest_waiting
    age = round(waiting.total_seconds(), 1) if waiting is not None else None
    return _answer(found.works, **_words(found), workers=found.workers, oldest_waiting_seconds=age)


def _words(found: Health) -> dict[str, str]:
    answers = {"database": found.database, "broker": found.broker}
    return {name: "ok" if answer else "unreachable" for name, answer in answers.items()}


def _answer(good: bool, **details: str | float | None) -> JsonResponse:
    status = "ok" if good else "unavailable"
    return JsonResponse({"status": status, **details}, status=200 if good else 503)
