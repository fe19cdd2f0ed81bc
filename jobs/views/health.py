import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATIENCE = 2  # seconds


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the store and the broker answer now: 200, or 503 with the one that does not."""
    answers = {"database": database_answers(), "broker": broker_answers()}
    healthy = all(answers.values())
    words = {name: "ok" if answer else "unreachable" for name, answer in answers.items()}
    return JsonResponse({"status": "ok" if healthy else "unavailable", **words}, status=200 if healthy else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    broker = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        return bool(broker.ping())
    except redis.RedisError:
        return False
    finally:
        broker.close()
