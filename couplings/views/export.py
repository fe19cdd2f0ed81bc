"""Everything in a view of the errors page as a file."""

import tempfile
from contextlib import closing

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings import audit, csv_files, exporting
from couplings.audit import Act
from couplings.audit_requests import actor_of
from couplings.csv_files import Rows
from couplings.filters import ErrorFilter
from couplings.models.audit import Result
from couplings.tables import ErrorTable

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 1_000_000  # bytes of a workbook; a larger one is put together on disk


@login_required
@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """A CSV file, sent while it is read, or a workbook, sent when it is whole."""
    chosen = ErrorFilter(request.GET, request.user)
    _alias, order = ErrorTable.sorting(request)
    rows = recorded(act_of(request, chosen, form), exporting.rows(chosen, order))
    name = f"errors-{timezone.localdate():%Y-%m-%d}.{form}"
    match form:
        case "csv":
            lines = csv_files.lines(exporting.COLUMNS, rows)
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        case "xlsx":
            file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (closed with the response)
            exporting.write_workbook(rows, file)
            file.seek(0)
            return FileResponse(file, as_attachment=True, filename=name, content_type=WORKBOOK)
    raise Http404


def act_of(request: HttpRequest, chosen: ErrorFilter, form: str) -> Act:
    act = Act(actor_of(request), "errors.export")
    act.add(mapping=chosen.value("mapping"), asked=None, accepted=0, subject={"file": form, "filter": chosen.chosen})
    return act


def recorded(act: Act, rows: Rows) -> Rows:
    """``rows``, with an entry in the audit log before the first of them leaves, completed with how many did: failed
    where the reader went away before the end."""
    entry, count, result = audit.write(act, Result.BEGUN), 0, Result.FAILED
    try:
        with closing(rows):
            for count, row in enumerate(rows, 1):  # noqa: B007  (how many there were, also when it is left)
                yield row
        result = Result.DONE
    finally:
        act.accepted = count
        audit.complete(entry, act, result)
