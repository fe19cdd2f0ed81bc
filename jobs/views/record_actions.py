"""What can be done with records that were selected in a system's list."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.shown import number
from jobs.forms import RecordActionForm, RecordFilter
from jobs.services import couplings, partners
from jobs.services.errors import Refused
from jobs.views.answers import back, form_of, may_act, say_resting, say_scheduled
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")
Action = Callable[[HttpRequest, TableMapping, Side, RecordActionForm, str], HttpResponse]


@login_required
@form_of("jobs:records", same=False)
def record_actions(request: HttpRequest) -> HttpResponse:
    chosen = RecordFilter(request.GET)
    mapping = TableMapping.objects.select_related(*RELATED).filter(name=chosen.value("mapping").upper()).first()
    if mapping is None:
        raise Http404
    listing = f"{reverse('jobs:records')}?{chosen.query()}"
    form = RecordActionForm(request.POST)
    if not may_act(request, form):
        return back(request, listing)
    if not (form.cleaned_data["selected"] or form.pairs):
        messages.warning(request, _("Select one or more records."))
        return back(request, listing)
    return ACTIONS[form.action_name](request, mapping, chosen.side_chosen, form, listing)


def synchronize(
    request: HttpRequest, mapping: TableMapping, side: Side, form: RecordActionForm, listing: str
) -> HttpResponse:
    keys = form.cleaned_data["selected"]
    try:
        couplings.records(mapping, side, keys, user=person(request), use=form.use_side)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
    else:
        say_scheduled(request, len(keys), len(keys))
        say_resting(request, mapping.pk)
    return back(request, listing)


def couple(
    request: HttpRequest, mapping: TableMapping, side: Side, form: RecordActionForm, listing: str
) -> HttpResponse:
    """What matching finds for each record is shown first; what is chosen of it is coupled."""
    if not form.cleaned_data["confirm"]:
        try:
            proposals = partners.propose(mapping, side, form.cleaned_data["selected"])
        except Refused as refused:
            messages.warning(request, sentence(refused.code, named(refused.params, mapping)))
            return back(request, listing)
        return ask(request, mapping, side, proposals, listing)
    done = partners.couple(mapping, side, form.pairs, user=person(request))
    text = ngettext("%(count)s pair was coupled.", "%(count)s pairs were coupled.", done.count)
    say = messages.success if done.count else messages.warning
    say(request, text % {"count": number(done.count)})
    for code, params in done.refused.values():
        messages.warning(request, sentence(code, {"mapping": mapping.name, **named(params, mapping)}))
    return back(request, listing)


def ask(
    request: HttpRequest, mapping: TableMapping, side: Side, proposals: list[partners.Proposal], listing: str
) -> HttpResponse:
    found = [proposal for proposal in proposals if proposal.partner is not None]
    context: dict[str, Any] = {
        "mapping": mapping,
        "side": side.value,
        "other": side.other.value,
        "pairs": [(one, json.dumps([one.record.key, one.partner.key])) for one in found if one.partner is not None],
        "others": [proposal for proposal in proposals if proposal.partner is None],
        "back": listing,
    }
    return render(request, "jobs/couple.html", context)


def remove_coupling(
    request: HttpRequest, mapping: TableMapping, side: Side, form: RecordActionForm, listing: str
) -> HttpResponse:
    selected = couplings.of_keys(mapping, side, form.cleaned_data["selected"])
    count = selected.count()
    if not count:
        messages.warning(request, _("None of the selected records is coupled."))
        return back(request, listing)
    if not form.cleaned_data["confirm"]:
        answer = ngettext("Remove %(count)s coupling", "Remove %(count)s couplings", count) % {"count": number(count)}
        context = {"answer": answer, "keys": form.cleaned_data["selected"], "back": listing}
        return render(request, "jobs/uncouple.html", context)
    removed = couplings.remove(selected, user=person(request))
    text = ngettext(
        "%(count)s coupling was removed. Neither record was changed.",
        "%(count)s couplings were removed. None of the records was changed.",
        removed,
    )
    messages.success(request, text % {"count": number(removed)})
    return back(request, listing)


def person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


ACTIONS: dict[str, Action] = {"synchronize": synchronize, "couple": couple, "remove_coupling": remove_coupling}
