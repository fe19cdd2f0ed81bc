"""The audit log: what people did, for administrators."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couplings import audit_in_words as words
from couplings import csv_files
from couplings.audit_filter import AuditFilter
from couplings.models.audit import AuditEntry
from couplings.paging import page
from couplings.roles import AUDIT


@login_required
@permission_required(AUDIT, raise_exception=True)
@require_safe
def audit(request: HttpRequest) -> HttpResponseBase:
    chosen = AuditFilter(request.GET)
    found = chosen.apply(AuditEntry.objects.all())
    if request.GET.get("export") == "csv":
        return export(found)
    shown, sides = page(found, "-pk", request.GET), words.names_of_sides()
    context = {
        "filter": chosen,
        "page": shown,
        "rows": [
            {"entry": entry, "action": words.action(entry.action), "subject": words.subject(entry, sides)}
            for entry in shown
        ],
        "groups": {group: actions.items() for group, actions in words.GROUPS.items()},
        "mappings": sorted(sides),
    }
    return render(request, "couplings/audit.html", context)


def export(entries: QuerySet[AuditEntry]) -> StreamingHttpResponse:
    """Everything in the filter, oldest first, however much it is: rows go out as they are read."""
    name = f"audit-{timezone.localdate().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines(entries), content_type="text/csv; charset=utf-8", headers=headers)


def lines(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    head = [_("When"), _("Who"), _("Where"), _("From where"), _("Action"), _("Mapping"), _("Result"), _("What")]
    return csv_files.lines(head, cells(entries))


def cells(entries: QuerySet[AuditEntry]) -> csv_files.Rows:
    sides = words.names_of_sides()
    for entry in entries.order_by("pk").iterator(chunk_size=2000):
        told = [entry.who, entry.get_origin_display(), entry.address, words.action(entry.action), entry.mapping]
        yield [entry.at.isoformat(), *told, entry.get_result_display(), words.subject(entry, sides)]
