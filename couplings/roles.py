"""What people may do: a viewer looks, an operator puts records in step, an administrator does everything.

Deleting records in the business applications is a grant of its own: an operator has it only when somebody gives it.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

APPS = ("couplings", "jobs")
SYNCHRONIZE = "couplings.synchronize_records"
UNCOUPLE = "couplings.remove_couplings"
DELETE = "couplings.delete_records"
CONFIGURE = "couplings.change_tablemapping"
DELETE_MAPPING = "couplings.delete_tablemapping"
CONNECT = "couplings.change_connection"
AUDIT = "couplings.read_audit_log"
PEOPLE = "auth.change_user"
VIEWER, OPERATOR, ADMINISTRATOR = ROLES = ("viewer", "operator", "administrator")
OF_OPERATORS = {SYNCHRONIZE, UNCOUPLE}


def ensure_groups(**_signal: Any) -> None:
    """Makes the three groups after a migration. What an administrator gave to viewers and operators, or took from
    them, stays; administrators may do everything that a new version can."""
    of_people = Q(content_type__app_label="auth", codename=PEOPLE.partition(".")[2])
    granted = Permission.objects.filter(of_people | Q(content_type__app_label__in=APPS)).select_related("content_type")
    for name, allowed in ((VIEWER, _looks), (OPERATOR, _operates), (ADMINISTRATOR, _everything)):
        group, created = Group.objects.get_or_create(name=name)
        if created or allowed is _everything:
            group.permissions.add(*filter(allowed, granted))


def _looks(permission: Permission) -> bool:
    return permission.codename.startswith("view_")


def _operates(permission: Permission) -> bool:
    return _looks(permission) or f"{permission.content_type.app_label}.{permission.codename}" in OF_OPERATORS


def _everything(permission: Permission) -> bool:
    return True
