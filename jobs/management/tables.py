"""``config refresh``: what was changed in the tables of a mapping, and whether it was accepted."""

from collections.abc import Iterator

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from couplings.messages import render
from couplings.models import TableMapping
from couplings.schema_in_words import sentence
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.services import schema_changes
from jobs.services.errors import Refused
from jobs.services.schema_changes import Difference
from syncstatus.connectors.errors import ConnectionFailed, ConnectorError


def refresh(stdout: OutputWrapper, stderr: OutputWrapper, mapping: TableMapping, *, dry_run: bool) -> int:
    """Accept the tables of ``mapping`` as they are, or with ``dry_run`` only say what is different; the exit code."""
    try:
        found = schema_changes.difference(mapping)
        for line in _lines(found, dry_run=dry_run):
            stdout.write(line)
        if not dry_run:
            schema_changes.accept(mapping, user=None)
    except Refused as refused:
        stderr.write(f"{mapping.name}: {render(refused.code, refused.params)}")
        return OUT_OF_STEP
    except ConnectorError as error:
        stderr.write(f"{mapping.name}: {render(error.code, {**error.params, 'detail': error.detail})}")
        return NO_CONNECTION if isinstance(error, ConnectionFailed) else OUT_OF_STEP
    if found.paused and not dry_run:
        stdout.write(_("%(mapping)s resumes.") % {"mapping": mapping.name})
    return IN_STEP


def _lines(found: Difference, *, dry_run: bool) -> Iterator[str]:
    name = found.mapping.name
    if not found.changes:
        yield _("%(mapping)s: nothing was changed in its tables.") % {"mapping": name}
    for change in found.changes:
        sign = "!" if change.is_harmful else "+"
        yield f"{name} {sign} {sentence(change.as_params())}"
    if dry_run and found.paused:
        yield _("%(mapping)s is paused until this is accepted (config refresh).") % {"mapping": name}
