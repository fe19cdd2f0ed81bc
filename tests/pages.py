"""Every address of the product, with something behind it: what tests of all pages walk through.

The list is that of the URL resolver, so that a new page is walked through without being told; only an address that is
about something new needs an entry in ``samples``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from couplings.models import ConfigurationVersion, SyncLogEntry
from couplings.models.error import State
from tests import given


@dataclass(frozen=True)
class Address:
    """``name`` with its namespace; ``route`` as it stands in urls.py; ``names`` of the parts that it takes."""

    name: str
    route: str
    names: tuple[str, ...] = field(default=())

    def url(self, samples: dict[str, dict[str, Any]]) -> str:
        """The address of the sample that its first part is about."""
        if not self.names:
            return reverse(self.name)
        about = samples[self.route.lstrip("^").partition("/")[0]]
        return reverse(self.name, kwargs={name: about[name] for name in self.names})


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, space: str = "", prefix: str = ""
) -> Iterator[Address]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space, route)
        else:
            yield Address(f"{space}{pattern.name}", route, _names(pattern.pattern))


def _names(pattern: Any) -> tuple[str, ...]:
    return tuple(pattern.converters if isinstance(pattern, RoutePattern) else pattern.regex.groupindex)


def samples() -> dict[str, dict[str, Any]]:
    """One of everything an address can be about, by the first part of the address."""
    mapping = given.mapping()
    conflict, job = given.error(mapping, 1), given.job(mapping)
    held: dict[str, Any] = {"kind": "held", "code": "mass_deletion", "state": State.HELD, "job": job.pk}
    given.deleted(mapping, 2, **held, params={"planned": 51, "coupled": 100, "limit": 50, "side": "ERP"})
    keys = {"left_key": conflict.left_key, "right_key": conflict.right_key}
    what = {"outcome": "modified", "coupling": conflict.coupling_id, "at": timezone.now()}
    entry = SyncLogEntry.objects.create(mapping=mapping, job=job.pk, **keys, **what)
    made = {"what": "added", "content": "mappings: {CUSTOMER: {}}", "through": "command"}
    version = ConfigurationVersion.objects.create(kind="mapping", name=mapping.name, **made)
    return {
        "connections": {"pk": mapping.left_connection_id},
        "couplings": {"pk": conflict.coupling_id, "mapping": mapping.name, "side": "left", "key": conflict.left_key},
        "errors": {"pk": conflict.pk, "form": "csv"},
        "held": {"job": job.pk, "side": "left", "code": "mass_deletion"},
        "jobs": {"pk": job.pk},
        "log": {"pk": entry.pk},
        "people": {"pk": (User.objects.filter(username="dora").first() or given.person("dora", "operator")).pk},
        "mappings": {"name": mapping.name, "pk": version.pk, "side": "left"},
    }
