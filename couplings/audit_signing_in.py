"""Signing in and out, and attempts at it, for the audit log."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from couplings import audit
from couplings.audit_requests import actor_of
from couplings.models.audit import Result


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: AbstractBaseUser, **_signal: Any) -> None:
    if request is not None:
        audit.record(actor_of(request, user.get_username()), "sign_in")


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    """A name that nobody bears may be a password that was typed into the wrong field, so it is not kept."""
    # Whoever is kept out may try as often as they like; one entry for each would only fill the log.
    if request is None or getattr(request, "axes_locked_out", False):
        return
    name = str(credentials.get("username", ""))
    known = get_user_model().objects.filter(username=name).exists()
    audit.record(actor_of(request, name if known else ""), "sign_in", Result.REFUSED, unknown_name=not known)
