"""Each reader's language and colours: kept with the account, so that they are there on any machine, and carried in the
session, so that a page asks for neither."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from couplings.models.preference import Preference, Scheme

LANGUAGE, SCHEME = "language", "scheme"
CHOICES: dict[str, frozenset[str]] = {
    LANGUAGE: frozenset(code for code, _name in settings.LANGUAGES),
    SCHEME: frozenset(Scheme.values),
}


def known(wanted: Mapping[str, str]) -> dict[str, str]:
    """What of ``wanted`` is a ``language`` or a ``scheme`` that there is."""
    return {name: wanted[name] for name, values in CHOICES.items() if wanted.get(name) in values}


def keep(user: AbstractBaseUser | AnonymousUser, session: SessionBase, chosen: Mapping[str, str]) -> None:
    """Remembers a choice that is ``known`` with the account and for this session. Who is not signed in has neither."""
    if not chosen or not user.is_authenticated:
        return
    Preference.objects.update_or_create(user_id=user.pk, defaults=dict(chosen))
    session.update(chosen)


def recall(request: HttpRequest, user: AbstractBaseUser, **_signal: Any) -> None:
    """At sign-in: what the account prefers."""
    found = Preference.objects.filter(user_id=user.pk).first()
    if found is not None:
        request.session.update(known({LANGUAGE: found.language, SCHEME: found.scheme}))


def shown(request: HttpRequest) -> dict[str, Any]:
    """For templates: the scheme the reader has chosen, empty for the system's own, and those there are."""
    session = getattr(request, "session", {})
    return {"scheme": session.get(SCHEME, ""), "schemes": Scheme.choices}


class ReadersLanguage(LocaleMiddleware):
    """The language somebody has chosen for the account, else the browser's."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        chosen = request.session.get(LANGUAGE)
        if chosen in CHOICES[LANGUAGE]:
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
