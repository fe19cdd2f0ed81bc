"""A new mapping: two systems, a table of each, and a first proposal of what belongs together."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from couplings.configuration.sentences import render as told
from couplings.messages import render as sentence
from couplings.models import Connection
from couplings.roles import CONFIGURE
from jobs.editing.new_mapping import ConnectionsForm, TablesForm
from jobs.services import drafts, schemas
from jobs.services.drafts import Draft
from jobs.services.errors import Refused
from jobs.views.editing import reader
from syncstatus.engine.records import Side


@login_required
@permission_required(CONFIGURE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_add(request: HttpRequest) -> HttpResponse:
    """Both systems are chosen in the query string; then their tables are offered."""
    connections = list(Connection.objects.values_list("name", flat=True))
    chosen = ConnectionsForm(connections, request.GET or None)
    context: dict[str, Any] = {"connections": connections, "chosen": chosen}
    if not (chosen.is_bound and chosen.is_valid()):
        return render(request, "jobs/mapping_add.html", context)
    names = {side: chosen.cleaned_data[side.value] for side in Side}
    found = {name: schemas.tables(name) for name in dict.fromkeys(names.values())}
    context["unknown"] = [problem for _tables, problem in found.values() if problem is not None]
    listed = {side: found[name][0] for side, name in names.items()}
    form = TablesForm(names, listed, request.POST if request.method == "POST" else None)
    context["form"] = form
    if request.method == "POST" and form.is_valid() and begin(request, form):
        return redirect("jobs:mapping_edit", name=form.cleaned_data["name"])
    return render(request, "jobs/mapping_add.html", context)


def begin(request: HttpRequest, form: TablesForm) -> bool:
    """Put down a draft with what is called the same in both tables; False when something about the form is wrong."""
    data = form.data_of_mapping()
    described = schemas.describe(data)
    left, right = described.tables[Side.LEFT], described.tables[Side.RIGHT]
    for code, params in described.problems:
        form.add_error(None, sentence(code, params))
    if left is None or right is None:
        return False
    proposed = schemas.propose(left, right)
    for side in Side:
        if proposed["modified_on"][side]:
            data[side.value]["modified_on"] = proposed["modified_on"][side]
    data["fields"] = proposed["fields"]
    if name_problems(form, data):
        return False
    try:
        drafts.begin(reader(request), form.cleaned_data["name"], data)
    except Refused as refused:
        form.add_error("name", sentence(refused.code, refused.params))
        return False
    count = len(proposed["fields"])
    said = _("%(count)s fields bear the same name and are proposed. Look through them, then review and save.")
    messages.success(request, said % {"count": count})
    return True


def name_problems(form: forms.Form, data: dict[str, Any]) -> bool:
    """Whether no mapping may bear the name; everything else is told on the draft's page."""
    name = form.cleaned_data["name"]
    for problem in drafts.check(Draft(name, data)).problems:
        if problem.path == ("mappings", name):
            form.add_error("name", told(problem))
    return bool(form.errors)
