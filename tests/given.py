"""What the pages' tests start from: people, and what is coupled and out of step; no business system is behind it."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from couplings.models import Connection, Coupling, ErrorRequest, FieldMapping, SyncError, TableMapping
from couplings.models.error import State
from couplings.roles import ensure_groups
from jobs.models import JobState, Kind, SyncJob, Trigger

PASSWORD = "correct horse battery staple"


def person(name: str, role: str, *grants: str) -> User:
    """Somebody with a role and, on top of it, grants such as ``delete_records``."""
    ensure_groups()  # a test that empties all tables takes the groups along
    user = User.objects.create_user(name, password=PASSWORD)
    user.groups.add(Group.objects.get(name=role))
    user.user_permissions.add(*Permission.objects.filter(codename__in=grants))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def connection(name: str, **values: Any) -> Connection:
    return Connection.objects.create(name=name, kind="sql", **{"healthy": True, "last_check": timezone.now(), **values})


def mapping(name: str = "CUSTOMER", left: str = "ERP", right: str = "CRM", **values: Any) -> TableMapping:
    sides = [Connection.objects.filter(name=name).first() or connection(name) for name in (left, right)]
    made = TableMapping.objects.create(
        name=name,
        left_connection=sides[0],
        left_table="customer",
        right_connection=sides[1],
        right_table="account",
        **values,
    )
    for position, (mine, theirs) in enumerate({"name": "name", "phone": "telephone"}.items()):
        FieldMapping.objects.create(mapping=made, position=position, left=mine, right=theirs)
    return made


def coupling(mapping: TableMapping, number: int, **values: Any) -> Coupling:
    return Coupling.objects.create(
        mapping=mapping, left_key=f"{10_000 + number}", right_key=f"a-{number}", last_synced=timezone.now(), **values
    )


def error(mapping: TableMapping, number: int, *, request: str = "", **values: Any) -> SyncError:
    """A conflict over the phone number of a coupled record, seen ``number`` minutes ago; ``request`` is what somebody
    asked for."""
    seen = timezone.now() - timedelta(minutes=number)
    found: dict[str, Any] = {
        "coupling": coupling(mapping, number),
        "left_key": f"{10_000 + number}",
        "right_key": f"a-{number}",
        "left_exists": True,
        "right_exists": True,
        "description": f"Adatum {number}",
        "kind": "conflict",
        "code": "conflict",
        "params": {"fields": ["phone"], "right_fields": ["telephone"]},
        "fields": ["phone"],
        "state": State.SKIPPED,
        "first_seen": seen,
        "last_seen": seen,
    }
    made = SyncError.objects.create(mapping=mapping, **{**found, **values})
    if request:
        ask(request, made)
    return made


def ask(request: str, *errors: SyncError, by: User | None = None) -> None:
    """Somebody asks for something about ``errors`` (all there are), and no job has worked it off yet."""
    for error in errors or SyncError.objects.all():
        ErrorRequest.objects.create(error=error, mapping=error.mapping, request=request, by=by, at=timezone.now())


def deleted(mapping: TableMapping, number: int, side: str = "right", **values: Any) -> SyncError:
    """A record that was deleted on ``side``."""
    found = {"kind": "deleted", "code": "record_deleted", "params": {"deleted_side": mapping.side_name(side)}}
    return error(mapping, number, **{**found, "fields": [], f"{side}_exists": False, **values})


def job(mapping: TableMapping, **values: Any) -> SyncJob:
    now = timezone.now()
    ended = {"state": JobState.FINISHED, "started": now - timedelta(seconds=3), "finished": now}
    return SyncJob.objects.create(
        mapping=mapping, **{"kind": Kind.MODIFIED, "trigger": Trigger.SCHEDULE, **ended, **values}
    )
