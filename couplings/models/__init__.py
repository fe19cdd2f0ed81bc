from couplings.models.audit import AuditEntry
from couplings.models.bulk import BulkRequest
from couplings.models.connection import Connection
from couplings.models.count import ErrorCount
from couplings.models.coupling import Coupling, UncoupledRecord
from couplings.models.draft import MappingDraft
from couplings.models.error import SyncError
from couplings.models.log import SyncLogEntry
from couplings.models.mapping import FieldMapping, TableMapping
from couplings.models.note import ErrorNote
from couplings.models.parent import MovedParent
from couplings.models.preference import Preference
from couplings.models.request import ErrorRequest
from couplings.models.version import ConfigurationVersion
from couplings.models.view import DefaultView, SavedView

__all__ = [
    "AuditEntry",
    "BulkRequest",
    "ConfigurationVersion",
    "Connection",
    "Coupling",
    "DefaultView",
    "ErrorCount",
    "ErrorNote",
    "ErrorRequest",
    "FieldMapping",
    "MappingDraft",
    "MovedParent",
    "Preference",
    "SavedView",
    "SyncError",
    "SyncLogEntry",
    "TableMapping",
    "UncoupledRecord",
]
