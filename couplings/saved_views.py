"""Saved views of the errors page: everybody's own, and those that an administrator shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from couplings.filters import ErrorFilter
from couplings.models import DefaultView, SavedView

ALL = "all"  # as the view in a query string: no filter, whatever opens by itself


@dataclass(frozen=True)
class Listed:
    """``query`` opens the view; ``opens`` says that the page opens with it, ``own`` that it is the reader's."""

    view: SavedView
    query: str
    current: bool
    opens: bool
    own: bool


def saved_query(data: Mapping[str, Any]) -> str:
    """What a view keeps of a query string: the filter and the order, not the place in the list."""
    chosen = ErrorFilter.read(data)
    sort = str(data.get("sort") or "")
    return urlencode(chosen | ({"sort": sort} if sort else {}))


def of(user: User | None, data: Mapping[str, Any]) -> list[Listed]:
    """The views that ``user`` may open, their own first; ``current`` is the one that ``data`` shows. One query."""
    opens = DefaultView.objects.filter(user=user, view=OuterRef("pk"))
    found = SavedView.objects.filter(Q(owner=user) | Q(shared=True)).annotate(opens=Exists(opens)).order_by("name")
    now, own = saved_query(data), user.pk if user is not None else None
    listed = [
        Listed(view, _link(view), view.query == now and bool(now), view.opens, view.owner_id == own) for view in found
    ]
    return sorted(listed, key=lambda one: (not one.own, one.view.name.lower()))


def _link(view: SavedView) -> str:
    query = QueryDict(view.query, mutable=True)
    query["view"] = str(view.pk)
    return query.urlencode()


def opening(views: Iterable[Listed]) -> str:
    """The query string that the errors page opens with for whoever has ``views``; empty for all open errors."""
    return next((one.query for one in views if one.opens), "")


def save(user: User, name: str, data: Mapping[str, Any], *, shared: bool, opens: bool) -> SavedView | None:
    """Save a view under a name; one of the same name is replaced. None when a shared one of somebody else has it."""
    values = {"query": saved_query(data), "shared": shared}
    try:
        with transaction.atomic():
            view, _created = SavedView.objects.update_or_create(owner=user, name=name, defaults=values)
    except IntegrityError:  # one_shared_view_of_a_name
        return None
    if opens:
        open_with(user, view)
    return view


def open_with(user: User, view: SavedView | None) -> None:
    """Let the errors page open with ``view`` for ``user``; with all open errors for None."""
    if view is None:
        DefaultView.objects.filter(user=user).delete()
    else:
        DefaultView.objects.update_or_create(user=user, defaults={"view": view})
