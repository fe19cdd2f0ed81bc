"""Mappings that somebody edits on the pages: kept as drafts, checked like a file, applied like a file.

A draft is what the configuration file would say of one mapping, as plain data. So a page knows no rules of its own:
whatever it changes is checked by ``configuration.check_data`` and saved by ``configuration.apply_data``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from couplings import audit
from couplings.configuration.entries import Document, MappingEntry
from couplings.configuration.export import mapping as as_data
from couplings.configuration.problems import ConfigurationRefused, Problem
from couplings.configuration.source import parse
from couplings.configuration.stored import stored_document
from couplings.configuration.values import plain
from couplings.models import ConfigurationVersion, MappingDraft
from jobs.services import configuration
from jobs.services.configuration import Applied, ConnectionsUnusable
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError

Data = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """``data`` is the mapping as the file has it; ``based_on`` tells what was stored when it was begun, "" where there
    was nothing; ``is_kept`` is False as long as nobody has changed anything."""

    name: str
    data: Data
    based_on: str = ""
    is_kept: bool = False

    @property
    def is_new(self) -> bool:
        return not self.based_on

    @property
    def file(self) -> Data:
        """What a file with this mapping alone would hold."""
        return {"mappings": {self.name: self.data}}


@dataclass(frozen=True)
class Checked:
    """What is wrong with a draft: ``problems`` of the mapping, and ``failed`` systems that could not be asked, by name.
    ``document`` is None where there are problems."""

    document: Document | None = None
    problems: list[Problem] = field(default_factory=list)
    failed: Mapping[str, ConnectorError] = field(default_factory=dict)

    def entry(self, draft: Draft) -> MappingEntry | None:
        return self.document.mappings[draft.name] if self.document is not None else None


def of(user: User | AnonymousUser, name: str) -> MappingDraft | None:
    """What ``user`` has begun to change and not saved."""
    return MappingDraft.objects.filter(owner_id=user.pk, name=name).first()


def open_draft(user: User, name: str) -> Draft | None:
    """The draft of ``user``, else one of the stored mapping that nobody has changed; None when there is neither."""
    row = of(user, name)
    if row is not None:
        return Draft(name, json.loads(row.content), row.based_on, is_kept=True)
    entry = stored_document().mappings.get(name)
    return None if entry is None else Draft(name, _data(entry), token(entry))


def keep(user: User, draft: Draft, data: Data) -> Draft:
    """Put down ``data`` as the draft's. What is wrong with it is told when it is checked."""
    values = {"content": json.dumps(data, ensure_ascii=False), "based_on": draft.based_on}
    MappingDraft.objects.update_or_create(owner=user, name=draft.name, defaults=values)
    audit.note(mapping=draft.name)
    return replace(draft, data=data, is_kept=True)


def begin(user: User, name: str, data: Data) -> Draft:
    """A draft of a mapping that does not exist yet. Raises ``Refused`` (``mapping_exists``)."""
    if name in stored_document().mappings:
        raise Refused("mapping_exists", mapping=name)
    return keep(user, Draft(name, {}), data)


def from_version(user: User, version: ConfigurationVersion) -> Draft:
    """A draft that would make the mapping as it was."""
    root, _problems = parse(version.content.encode())
    entry = stored_document().mappings.get(version.name)
    draft = Draft(version.name, {}, token(entry))
    return keep(user, draft, plain(root)["mappings"][version.name])


def discard(user: User, name: str) -> None:
    audit.note(mapping=name)
    MappingDraft.objects.filter(owner=user, name=name).delete()


def check(draft: Draft) -> Checked:
    """Look at the draft as ``config apply`` would, asking both systems; nothing is raised."""
    try:
        return Checked(configuration.check_data(draft.file))
    except ConfigurationRefused as refused:
        return Checked(problems=refused.problems)
    except ConnectionsUnusable as unusable:
        return Checked(failed=unusable.failed)


def preview(draft: Draft) -> Applied:
    """What saving the draft would change. Raises ``ConfigurationRefused``, ``ConnectionsUnusable``."""
    return configuration.apply_data(draft.file, dry_run=True)


def save(user: User, draft: Draft, *, seen: str) -> Applied:
    """Apply the draft; it is gone then. ``seen`` is the ``token`` of what was stored when ``user`` saw the changes.

    Raises ``Refused`` (``mapping_changed_meanwhile``), ``ConfigurationRefused``, ``ConnectionsUnusable``: then nothing
    is saved.
    """
    if stored_token(draft.name) != seen:
        raise Refused("mapping_changed_meanwhile", mapping=draft.name)
    done = configuration.apply_data(draft.file, user=user)
    discard(user, draft.name)
    return done


def is_outdated(draft: Draft) -> bool:
    """Whether somebody has saved the mapping since the draft was begun."""
    return stored_token(draft.name) != draft.based_on


def stored_token(name: str) -> str:
    return token(stored_document().mappings.get(name))


def token(entry: MappingEntry | None) -> str:
    """What tells one state of a mapping from another; "" for one that does not exist."""
    return hashlib.sha256(json.dumps(_data(entry)).encode()).hexdigest() if entry is not None else ""


def _data(entry: MappingEntry) -> Data:
    """Without the marks by which the writer of files breaks lines and quotes."""
    data: Data = json.loads(json.dumps(as_data(entry)))
    return data
