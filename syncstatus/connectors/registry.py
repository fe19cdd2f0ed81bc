"""From the kind of a connection to its connector."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncstatus.connectors import sql
from syncstatus.connectors.errors import KindUnknown
from syncstatus.connectors.ports import Connector

CONNECTORS: Final[Mapping[str, Callable[[Mapping[str, Any]], Connector]]] = {"sql": sql.connect}


def connect(kind: str, settings: Mapping[str, Any]) -> Connector:
    """The connector for ``settings``, whose references to the environment are already filled in.

    Nothing is sent yet: ``Connector.check`` does that. Raises ``SettingsInvalid``: ``KindUnknown`` here, others by
    the connector for settings it cannot use.
    """
    if kind not in CONNECTORS:
        raise KindUnknown(kind=kind, kinds=", ".join(sorted(CONNECTORS)))
    return CONNECTORS[kind](settings)
