"""The forms of a mapping that is being edited: its rules, its sides, a field, a constant, a default.

Each keeps what was sent in the draft when nothing is wrong with it, as ``config apply`` judges; else it comes back with
what is wrong at the fields, and the draft stays as it was. Any of them can be tried on a real record first.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from couplings.models import TableMapping
from jobs.editing import fields, new_records, rules
from jobs.editing.fields import FieldForm
from jobs.editing.new_records import ConstantForm, DefaultForm
from jobs.editing.rules import RulesForm
from jobs.editing.sides import SideForm
from jobs.services import drafts
from jobs.services.drafts import Data, Draft
from jobs.views.editing import edits, example_of, reader, schema_of, shows_problems, system_names, try_out
from syncstatus.engine.records import Side


@edits
def mapping_rules(request: HttpRequest, draft: Draft) -> HttpResponse:
    schema, unknown = schema_of(draft)
    others = TableMapping.objects.exclude(name=draft.name).values_list("name", flat=True)
    form = RulesForm(schema, others, request.POST or None, initial=RulesForm.values(draft.data))
    context = {"title": _("Rules"), "form": form, "unknown": unknown}
    if request.method != "POST" or not form.is_valid():
        return answer(request, draft, context)
    candidate, checked = try_out(draft, form.change(draft.data))
    if shows_problems(form, checked, rules.PREFIXES, rules.place) or previews(request):
        return answer(request, draft, context | example_of(request, candidate, checked))
    return kept(request, draft, candidate.data)


@edits
def mapping_side(request: HttpRequest, draft: Draft, side: str) -> HttpResponse:
    which = side_named(side)
    schema, unknown = schema_of(draft)
    form = SideForm(schema, which, draft.data, request.POST if request.method == "POST" else None)
    title = _("Records of %(system)s") % {"system": schema.systems[which]}
    context = {"title": title, "form": form, "conditions": form.filter, "unknown": unknown}
    if request.method != "POST" or not form.is_valid():
        return answer(request, draft, context)
    candidate, checked = try_out(draft, form.change(draft.data))
    for problem in checked.problems:
        if problem.path[2:4] == (which.value, "filter"):
            form.filter.refuse("".join(problem.path[4:5]), problem)
    wrong = shows_problems(form, checked, form.prefixes, form.place)
    if wrong or not form.filter.is_valid or previews(request):
        return answer(request, draft, context | example_of(request, candidate, checked))
    return kept(request, draft, candidate.data)


@edits
def mapping_field(request: HttpRequest, draft: Draft) -> HttpResponse:
    """The field that ``?field=`` names, or a new one."""
    known = draft.data.get("fields") or {}
    before = request.GET.get("field", "")
    if before and before not in known:
        raise Http404
    schema, unknown = schema_of(draft)
    old = fields.values(before, known[before]) if before else {}
    mappings = TableMapping.objects.values_list("name", flat=True)
    form = FieldForm(schema, mappings, old, request.POST if request.method == "POST" else None)
    context = {"title": before or _("New field"), "form": form, "unknown": unknown, "template": "field"}
    if request.method != "POST" or not form.is_valid():
        return answer(request, draft, context)
    left = form.place_of
    if left != before and left in known:
        form.add_error("left", _("This field is mapped already; a field stands once in a mapping."))
        return answer(request, draft, context)
    changed = fields.replaced(known, before, left, form.rules(known.get(before)))
    candidate, checked = try_out(draft, {**draft.data, "fields": changed})
    if shows_problems(form, checked, [("fields", left)], fields.place) or previews(request):
        return answer(request, draft, context | example_of(request, candidate, checked))
    return kept(request, draft, candidate.data)


@edits
def mapping_constant(request: HttpRequest, draft: Draft, side: str) -> HttpResponse:
    """The constant that ``?field=`` names, or a new one. Its form may remove it as well."""
    which = side_named(side)
    known = new_records.constants(draft.data, which)
    before = request.GET.get("field", "")
    if before and before not in known:
        raise Http404
    if removes(request):
        rest = {name: value for name, value in known.items() if name != before}
        return kept(request, draft, new_records.with_constants(draft.data, which, rest))
    schema, unknown = schema_of(draft)
    old = {"field": before, "value": known[before]} if before else {}
    form = ConstantForm(schema, which, old, request.POST if request.method == "POST" else None)
    title = _("Constant in %(system)s") % {"system": schema.systems[which]}
    context = {"title": title, "form": form, "unknown": unknown, "removable": bool(before)}
    if request.method != "POST" or not form.is_valid():
        return answer(request, draft, context)
    candidate, checked = try_out(draft, form.change(draft.data, before))
    if shows_problems(form, checked, form.prefixes, form.place) or previews(request):
        return answer(request, draft, context | example_of(request, candidate, checked))
    return kept(request, draft, candidate.data)


@edits
def mapping_default(request: HttpRequest, draft: Draft, side: str) -> HttpResponse:
    """The default that ``?number=`` counts to, or a new one behind the others. Its form may remove it, or move it up:
    of two that hold, the first gives a field its value."""
    which = side_named(side)
    known = new_records.defaults(draft.data, which)
    place = place_of_default(request, known)
    if change := rearranged(request, known, place):
        return kept(request, draft, new_records.with_defaults(draft.data, which, change[0]))
    schema, unknown = schema_of(draft)
    old = known[place] if place < len(known) else {}
    sends = request.method == "POST"
    form = DefaultForm.sent(schema, which, request.POST) if sends else DefaultForm.of(schema, which, old)
    title = _("Default of new records in %(system)s") % {"system": schema.systems[which]}
    context = {"title": title, "default": form, "conditions": form.when, "unknown": unknown, "removable": bool(old)}
    context |= {"movable": 0 < place < len(known)}
    if not sends or not form.is_valid:
        return answer(request, draft, context)
    of_side = [*known[:place], form.data(), *known[place + 1 :]]
    candidate, checked = try_out(draft, new_records.with_defaults(draft.data, which, of_side))
    form.refuse(checked.problems, ("defaults", which.value, str(place + 1)))
    if not form.is_valid or previews(request):
        return answer(request, draft, context | example_of(request, candidate, checked))
    return kept(request, draft, candidate.data)


def place_of_default(request: HttpRequest, known: list[Any]) -> int:
    """From 0; behind the last one for a new one."""
    text = request.GET.get("number", "")
    if not text:
        return len(known)
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= len(known)):
        raise Http404
    return int(text) - 1


def rearranged(request: HttpRequest, known: list[Any], place: int) -> tuple[list[Any]] | None:
    """The defaults without the one at ``place``, or with it one further up, if that is what was sent."""
    if place >= len(known):
        return None
    rest = [*known[:place], *known[place + 1 :]]
    if removes(request):
        return (rest,)
    if request.POST.get("action") == "up":
        rest.insert(max(0, place - 1), known[place])
        return (rest,)
    return None


def side_named(name: str) -> Side:
    try:
        return Side(name)
    except ValueError:
        raise Http404 from None


def previews(request: HttpRequest) -> bool:
    return request.POST.get("action") == "preview"


def removes(request: HttpRequest) -> bool:
    return request.POST.get("action") == "remove"


def answer(request: HttpRequest, draft: Draft, context: dict[str, Any]) -> HttpResponse:
    context["tried"] = {"system": system_names(draft.data)[Side.LEFT], "key": request.POST.get("example", "")}
    return render(request, "jobs/mapping_form.html", {"draft": draft, **context})


def kept(request: HttpRequest, draft: Draft, data: Data) -> HttpResponse:
    drafts.keep(reader(request), draft, data)
    messages.success(request, _("Kept in your draft. It counts when you review and save it."))
    return redirect("jobs:mapping_edit", name=draft.name)
