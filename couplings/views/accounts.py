"""What concerns the account of whoever reads: the new password, and being kept out after too many attempts."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _

from couplings.throttling import locked_until
from syncstatus.client_address import client_address


class ChangePassword(PasswordChangeView):
    """Ends the account's sessions in other browsers, as Django ties them to the password."""

    success_url = reverse_lazy("jobs:home")

    def form_valid(self, form: BaseForm) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other browsers have to sign in again."))
        return super().form_valid(form)  # type: ignore[arg-type]


def locked_out(request: HttpRequest, _answer: Any, credentials: dict[str, Any] | None) -> HttpResponse:
    """Instead of the sign-in page, after too many wrong passwords (``couplings.throttling``)."""
    until = locked_until(str((credentials or {}).get("username", "")), client_address(request))
    wait = max(1, round((until - timezone.now()).total_seconds())) if until else 1
    context = {"until": timezone.now() + timedelta(seconds=wait), "minutes": max(1, -(-wait // 60))}
    answer = render(request, "registration/locked_out.html", context, status=429)
    answer["Retry-After"] = str(wait)
    return answer
