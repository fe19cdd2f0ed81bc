from django.urls import path, re_path

from jobs.views.actions import actions
from jobs.views.bulk import cancel_bulk
from jobs.views.by_key import by_key
from jobs.views.comparison import adopt, error
from jobs.views.connection_forms import connection_add, connection_delete, connection_edit, connection_secret
from jobs.views.connections import check
from jobs.views.couplings import coupling, coupling_actions
from jobs.views.examples import mapping_counts, mapping_example
from jobs.views.first import first
from jobs.views.health import healthz, live, ready
from jobs.views.held import held, held_actions, held_plan
from jobs.views.home import errors_chart, home, outcomes_chart
from jobs.views.jobs import job, job_actions, jobs
from jobs.views.live import job_live, jobs_live
from jobs.views.mapping_add import mapping_add
from jobs.views.mapping_delete import mapping_delete
from jobs.views.mapping_edit import mapping_edit, mapping_review
from jobs.views.mapping_forms import mapping_constant, mapping_default, mapping_field, mapping_rules, mapping_side
from jobs.views.mapping_history import mapping_history, mapping_version
from jobs.views.mapping_import import couplings_export, mapping_import
from jobs.views.mappings import mapping, mapping_actions, mapping_export, mappings
from jobs.views.matches import matches, matches_export
from jobs.views.metrics import metrics
from jobs.views.record import record, synchronize, why
from jobs.views.record_actions import record_actions
from jobs.views.records import records
from jobs.views.remove_couplings import remove_couplings
from jobs.views.schedules import schedules
from jobs.views.search_systems import search_systems
from jobs.views.set_up_coupling import set_up_coupling
from jobs.views.undo import undo_entry, undo_job

app_name = "jobs"
urlpatterns = [
    path("", home, name="home"),
    path("charts/outcomes.svg", outcomes_chart, name="outcomes_chart"),
    path("charts/errors.svg", errors_chart, name="errors_chart"),
    path("errors/actions/", actions, name="actions"),
    path("errors/cancel/<int:pk>/", cancel_bulk, name="cancel_bulk"),
    path("errors/<int:pk>/", error, name="error"),
    path("errors/<int:pk>/adopt/", adopt, name="adopt"),
    path("held/", held, name="held"),
    path("held/<int:job>/<str:side>/<slug:code>/", held_plan, name="held_plan"),
    path("held/<int:job>/<str:side>/<slug:code>/actions/", held_actions, name="held_actions"),
    path("couplings/actions/", coupling_actions, name="coupling_actions"),
    path("couplings/add/", set_up_coupling, name="set_up_coupling"),
    path("couplings/by-key/", by_key, name="by_key"),
    # A key may hold anything, slashes and line ends included.
    re_path(r"^couplings/by/(?P<mapping>[\s\S]+?)/(?P<side>left|right)/(?P<key>[\s\S]+)/\Z", by_key, name="by"),
    path("couplings/<int:pk>/", coupling, name="coupling"),
    path("records/", records, name="records"),
    path("records/actions/", record_actions, name="record_actions"),
    path("records/record/", record, name="record"),
    path("records/synchronize/", synchronize, name="synchronize"),
    path("records/why/", why, name="why"),
    path("mappings/", mappings, name="mappings"),
    path("mappings/first/", first, name="first"),
    path("mappings/add/", mapping_add, name="mapping_add"),
    path("mappings/<path:name>/actions/", mapping_actions, name="mapping_actions"),
    path("mappings/<path:name>/counts/", mapping_counts, name="mapping_counts"),
    path("mappings/<path:name>/delete/", mapping_delete, name="mapping_delete"),
    path("mappings/<path:name>/edit/", mapping_edit, name="mapping_edit"),
    path("mappings/<path:name>/edit/review/", mapping_review, name="mapping_review"),
    path("mappings/<path:name>/edit/rules/", mapping_rules, name="mapping_rules"),
    path("mappings/<path:name>/edit/field/", mapping_field, name="mapping_field"),
    path("mappings/<path:name>/edit/records/<str:side>/", mapping_side, name="mapping_side"),
    path("mappings/<path:name>/edit/constant/<str:side>/", mapping_constant, name="mapping_constant"),
    path("mappings/<path:name>/edit/default/<str:side>/", mapping_default, name="mapping_default"),
    path("mappings/<path:name>/example/", mapping_example, name="mapping_example"),
    path("mappings/<path:name>/couplings/export/", couplings_export, name="couplings_export"),
    path("mappings/<path:name>/couplings/import/", mapping_import, name="mapping_import"),
    path("mappings/<path:name>/matches/export/", matches_export, name="matches_export"),
    path("mappings/<path:name>/export/", mapping_export, name="mapping_export"),
    path("mappings/<path:name>/history/", mapping_history, name="mapping_history"),
    path("mappings/<path:name>/history/<int:pk>/", mapping_version, name="mapping_version"),
    path("mappings/<path:name>/matches/", matches, name="matches"),
    path("mappings/<path:name>/remove-couplings/", remove_couplings, name="remove_couplings"),
    path("mappings/<path:name>/", mapping, name="mapping"),
    path("jobs/", jobs, name="jobs"),
    path("jobs/live/", jobs_live, name="jobs_live"),
    path("jobs/<int:pk>/", job, name="job"),
    path("jobs/<int:pk>/live/", job_live, name="job_live"),
    path("jobs/<int:pk>/actions/", job_actions, name="job_actions"),
    path("jobs/<int:pk>/undo/", undo_job, name="undo_job"),
    path("schedules/", schedules, name="schedules"),
    path("search/systems/", search_systems, name="search_systems"),
    path("log/<int:pk>/undo/", undo_entry, name="undo_entry"),
    path("connections/add/", connection_add, name="connection_add"),
    path("connections/<int:pk>/edit/", connection_edit, name="connection_edit"),
    path("connections/<int:pk>/secret/", connection_secret, name="connection_secret"),
    path("connections/<int:pk>/delete/", connection_delete, name="connection_delete"),
    path("connections/<int:pk>/check/", check, name="check"),
    path("healthz", healthz, name="healthz"),
    path("healthz/live", live, name="live"),
    path("healthz/ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]
