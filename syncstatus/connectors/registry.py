"""From the kind of a connection to its connector. Installed packages bring kinds (docs/configuration.md)."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from typing import Any, Final

from syncstatus.connectors import sql
from syncstatus.connectors.errors import KindUnknown
from syncstatus.connectors.ports import Connector

Connect = Callable[[Mapping[str, Any]], Connector]

CONNECTORS: Final[Mapping[str, Connect]] = {"sql": sql.connect}

ENTRY_POINTS: Final = "syncstatus.connectors"
"""The group of entry points in which a package names its kinds: ``kind = "module:connect"``."""


def connect(kind: str, settings: Mapping[str, Any]) -> Connector:
    """The connector for ``settings``, whose references to the environment are already filled in.

    Nothing is sent yet: ``Connector.check`` does that. Raises ``SettingsInvalid``: ``KindUnknown`` here, others by
    the connector for settings it cannot use.
    """
    if kind in CONNECTORS:
        return CONNECTORS[kind](settings)
    if kind not in _installed():
        raise KindUnknown(kind=kind, kinds=", ".join(kinds()))
    return _load(kind)(settings)


def kinds() -> tuple[str, ...]:
    """The kinds of connections there are here: our own, then those of installed packages, each in alphabetical order.
    A package cannot take the name of one of ours."""
    return (*sorted(CONNECTORS), *sorted(_installed().keys() - CONNECTORS.keys()))


@cache
def _installed() -> dict[str, metadata.EntryPoint]:
    return {found.name: found for found in metadata.entry_points(group=ENTRY_POINTS)}


@cache
def _load(kind: str) -> Connect:
    found: Connect = _installed()[kind].load()
    return found


def look_again() -> None:
    """Forget which packages are installed."""
    _installed.cache_clear()
    _load.cache_clear()
