"""A mapping that is being edited: what it says by now, what is wrong with it, what saving it would change."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from couplings import filters_in_words, rules_in_words
from couplings.configuration.problems import ConfigurationRefused, Problem
from couplings.configuration.sentences import render as told
from couplings.messages import render as sentence
from couplings.models import TableMapping
from jobs.editing import fields, new_records
from jobs.editing.rules import RulesForm
from jobs.editing.schema import Schema
from jobs.services import drafts
from jobs.services.configuration import ConnectionsUnusable
from jobs.services.connections import sentence as connection_sentence
from jobs.services.drafts import Checked, Data, Draft
from jobs.services.errors import Refused
from jobs.views.editing import edits, reader, system_names
from syncstatus.engine.records import Side
from syncstatus.engine.value_maps import as_text


@edits
def mapping_edit(request: HttpRequest, draft: Draft) -> HttpResponse:
    """The draft as a whole. Its form moves and removes fields, or discards everything."""
    if request.method == "POST":
        return act(request, draft)
    checked = drafts.check(draft)
    lines = [line(draft, name, raw, checked) for name, raw in (draft.data.get("fields") or {}).items()]
    context = {
        "draft": draft,
        "systems": system_names(draft.data),
        "exists": TableMapping.objects.filter(name=draft.name).exists(),
        "rules": RulesForm.told(Schema(system_names(draft.data)), draft.data),
        "sides": [side_line(draft, side) for side in Side],
        "lines": lines,
        "constants": [constant_line(draft, side, *one) for side in Side for one in constants(draft.data, side)],
        "defaults": [default_line(draft, side, *one) for side in Side for one in defaults(draft.data, side)],
        "problems": [told(one) for one in checked.problems if not of_field(one)],
        "wrong": len(checked.problems),
        "failed": [connection_sentence(name, error) for name, error in checked.failed.items()],
        "outdated": drafts.is_outdated(draft),
    }
    return render(request, "jobs/mapping_edit.html", context)


def of_field(problem: Problem) -> bool:
    """Whether it is shown at one of the fields."""
    return problem.path[2:3] == ("fields",) and len(problem.path) > 3


def line(draft: Draft, name: str, raw: Any, checked: Checked) -> dict[str, Any]:
    shown = fields.values(name, raw)
    mine = [told(one) for one in checked.problems if one.path[2:4] == ("fields", name)]
    arrow = rules_in_words.arrow(shown["direction"])
    notes = rules_in_words.notes(fields.row(name, raw), Schema(system_names(draft.data)))
    return {
        "name": name,
        "arrow": arrow,
        "problems": mine,
        "notes": notes,
        "query": urlencode({"field": name}),
        **shown,
    }


def side_line(draft: Draft, side: Side) -> dict[str, Any]:
    data = draft.data.get(side.value) or {}
    conditions = filters_in_words.conditions(data.get("filter") or {})
    table = ".".join(part for part in (data.get("schema", ""), data.get("table", "")) if part)
    columns = {name: data.get(name, "") for name in ("modified_on", "version")}
    return {"side": side.value, "name": system_names(draft.data)[side], "table": table, "filter": conditions, **columns}


def constants(data: Data, side: Side) -> list[tuple[str, Any]]:
    return list(new_records.constants(data, side).items())


def constant_line(draft: Draft, side: Side, name: str, value: Any) -> dict[str, Any]:
    told = {"field": name, "value": as_text(value), "query": urlencode({"field": name})}
    return {"side": side.value, "system": system_names(draft.data)[side], **told}


def defaults(data: Data, side: Side) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(new_records.defaults(data, side), 1))


def default_line(draft: Draft, side: Side, number: int, one: dict[str, Any]) -> dict[str, Any]:
    given = ", ".join(f"{name} = {as_text(value)}" for name, value in one.get("set", {}).items())
    when = filters_in_words.conditions(one.get("when") or {})
    system = system_names(draft.data)[side]
    return {"side": side.value, "system": system, "number": number, "given": given, "when": when}


def act(request: HttpRequest, draft: Draft) -> HttpResponse:
    match request.POST.get("action", ""):
        case "discard":
            return discard(request, draft)
        case "up" | "down" | "remove" as action if request.POST.get("field") in (draft.data.get("fields") or {}):
            known = draft.data["fields"]
            name = request.POST["field"]
            rest = {one: raw for one, raw in known.items() if one != name}
            changed = rest if action == "remove" else fields.moved(known, name, -1 if action == "up" else 1)
            drafts.keep(reader(request), draft, {**draft.data, "fields": changed})
        case _:
            messages.error(request, _("Choose one of the actions of the page."))
    return redirect("jobs:mapping_edit", name=draft.name)


def discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    drafts.discard(reader(request), draft.name)
    messages.success(request, _("Your changes are discarded. The mapping is as it was."))
    return redirect("jobs:mappings") if draft.is_new else redirect("jobs:mapping", name=draft.name)


@edits
def mapping_review(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What saving would change, and saving it."""
    if request.method == "POST":
        return save(request, draft)
    seen = drafts.stored_token(draft.name)
    try:
        applied = drafts.preview(draft)
    except (ConfigurationRefused, ConnectionsUnusable) as refused:
        return refuse(request, draft, refused)
    details = [detail for change in applied.changes for detail in change.details]
    counts = [
        vars(count) | {"told": filters_in_words.conditions(count.filter)}
        for counted in applied.filtered.values()
        for count in counted.values()
    ]
    context = {
        "draft": draft,
        "seen": seen,
        "applied": applied,
        "changes": details,
        "anew": draft.name in applied.compared_anew,
        "unmatched": draft.name in applied.unmatched,
        "counts": counts,
        "outdated": drafts.is_outdated(draft),
        "mapping": draft,
    }
    return render(request, "jobs/mapping_review.html", context)


def save(request: HttpRequest, draft: Draft) -> HttpResponse:
    try:
        applied = drafts.save(reader(request), draft, seen=request.POST.get("seen", ""))
    except (ConfigurationRefused, ConnectionsUnusable) as refused:
        return refuse(request, draft, refused)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect("jobs:mapping_review", name=draft.name)
    changed = bool(applied.changes)
    messages.success(
        request, _("The mapping is saved.") if changed else _("Nothing was different, so nothing changed.")
    )
    return redirect("jobs:mapping", name=draft.name)


def refuse(request: HttpRequest, draft: Draft, why: ConfigurationRefused | ConnectionsUnusable) -> HttpResponse:
    """Nothing was saved; the draft's page says what is wrong, each thing at its place."""
    if isinstance(why, ConnectionsUnusable):
        for name, error in why.failed.items():
            messages.error(request, connection_sentence(name, error))
    else:
        messages.error(request, _("Nothing was saved: put right what is told here first."))
    return redirect(reverse("jobs:mapping_edit", kwargs={"name": draft.name}))
