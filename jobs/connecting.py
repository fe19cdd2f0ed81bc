"""From a stored connection to its connector. A secret that is missing is told like a system that does not answer."""

from couplings.models import Connection
from couplings.secrets import ConnectionSettings, SecretUnusable, connection_settings
from syncstatus.connectors.errors import ConnectionFailed
from syncstatus.connectors.ports import Connector
from syncstatus.connectors.registry import connect


class SettingsIncomplete(ConnectionFailed):
    """A secret or variable of the connection is missing; ``code`` is one of ``couplings.secrets.SecretUnusable``."""

    def __init__(self, error: SecretUnusable) -> None:
        super().__init__(**error.params)
        self.code = error.code


def complete_settings(connection: Connection) -> ConnectionSettings:
    """The connector's settings with secrets and variables filled in. Raises SettingsIncomplete."""
    try:
        return connection_settings(connection)
    except SecretUnusable as error:
        raise SettingsIncomplete(error) from None


def open_connector(connection: Connection) -> Connector:
    """The connector of a connection; the caller closes it. Nothing is sent yet.

    Raises ConnectionFailed when a secret is missing, SettingsInvalid when the settings make no sense.
    """
    return connect(connection.kind, complete_settings(connection))
