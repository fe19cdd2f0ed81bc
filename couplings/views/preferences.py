from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from couplings.preferences import LANGUAGE, keep, known

YEAR = 365 * 24 * 60 * 60


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """The reader's language or colours, from the menu of any page; back to that page."""
    chosen = known(request.POST.dict())
    keep(request.user, request.session, chosen)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    answer = HttpResponseRedirect(back if safe else "/")
    if LANGUAGE in chosen:
        # For the sign-in page, which does not know yet who will be reading.
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen[LANGUAGE],
            max_age=YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer
