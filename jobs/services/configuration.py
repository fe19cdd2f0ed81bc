"""``config apply`` and ``config export``: the configuration as one file, all or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection as store
from django.db import transaction
from django.db.models import Q, QuerySet

from couplings import audit
from couplings.configuration import export as exporting
from couplings.configuration import history
from couplings.configuration.checks import check
from couplings.configuration.diff import Change, What, changes, left_alone
from couplings.configuration.entries import ConnectionEntry, Document, MappingEntry
from couplings.configuration.history import Author
from couplings.configuration.problems import ConfigurationRefused, Problems
from couplings.configuration.reader import read_data, read_document
from couplings.configuration.scope import scope
from couplings.configuration.stored import (
    new_secret,
    new_secrets,
    save_connection,
    save_mapping,
    save_parents,
    stored_document,
)
from couplings.models import Connection, TableMapping
from couplings.secrets import SecretUnusable, rotated
from couplings.store import clock
from jobs.services import mappings, mended
from jobs.services.counting import Count, counts
from jobs.services.validation import validate
from syncstatus.connectors import registry
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

# Any number that nothing else locks: two files are applied one after the other.
APPLY_LOCK = 7_301_992

# Settings that say when a mapping's jobs start, not what they do.
WITHOUT_EFFECT = {"schedule.every", "depends_on"}


class ConnectionsUnusable(Exception):
    """Systems that the configuration names could not be asked; nothing was changed. ``failed`` by connection name."""

    def __init__(self, failed: Mapping[str, ConnectorError]) -> None:
        self.failed = failed
        super().__init__(", ".join(failed))


@dataclass(frozen=True)
class Applied:
    """What was changed (or would be), what is stored and not in the file, the mappings that will compare every record
    in their next run because other records or fields are concerned, the new ones without any match field, how many open
    errors are retried because their rules were changed, and after a dry run what new filters let in, by mapping."""

    changes: list[Change]
    left_alone: Document
    compared_anew: list[str]
    unmatched: list[str]
    retried: int = 0
    filtered: Mapping[str, Mapping[Side, Count]] = field(default_factory=dict)


def apply(content: bytes, *, dry_run: bool = False, user: User | None = None) -> Applied:
    """Checks the file and makes it so; with ``dry_run`` nothing is stored. ``user`` applies it on a page; without one
    it is a command.

    Everything is checked before anything is changed, and changed in one transaction, which keeps a version of each
    changed thing. Raises ConfigurationRefused with all problems, ConnectionsUnusable when only systems that do not
    answer are in the way.
    """
    return make_so(checked(*read_document(content, registry.kinds())), dry_run=dry_run, author=Author(user))


def apply_data(data: dict[str, Any], *, dry_run: bool = False, user: User | None = None) -> Applied:
    """``apply``, of what a file would hold as plain data (``{"mappings": {"CUSTOMER": {...}}}``)."""
    return make_so(check_data(data), dry_run=dry_run, author=Author(user))


def check_data(data: dict[str, Any]) -> Document:
    """The document of plain data, when nothing is wrong with it: what ``apply_data`` checks first, and raises."""
    return checked(*read_data(data, registry.kinds()))


def make_so(document: Document, *, dry_run: bool, author: Author) -> Applied:
    """Stores a document that was ``checked``."""
    with transaction.atomic():
        with store.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
        stored = stored_document()
        found = changes(stored, document, new_secrets(document))
        before = scopes(document)
        save(document, {(change.kind, change.name) for change in found})
        history.record(document, found, author)
        mappings.begin_again(with_other_rules(found))
        anew = [name for name, old in before.items() if old != scope(TableMapping.objects.get(name=name))]
        filtered = {row.name: counts(row) for row in with_other_filters(stored, document)} if dry_run else {}
        transaction.set_rollback(dry_run)
    audit.note(changes=[f"{change.kind} {change.name} ({change.what.value})" for change in found])
    mended_now = None if dry_run else mended.retry(stored, document)
    retried = 0 if mended_now is None else mended_now.accepted
    return Applied(found, left_alone(stored, document), anew, unmatched(document, stored), retried, filtered)


def with_other_filters(stored: Document, document: Document) -> QuerySet[TableMapping]:
    """The enabled mappings of ``document``, saved by now, whose filters are not those that are stored."""
    names = [
        name
        for name, entry in document.mappings.items()
        if filters(entry) != filters(stored.mappings.get(name)) and entry.enabled
    ]
    return TableMapping.objects.filter(name__in=names).select_related("left_connection", "right_connection")


def filters(entry: MappingEntry | None) -> list[Mapping[str, Any]]:
    return [entry.side(side).filter if entry is not None else {} for side in Side]


def export(mapping: str = "") -> str:
    """The stored configuration as YAML, or that of one mapping alone; applied again it changes nothing. Secrets are
    masks."""
    stored = stored_document()
    return exporting.export(Document(mappings={mapping: stored.mappings[mapping]}) if mapping else stored)


def checked(document: Document, problems: Problems) -> Document:
    """The document, when nothing is wrong with it. Raises ConfigurationRefused, ConnectionsUnusable."""
    stored = stored_document()
    problems += check(document, stored)
    rows = connection_rows(document, problems)
    validation = validate(document, stored, rows)
    problems += validation.problems
    if problems:
        raise ConfigurationRefused(problems)
    if validation.failed:
        raise ConnectionsUnusable(validation.failed)
    return document


def connection_rows(document: Document, problems: Problems) -> dict[str, Connection]:
    """The connections that will hold, unsaved; those whose secrets already make a problem are left out."""
    rows = {row.name: row for row in Connection.objects.all()}
    broken = {problem.path[1] for problem in problems if problem.path[:1] == ("connections",) and len(problem.path) > 1}
    for entry in document.connections.values():
        if entry.name in broken:
            continue
        try:
            rows[entry.name] = unsaved(entry, rows.get(entry.name))
        except SecretUnusable as error:
            broken.add(entry.name)
            path = ("connections", entry.name)
            problems.add(document.place(path), path, error.code, **{"connection": entry.name, **error.params})
    return {name: row for name, row in rows.items() if name not in broken}


def unsaved(entry: ConnectionEntry, row: Connection | None) -> Connection:
    token = new_secret(row.secret if row else "", entry)
    return Connection(name=entry.name, kind=entry.kind, settings=dict(entry.settings), secret=token)


def scopes(document: Document) -> dict[str, str]:
    """The scopes of all stored mappings that the document touches, by itself or through their connections."""
    rows = TableMapping.objects.select_related("left_connection", "right_connection")
    touched = {*document.connections}
    return {
        row.name: scope(row)
        for row in rows
        if row.name in document.mappings or {row.left_connection.name, row.right_connection.name} & touched
    }


def with_other_rules(changes: Iterable[Change]) -> QuerySet[TableMapping]:
    """The mappings whose running job goes by rules, systems or passwords that no longer hold."""
    names = {
        (change.kind, change.name)
        for change in changes
        if change.what is What.CHANGED and any(detail.setting not in WITHOUT_EFFECT for detail in change.details)
    }
    connections = {name for kind, name in names if kind == "connection"}
    own = Q(name__in={name for kind, name in names if kind == "mapping"})
    through = Q(left_connection__name__in=connections) | Q(right_connection__name__in=connections)
    return TableMapping.objects.filter(own | through)


def unmatched(document: Document, stored: Document) -> list[str]:
    """New mappings that will create every record of one side on the other, also those that exist on both."""
    new = (entry for name, entry in sorted(document.mappings.items()) if name not in stored.mappings)
    return [
        entry.name for entry in new if not entry.only_coupled and all(field.match is None for field in entry.mapped)
    ]


def save(document: Document, changed: Iterable[tuple[str, str]]) -> None:
    """Stores what changed, connections first and dependencies last, so that each finds what it refers to."""
    connections = [entry for name, entry in document.connections.items() if ("connection", name) in changed]
    mappings = [entry for name, entry in document.mappings.items() if ("mapping", name) in changed]
    for connection in connections:
        save_connection(connection)
    for mapping in mappings:
        schedule(save_mapping(mapping), mapping)
    for mapping in mappings:
        save_parents(mapping)
    rotate_secrets()


def schedule(row: TableMapping, entry: MappingEntry) -> None:
    """A new schedule is due an interval from now, which leaves time for a preview; a shorter one counts at once."""
    due = None
    if entry.every is not None and entry.enabled:
        due = clock.now() + timedelta(seconds=entry.every)
        due = min(due, row.next_run or due)
    if due != row.next_run:
        TableMapping.objects.filter(pk=row.pk).update(next_run=due)


def rotate_secrets() -> None:
    """Brings secrets under the first encryption key, so that an old one can be taken away after the next apply."""
    for row in Connection.objects.exclude(secret=""):
        try:
            token = rotated(row.secret)
        except SecretUnusable:
            continue  # of a connection the file does not name; it says so itself when it is used
        if token != row.secret:
            Connection.objects.filter(pk=row.pk).update(secret=token)
