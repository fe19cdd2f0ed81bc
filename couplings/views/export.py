"""Everything in a view of the errors page as a file."""

import tempfile

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings import exporting
from couplings.filters import ErrorFilter
from couplings.tables import ErrorTable

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 1_000_000  # bytes of a workbook; a larger one is put together on disk


@login_required
@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """A CSV file, sent while it is read, or a workbook, sent when it is whole."""
    chosen = ErrorFilter(request.GET, request.user)
    _alias, order = ErrorTable.sorting(request)
    rows = exporting.rows(chosen, order)
    name = f"errors-{timezone.localdate():%Y-%m-%d}.{form}"
    match form:
        case "csv":
            lines = exporting.csv_lines(rows)
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        case "xlsx":
            file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (closed with the response)
            exporting.write_workbook(rows, file)
            file.seek(0)
            return FileResponse(file, as_attachment=True, filename=name, content_type=WORKBOOK)
    raise Http404
