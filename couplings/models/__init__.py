from couplings.models.connection import Connection
from couplings.models.coupling import Coupling, UncoupledRecord
from couplings.models.error import SyncError
from couplings.models.log import SyncLogEntry
from couplings.models.mapping import FieldMapping, TableMapping

__all__ = [
    "Connection",
    "Coupling",
    "FieldMapping",
    "SyncError",
    "SyncLogEntry",
    "TableMapping",
    "UncoupledRecord",
]
