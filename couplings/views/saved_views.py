"""What people do with the saved views of the errors page."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from couplings import saved_views as service
from couplings.models import SavedView
from couplings.roles import CONFIGURE


class ViewForm(forms.Form):
    action = forms.ChoiceField(choices=[(name, name) for name in ("save", "first", "not_first", "delete")])
    name = forms.CharField(required=False, max_length=60)
    opens = forms.BooleanField(required=False)
    shared = forms.BooleanField(required=False)
    view = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


@login_required
def views(request: HttpRequest) -> HttpResponse:
    """Saves the filter and order of the query string, lets the page open with a view, or deletes one."""
    form = ViewForm(request.POST)
    user = request.user
    assert isinstance(user, User)
    page = f"{reverse('couplings:errors')}?{service.saved_query(request.GET) or 'view=all'}"
    if request.method == "POST" and form.is_valid():
        act(request, form, user)
    elif request.method == "POST":
        messages.error(request, _("Choose one of the actions of the page."))
    return redirect(page)


def act(request: HttpRequest, form: ViewForm, user: User) -> None:
    data = form.cleaned_data
    match data["action"]:
        case "save":
            save(request, form, user)
        case "first":
            usable = SavedView.objects.filter(Q(owner=user) | Q(shared=True))
            view = get_object_or_404(usable, pk=data["view"])
            service.open_with(user, view)
            messages.success(request, _("The page opens with %(view)s from now on.") % {"view": view.name})
        case "not_first":
            service.open_with(user, None)
            messages.success(request, _("The page opens with all open errors from now on."))
        case "delete":
            view = get_object_or_404(SavedView, pk=data["view"], owner=user)
            view.delete()
            messages.success(request, _("The view %(view)s is deleted.") % {"view": view.name})


def save(request: HttpRequest, form: ViewForm, user: User) -> None:
    data = form.cleaned_data
    if data["shared"] and not user.has_perm(CONFIGURE):
        raise PermissionDenied
    if not data["name"]:
        messages.warning(request, _("Give the view a name; nothing was saved."))
        return
    view = service.save(user, data["name"], request.GET, shared=data["shared"], opens=data["opens"])
    if view is None:
        messages.warning(request, _("Somebody else shares a view of that name; nothing was saved."))
    else:
        messages.success(request, _("The view %(view)s is saved.") % {"view": view.name})
