from couplings.models.connection import Connection
from couplings.models.coupling import Coupling, UncoupledRecord
from couplings.models.error import SyncError
from couplings.models.log import SyncLogEntry
from couplings.models.mapping import FieldMapping, TableMapping
from couplings.models.parent import MovedParent

__all__ = [
    "Connection",
    "Coupling",
    "FieldMapping",
    "MovedParent",
    "SyncError",
    "SyncLogEntry",
    "TableMapping",
    "UncoupledRecord",
]
