"""Connections added, changed and deleted on pages: tried before they are saved, and saved like a configuration file."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from couplings import audit
from couplings.configuration import history
from couplings.configuration.diff import Change, What
from couplings.configuration.history import Author
from couplings.configuration.problems import ConfigurationRefused
from couplings.configuration.reader import read_data
from couplings.configuration.stored import stored_document
from couplings.connection_forms import with_password
from couplings.connection_uses import users
from couplings.models import Connection
from couplings.secrets import SecretUnusable
from jobs.connecting import SettingsIncomplete
from jobs.services import configuration, connections
from jobs.services.connections import Check
from jobs.services.errors import Refused
from syncstatus.connectors import registry
from syncstatus.connectors.errors import ConnectorError


@dataclass(frozen=True)
class Tried:
    """What the system answered, and whether the settings were saved."""

    check: Check
    saved: bool = False


def try_out(name: str, entry: dict[str, Any]) -> Check:
    """Ask a system with settings that are not saved: ``entry`` is what a file would say under ``name``, where a mask
    stands for the secret that is stored. Nothing is remembered. Raises ``ConfigurationRefused``."""
    found = _ask(name, entry)
    audit.note(connection=name, answers=found.healthy)
    return found


def _ask(name: str, entry: dict[str, Any]) -> Check:
    document, problems = read_data({"connections": {name: entry}}, registry.kinds())
    if problems:
        raise ConfigurationRefused(problems)
    row = Connection.objects.filter(name=name).first()
    try:
        candidate = configuration.unsaved(document.connections[name], row)
    except SecretUnusable as error:
        return Check(row or Connection(name=name), error=SettingsIncomplete(error))
    try:
        with connections.connector(candidate) as opened:
            return Check(candidate, health=opened.check())
    except ConnectorError as error:
        return Check(candidate, error=error)


def save(name: str, entry: dict[str, Any], *, user: User | None, anyway: bool = False) -> Tried:
    """Save a connection, new or known, if it answers; ``anyway`` also if it does not, as the system may be down.

    Goes through the checks of ``config apply``, which keeps a version. Raises ``ConfigurationRefused`` and
    ``configuration.ConnectionsUnusable``; then nothing has changed.
    """
    found = _ask(name, entry)
    if not (found.healthy or anyway):
        return Tried(found)
    configuration.apply_data({"connections": {name: entry}}, user=user)
    row = Connection.objects.get(name=name)
    connections.remember(Check(row, found.health, found.error))
    audit.note(connection=name, answers=found.healthy)
    return Tried(Check(row, found.health, found.error), saved=True)


def replace_secret(connection: Connection, password: str, *, user: User | None) -> Tried:
    """Rotate: the new password is tried, and takes the old one's place only when the system accepts it. Raises
    ``Refused`` (``no_secret_to_replace``) and what ``save`` raises."""
    settings = with_password(connection.settings, password)
    if settings is None:
        raise Refused("no_secret_to_replace", connection=connection.name)
    return save(connection.name, {"kind": connection.kind, **settings}, user=user)


def delete(connection: Connection, *, user: User | None) -> None:
    """Forget a connection with its secret and its errors. Raises ``Refused`` (``connection_in_use``, with the names of
    the mappings) while anything is synchronized through it."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if names := users().get(row.pk):
            raise Refused("connection_in_use", connection=row.name, mappings=names)
        history.record(stored_document(), [Change("connection", row.name, What.REMOVED)], Author(user))
        row.delete()
    audit.note(connection=row.name)
