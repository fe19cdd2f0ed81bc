"""Who changed what of the configuration, and when: a version of each thing that an apply touches."""

import getpass
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from couplings.configuration.diff import Change, Detail, What
from couplings.configuration.entries import Document
from couplings.configuration.export import export
from couplings.models import ConfigurationVersion
from couplings.models.version import Through


@dataclass(frozen=True)
class Author:
    """Who applies a configuration: a ``user`` on a page, else the account that runs the command."""

    user: User | None = None

    @property
    def name(self) -> str:
        if self.user is not None:
            return self.user.get_username()
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a container's account may have no name
            return ""

    @property
    def through(self) -> Through:
        return Through.COMMAND if self.user is None else Through.PAGE


def record(document: Document, changes: Iterable[Change], author: Author) -> None:
    """Keep a version of each changed thing as ``document`` has it now. Needs the transaction that saves it."""
    name, through = author.name, author.through
    ConfigurationVersion.objects.bulk_create(
        ConfigurationVersion(
            kind=change.kind,
            name=change.name,
            what=change.what.value,
            content=export(_alone(document, change)),
            changes=[asdict(detail) for detail in change.details],
            by=author.user,
            who=name,
            through=through,
        )
        for change in changes
    )


def _alone(document: Document, change: Change) -> Document:
    if change.kind == "connection":
        return Document(connections={change.name: document.connections[change.name]})
    return Document(mappings={change.name: document.mappings[change.name]})


def versions(kind: str, name: str) -> QuerySet[ConfigurationVersion]:
    """Those of one ``connection`` or ``mapping``, newest first."""
    return ConfigurationVersion.objects.filter(kind=kind, name=name).select_related("by").order_by("-id")


def details(version: ConfigurationVersion) -> list[Detail]:
    """The settings that this version changed."""
    return [Detail(What(one["what"]), one["setting"], one["old"], one["new"]) for one in version.changes]
