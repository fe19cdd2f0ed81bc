from couplings.models.bulk import BulkRequest
from couplings.models.connection import Connection
from couplings.models.coupling import Coupling, UncoupledRecord
from couplings.models.draft import MappingDraft
from couplings.models.error import SyncError
from couplings.models.log import SyncLogEntry
from couplings.models.mapping import FieldMapping, TableMapping
from couplings.models.note import ErrorNote
from couplings.models.parent import MovedParent
from couplings.models.version import ConfigurationVersion
from couplings.models.view import DefaultView, SavedView
from couplings.models.preference import Preference

__all__ = [
    "BulkRequest",
    "ConfigurationVersion",
    "Connection",
    "Coupling",
    "DefaultView",
    "ErrorNote",
    "FieldMapping",
    "MappingDraft",
    "MovedParent",
    "SavedView",
    "SyncError",
    "SyncLogEntry",
    "Preference",
    "TableMapping",
    "UncoupledRecord",
]
