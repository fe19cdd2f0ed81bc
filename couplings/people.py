"""People and their roles (the permissions of a role are in ``couplings.roles``)."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from couplings import audit, roles


class LastAdministrator(Exception):
    """Nobody could give it back: there is no other active administrator, or the person is the one who asks."""


@dataclass(frozen=True)
class Person:
    """``role`` is one of ``roles.ROLES``, "" for somebody without any; ``may_delete`` whether they may delete records
    in the business applications. ``seen`` is the last sign-in, in UTC."""

    user: User
    role: str
    may_delete: bool
    seen: datetime | None


def everybody() -> list[Person]:
    """Active people first, by name; three queries, however many they are."""
    users = User.objects.prefetch_related("groups", "user_permissions").order_by("-is_active", "username")
    return list(map(known, users))


def known(user: User) -> Person:
    names = {group.name for group in user.groups.all()}
    role = next((role for role in reversed(roles.ROLES) if role in names), "")
    if user.is_superuser:
        role = roles.ADMINISTRATOR
    granted = role == roles.ADMINISTRATOR or any(_deletes(one) for one in user.user_permissions.all())
    return Person(user, role, granted, user.last_login)


def assign(user: User, role: str, *, may_delete: bool, active: bool, by: User | None) -> None:
    """Give a saved user exactly this role and grant. Other grants of theirs stay.

    Raises ``LastAdministrator`` when that would leave nobody who can undo it; nothing is changed then.
    """
    with transaction.atomic():
        # One at a time: of two administrators, each would take away the other.
        list(Group.objects.select_for_update().filter(name=roles.ADMINISTRATOR))
        if (role != roles.ADMINISTRATOR or not active) and (user == by or not _others(user)):
            _refuse_if_administrator(user)
        user.groups.remove(*Group.objects.filter(name__in=roles.ROLES))
        user.groups.add(Group.objects.get(name=role))
        user.is_active, user.is_superuser = active, False
        user.save(update_fields=["is_active", "is_superuser"])
        _grant(user, may_delete)
    audit.note(person=user.get_username(), role=role, grants=[roles.DELETE] if may_delete else [], active=active)


def _refuse_if_administrator(user: User) -> None:
    stored = User.objects.prefetch_related("groups", "user_permissions").get(pk=user.pk)
    if stored.is_active and known(stored).role == roles.ADMINISTRATOR:
        raise LastAdministrator


def _others(user: User) -> bool:
    """Whether somebody else is an active administrator."""
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    return others.filter(is_superuser=True).exists() or others.filter(groups__name=roles.ADMINISTRATOR).exists()


def _grant(user: User, may_delete: bool) -> None:
    permission = Permission.objects.get(content_type__app_label="couplings", codename=_codename())
    change = user.user_permissions.add if may_delete else user.user_permissions.remove
    change(permission)


def _deletes(permission: Permission) -> bool:
    return permission.codename == _codename()


def _codename() -> str:
    return roles.DELETE.partition(".")[2]
