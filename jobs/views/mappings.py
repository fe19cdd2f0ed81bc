from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couplings import filters_in_words, rules_in_words
from couplings.configuration import history
from couplings.facets import Facets
from couplings.filters import ErrorFilter
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.models.error import State
from couplings.paging import bounded_count
from jobs.forms import MappingActionForm
from jobs.models import JobState, Kind, SyncJob
from jobs.services import configuration, drafts, plans, schema_changes
from jobs.services import jobs as job_service
from jobs.services import mappings as service
from jobs.services.errors import Refused
from jobs.views.answers import back, form_of, may_act, say_resting
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")
RECENT = 10  # jobs
SHOWN = 5  # versions


@login_required
@require_safe
def mappings(request: HttpRequest) -> HttpResponse:
    """Integration Table Mappings."""
    found = list(with_last_job(TableMapping.objects.select_related(*RELATED)))
    jobs = SyncJob.objects.in_bulk([mapping.last_job for mapping in found if mapping.last_job])  # type: ignore[attr-defined]
    facets = Facets(ErrorFilter({}), found)
    rows = [
        {
            "mapping": mapping,
            "job": jobs.get(mapping.last_job),  # type: ignore[attr-defined]
            "errors": facets.total(mapping=mapping.name),
            "skipped": facets.total(mapping=mapping.name, state=State.SKIPPED),
        }
        for mapping in found
    ]
    return render(request, "jobs/mappings.html", {"rows": rows})


def with_last_job(mappings: QuerySet[TableMapping]) -> QuerySet[TableMapping]:
    last = SyncJob.objects.filter(mapping=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return mappings.annotate(last_job=Subquery(last, output_field=IntegerField()))


@login_required
@require_safe
def mapping(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED).prefetch_related("fields"), name=name)
    versions = list(history.versions("mapping", name)[: SHOWN + 1])
    context = {
        "mapping": found,
        "rules": rules_in_words.sentences(found),
        "fields": rules_in_words.fields(found),
        "sides": [{"name": found.side_name(side), "filter": told_filter(found, side)} for side in Side],
        "jobs": SyncJob.objects.filter(mapping=found).select_related("requested_by").order_by("-pk")[:RECENT],
        "on_hold": SyncJob.objects.filter(mapping=found, state=JobState.PAUSED).order_by("pk"),
        "errors": Facets(ErrorFilter({}), [found]).total(mapping=name),
        "changed": schema_changes.open_error(found),
        "couplings": bounded_count(found.couplings.all()),
        "matchable": any(field.match is not None and field.enabled for field in found.fields.all()),
        "versions": versions[:SHOWN],
        "more_versions": len(versions) > SHOWN,
        "draft": drafts.of(request.user, name),
    }
    return render(request, "jobs/mapping.html", context)


def told_filter(mapping: TableMapping, side: Side) -> str:
    return filters_in_words.conditions(getattr(mapping, f"{side.value}_filter"))


@login_required
@require_safe
def mapping_export(request: HttpRequest, name: str) -> HttpResponse:
    """The mapping as ``config apply`` takes it."""
    found = get_object_or_404(TableMapping, name=name)
    answer = HttpResponse(configuration.export(found.name), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{found.name}.yaml")
    return answer


@login_required
@form_of("jobs:mapping")
def mapping_actions(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(TableMapping, name=name)
    form = MappingActionForm(request.POST)
    if may_act(request, form):
        user = request.user if isinstance(request.user, User) else None
        try:
            messages.success(request, act(found, form.action_name, user))
            say_resting(request, *([] if form.action_name == "pause" else [found.pk]))
        except Refused as refused:
            messages.warning(request, sentence(refused.code, refused.params))
        except ConnectorError as error:
            messages.warning(request, sentence(error.code, {**error.params, "detail": error.detail}))
    return back(request, reverse("jobs:mapping", args=[name]))


def act(mapping: TableMapping, action: str, user: User | None) -> str:
    """Does it, and says so."""
    match action:
        case "pause":
            changed = service.pause(mapping, user=user)
            said = _("The mapping is paused. Changes are kept and played back when it resumes.")
            return said if changed else _("The mapping was paused already.")
        case "resume":
            changed = service.resume(mapping, user=user)
            return _("The mapping resumes.") if changed else _("The mapping was not paused.")
        case "accept":
            schema_changes.accept(mapping, user=user)
            return _("The tables are taken as they are now, and the mapping resumes.")
        case "preview":
            job = plans.preview(mapping, Kind.MODIFIED, user=user)
            return _(
                "Job %(job)s looks what the next run would do. Nothing is written; apply it when you have seen it."
            ) % {"job": job.pk}
    job_service.start(mapping, Kind(action), user=user)
    return _("The job “%(kind)s” was scheduled.") % {"kind": Kind(action).label}
