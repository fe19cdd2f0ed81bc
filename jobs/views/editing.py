"""What the pages that edit a mapping have in common: the draft, what both tables look like, and its problems."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from couplings.configuration.problems import Path
from couplings.configuration.stored import unsaved_mapping
from couplings.roles import CONFIGURE
from jobs.editing import problems
from jobs.editing.schema import Schema
from jobs.services import drafts, examples, schemas
from jobs.services.drafts import Checked, Data, Draft
from syncstatus.engine.records import Side

View = Callable[..., HttpResponse]


def edits(view: View) -> View:
    """For administrators; the view gets the draft that its reader has of the mapping ``name``."""

    @login_required
    @permission_required(CONFIGURE, raise_exception=True)
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, name: str, **which: Any) -> HttpResponse:
        draft = drafts.open_draft(reader(request), name)
        if draft is None:
            raise Http404
        return view(request, draft, **which)

    return wrapped


def reader(request: HttpRequest) -> User:
    return cast(User, request.user)


def system_names(data: Data) -> dict[Side, str]:
    """What the reader calls both sides: by their connections, with the tables where they share one."""
    sides = {side: data.get(side.value) or {} for side in Side}
    names = {side: str(one.get("connection", "")) for side, one in sides.items()}
    if names[Side.LEFT] != names[Side.RIGHT]:
        return names
    return {side: f"{names[side]} {one.get('table', '')}" for side, one in sides.items()}


def schema_of(draft: Draft) -> tuple[Schema, list[schemas.Message]]:
    """Both tables as they are now; and why one of them cannot be told."""
    found = schemas.describe(draft.data)
    return Schema(system_names(draft.data), found.tables), found.problems


def try_out(draft: Draft, data: Data) -> tuple[Draft, Checked]:
    """The draft with ``data``, not kept, and what is wrong with it."""
    candidate = replace(draft, data=data)
    return candidate, drafts.check(candidate)


def shows_problems(form: forms.Form, checked: Checked, prefixes: Sequence[Path], place: Any) -> bool:
    """Whether something is wrong with what the form is about; it is shown at its fields then."""
    problems.show(form, checked.problems, prefixes, place)
    return bool(form.errors)


def example_of(request: HttpRequest, candidate: Draft, checked: Checked) -> dict[str, Any]:
    """What the draft would make of a real record, for ``jobs/example_part.html``: of the one whose key in the left
    system was sent along, else of one that tells most."""
    entry = checked.entry(candidate)
    if entry is None:
        return {"checked": checked}
    mapping = unsaved_mapping(entry)
    found = examples.example(mapping, key=request.POST.get("example", "").strip())
    places = [{"side": side, "name": mapping.side_name(side), "key": found.keys[side]} for side in Side]
    return {"checked": checked, "mapping": mapping, "example": found, "places": places}
