"""Couplings of a mapping as CSV, in and out."""

import json
from itertools import chain
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.roles import UNCOUPLE
from couplings.store.imports import ImportLine
from jobs.services import coupling_files, importing
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError

RELATED = ("left_connection", "right_connection")
MEGABYTES = 20  # what is larger takes longer than somebody waits at a page
SHOWN = 5_000  # refused lines
BOM = "\ufeff"  # the mark by which spreadsheets know UTF-8


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Encoded in UTF-8, with the columns left_key and right_key in its first line."),
    )
    partial = forms.BooleanField(label=_("Couple the others even where lines are refused"), required=False)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MEGABYTES * 1_000_000:
            text = now("The file is larger than %(megabytes)s MB. Import it with: manage.py couplings import")
            raise forms.ValidationError(text % {"megabytes": MEGABYTES})
        return file


@login_required
@permission_required(UNCOUPLE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_import(request: HttpRequest, name: str) -> HttpResponse:
    """Check a file, or couple its pairs: all of them or, where a line is refused, none."""
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED), name=name)
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"mapping": found, "form": form}
    if request.method == "POST" and form.is_valid():
        context |= outcome(request, found, form)
    return render(request, "jobs/mapping_import.html", context)


def outcome(request: HttpRequest, mapping: TableMapping, form: ImportForm) -> dict[str, Any]:
    refused: list[ImportLine] = []
    dry_run, partial = request.POST.get("action") != "import", form.cleaned_data["partial"]
    user = cast(User, request.user)
    lines = coupling_files.read(form.cleaned_data["file"].file)
    try:
        done = importing.couple_all(mapping, lines, user=user, dry_run=dry_run, partial=partial, tell=refused.append)
    except Refused as problem:
        form.add_error("file", sentence(problem.code, {"mapping": mapping.name, **named(problem.params, mapping)}))
        return {}
    except ConnectorError as error:
        form.add_error(None, sentence(error.code, {"mapping": mapping.name, **error.params, "detail": error.detail}))
        return {}
    told = [
        {"line": one.line, "left": one.left_key, "right": one.right_key, "reason": reason(mapping, one)}
        for one in refused[:SHOWN]
    ]
    stopped = bool(done.refused) and not partial
    return {"done": done, "refused": told, "more": len(refused) - len(told), "dry_run": dry_run, "stopped": stopped}


def reason(mapping: TableMapping, line: ImportLine) -> str:
    return str(sentence(line.code or "", named(json.loads(line.params), mapping)))


@login_required
@require_safe
def couplings_export(request: HttpRequest, name: str) -> HttpResponseBase:
    found = get_object_or_404(TableMapping, name=name)
    lines = (line.encode() for line in chain([BOM], coupling_files.exported(found)))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{found.name} couplings.csv")
    return answer
