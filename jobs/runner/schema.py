"""Whether the tables are as the last run found them (DESIGN R9, SCENARIOS T22).

A column that holds less than before has lost data already, and a run would carry the loss over to the other side as
thousands of ordinary changes; one that became required refuses what used to be written; one that is gone would travel
as nulls. So the mapping rests before anything is written, until a person has looked. What does no harm is only noted.
"""

import logging
from collections.abc import Sequence

from couplings.configuration.scope import scope
from couplings.models import TableMapping
from jobs.runner import systems
from jobs.runner.context import Run
from jobs.runner.fingerprint import Change, Infos, changes, fingerprint
from syncstatus.connectors.errors import ConnectorError, SchemaChanged, SchemaMismatch
from syncstatus.engine.records import Side

logger = logging.getLogger(__name__)


def check(run: Run) -> None:
    """Raises ``SchemaChanged``; columns that changed without harm are remembered as they are now."""
    now = fingerprint(run.mapping, {side: run.endpoints[side].info for side in Side})
    known = run.mapping.columns or {}
    if known == now:
        return
    found = changes(run.mapping, known, now)
    if any(change.is_harmful for change in found):
        raise changed(found)
    if not run.preview:
        note(found)
        TableMapping.objects.filter(pk=run.mapping.pk).update(columns=now)


def note(found: Sequence[Change]) -> None:
    """To the log: what was accepted without asking anybody."""
    for change in found:
        told = {"system": change.where, "table": change.table, "field": change.field, "change": change.what.value}
        logger.info("the table was changed without harm", extra=told)


def changed(found: Sequence[Change]) -> SchemaChanged:
    """One error for all of them that do harm, on both sides."""
    harmful = [change for change in found if change.is_harmful]
    where = dict.fromkeys((change.where, change.table) for change in harmful)
    return SchemaChanged(
        connection=", ".join(dict.fromkeys(name for name, _table in where)),
        table=", ".join(dict.fromkeys(table for _name, table in where)),
        changes=[change.as_params() for change in harmful],
    )


def explained(mapping: TableMapping, error: SchemaMismatch) -> SchemaMismatch:
    """``error``, with which the tables could not be opened; or what changed in them since they could, if they tell."""
    known = mapping.columns
    if not known or known.get("scope") != scope(mapping):
        return error
    try:
        found = changes(mapping, known, fingerprint(mapping, described(mapping)))
    except ConnectorError:
        return error
    return changed(found) if any(change.is_harmful for change in found) else error


def described(mapping: TableMapping) -> Infos:
    """Both tables as they are now, whether or not they fit the mapping. Raises the connectors' errors."""
    return {side: systems.describe(mapping, side, waits=True) for side in Side}
