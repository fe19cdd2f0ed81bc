"""People and their roles, for administrators."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from couplings import audit
from couplings import people as service
from couplings.people_forms import NewPasswordForm, NewPersonForm, PersonForm
from couplings.roles import PEOPLE

FORM = ["GET", "HEAD", "POST"]


@login_required
@permission_required(PEOPLE, raise_exception=True)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    return render(request, "couplings/people.html", {"rows": service.everybody()})


@login_required
@permission_required(PEOPLE, raise_exception=True)
@require_http_methods(FORM)
def person_add(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = form.save()
            assign(request, user, form)
        messages.success(request, _("%(person)s can sign in now.") % {"person": user.get_username()})
        return redirect("couplings:people")
    title = _("Add a person")
    return render(request, "couplings/person_form.html", {"form": form, "title": title, "button": title})


@login_required
@permission_required(PEOPLE, raise_exception=True)
@require_http_methods(FORM)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    found = service.known(user)
    now = {"role": found.role, "may_delete": found.may_delete, "is_active": user.is_active}
    form = PersonForm(request.POST or None, instance=user, initial=now)
    if request.method == "POST" and form.is_valid() and saved(request, form):
        messages.success(request, _("What you changed about %(person)s holds from now on.") % {"person": user})
        return redirect("couplings:people")
    context = {"form": form, "person": user, "title": user.get_username(), "button": _("Save")}
    return render(request, "couplings/person_form.html", context)


def saved(request: HttpRequest, form: PersonForm) -> bool:
    try:
        with transaction.atomic():
            assign(request, form.save(), form, active=form.cleaned_data["is_active"])
    except service.LastAdministrator:
        form.add_error("role", _("Nobody could undo this: somebody else has to be an administrator, and do it."))
        return False
    return True


def assign(request: HttpRequest, user: User, form: PersonForm | NewPersonForm, *, active: bool = True) -> None:
    by = request.user if isinstance(request.user, User) else None
    chosen = form.cleaned_data
    service.assign(user, chosen["role"], may_delete=chosen["may_delete"], active=active, by=by)


@login_required
@permission_required(PEOPLE, raise_exception=True)
@require_http_methods(FORM)
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    """A new password for somebody who has forgotten theirs; it ends their sessions."""
    user = get_object_or_404(User, pk=pk)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.note(person=user.get_username())
        messages.success(request, _("%(person)s has a new password.") % {"person": user.get_username()})
        return redirect("couplings:people")
    title = _("New password for %(person)s") % {"person": user.get_username()}
    return render(request, "couplings/person_form.html", {"form": form, "title": title, "button": _("Save")})
