"""Match-Based Coupling: what would be coupled, what a person has to choose, and coupling it."""

import io
import json
from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.roles import SYNCHRONIZE, UNCOUPLE
from couplings.shown import number
from jobs.models import SyncJob
from jobs.services import coupling_files, match_review, matching
from jobs.services.errors import Refused
from jobs.services.match_review import SHOWN, Review
from jobs.services.matching import Line, Result
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")
LABELS = {
    Result.PAIR: gettext_lazy("Pairs"),
    Result.AMBIGUOUS: gettext_lazy("Ambiguous"),
    Result.DUPLICATE: gettext_lazy("Duplicates"),
    Result.UNMATCHED: gettext_lazy("Without a match"),
}


@login_required
@permission_required(SYNCHRONIZE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def matches(request: HttpRequest, name: str) -> HttpResponse:
    """Both tables are read when ``?show=`` says which result is to be seen."""
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED), name=name)
    if request.method == "POST":
        return act(request, found)
    wanted = request.GET.get("show", "")
    context: dict[str, Any] = {"mapping": found, "source": found.side_name(matching.source_side(found))}
    if wanted in list(Result):
        try:
            context |= shown(found, match_review.review(found, Result(wanted)), Result(wanted))
        except Refused as refused:
            context |= {"problem": (refused.code, refused.params), "by_job": refused.code == "too_many_to_match"}
    return render(request, "jobs/matches.html", context)


def shown(mapping: TableMapping, review: Review, wanted: Result) -> dict[str, Any]:
    tabs = [
        {"result": result, "label": label, "count": review.total(result), "current": result is wanted}
        for result, label in LABELS.items()
    ]
    return {
        "review": review,
        "tabs": tabs,
        "pairs": review.total(Result.PAIR),
        "rows": [row(mapping, one) for one in review.lines],
        "choosable": any(option.coupled_to is None for line in review.lines for option in line.options),
        "more": review.total(wanted) - len(review.lines),
        "limit": SHOWN,
        "wanted": wanted,
    }


def row(mapping: TableMapping, line: Line) -> dict[str, Any]:
    """``key`` is the record's own, ``options`` are those to choose from on the other side."""
    reason = sentence(line.reason, named(line.params | {"record": line.key}, mapping)) if line.reason else ""
    return {
        "side": line.side.value,
        "system": mapping.side_name(line.side),
        "other": mapping.side_name(line.side.other),
        "key": line.key,
        "partner": line.partner,
        "values": [one for one in line.values if one],
        "priority": line.priority,
        "reason": reason,
        "options": line.options,
    }


def act(request: HttpRequest, mapping: TableMapping) -> HttpResponse:
    page = reverse("jobs:matches", kwargs={"name": mapping.name})
    user = cast(User, request.user)
    try:
        if (job := start(request, mapping, user)) is not None:
            return redirect("jobs:job", pk=job.pk)
        choose(request, mapping, user)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, {"mapping": mapping.name, **named(refused.params, mapping)}))
    show = request.POST.get("show", "")
    return redirect(f"{page}?show={show}" if show in list(Result) else page)


def start(request: HttpRequest, mapping: TableMapping, user: User) -> SyncJob | None:
    """The job that does what the form asks for; None where it asks for no job."""
    match request.POST.get("action"):
        case "apply":
            job = matching.apply(mapping, user=user, create_new="create_new" in request.POST)
            text = _("Job %(job)s couples what matches, each pair looked at again.")
        case "look":
            job = matching.look(mapping, user=user)
            text = _("Job %(job)s looks for the matches. Nothing is coupled before you apply them.")
        case _:
            return None
    messages.success(request, text % {"job": job.pk})
    return job


def choose(request: HttpRequest, mapping: TableMapping, user: User) -> None:
    """Couple each record with the candidate that was chosen for it."""
    if not user.has_perm(UNCOUPLE):
        raise PermissionDenied
    pairs = chosen(request)
    if not pairs:
        messages.warning(request, _("Choose a partner for one or more records first."))
        return
    done, refused = match_review.couple(mapping, pairs, user=user)
    text = ngettext("%(count)s pair was coupled.", "%(count)s pairs were coupled.", done.coupled)
    messages.success(request, text % {"count": number(done.coupled)})
    for line in refused:
        why = sentence(line.code or "", named(json.loads(line.params), mapping))
        pair = {"left": line.left_key, "right": line.right_key, "reason": why}
        messages.warning(request, _("%(left)s ↔ %(right)s: %(reason)s") % pair)


def chosen(request: HttpRequest) -> list[tuple[str, str]]:
    """The pairs of the form: row n has ``key-n``, ``side-n`` and, when one was chosen, ``partner-n``."""
    pairs = []
    for place in range(SHOWN):
        partner, key = request.POST.get(f"partner-{place}", ""), request.POST.get(f"key-{place}", "")
        if partner and key:
            pairs.append((key, partner) if request.POST.get(f"side-{place}") == Side.LEFT else (partner, key))
    return pairs


@login_required
@permission_required(SYNCHRONIZE, raise_exception=True)
@require_safe
def matches_export(request: HttpRequest, name: str) -> HttpResponse:
    """Every line as CSV: with a yes in its first column a line is coupled by Import couplings."""
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED), name=name)
    try:
        content = written(found)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect("jobs:matches", name=name)
    except ConnectorError as error:
        messages.warning(request, sentence(error.code, {**error.params, "detail": error.detail}))
        return redirect("jobs:matches", name=name)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{found.name} matches.csv")
    return answer


def written(mapping: TableMapping) -> bytes:
    """As much as somebody waits for at a page, so that it fits into memory."""
    match_review.check_size(mapping)
    file = io.BytesIO()
    out = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")

    def told(line: Line) -> str:
        return str(row(mapping, line)["reason"])

    with matching.preview(mapping) as found:
        lines: Iterable[Line] = found.lines()
        coupling_files.write_matches(lines, found.fields, told, out)
    out.flush()
    return file.getvalue()
