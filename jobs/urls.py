from django.urls import path

from jobs.views.actions import actions
from jobs.views.by_key import by_key
from jobs.views.comparison import adopt, error
from jobs.views.connections import check
from jobs.views.couplings import coupling, coupling_actions
from jobs.views.health import healthz, live, ready
from jobs.views.held import held, held_actions, held_plan
from jobs.views.home import errors_chart, home, outcomes_chart
from jobs.views.jobs import job, job_actions, jobs
from jobs.views.mappings import mapping, mapping_actions, mappings
from jobs.views.metrics import metrics
from jobs.views.schedules import schedules
from jobs.views.set_up_coupling import set_up_coupling
from jobs.views.undo import undo_entry, undo_job

app_name = "jobs"
urlpatterns = [
    path("", home, name="home"),
    path("charts/outcomes.svg", outcomes_chart, name="outcomes_chart"),
    path("charts/errors.svg", errors_chart, name="errors_chart"),
    path("errors/actions/", actions, name="actions"),
    path("errors/<int:pk>/", error, name="error"),
    path("errors/<int:pk>/adopt/", adopt, name="adopt"),
    path("held/", held, name="held"),
    path("held/<int:job>/<str:side>/<slug:code>/", held_plan, name="held_plan"),
    path("held/<int:job>/<str:side>/<slug:code>/actions/", held_actions, name="held_actions"),
    path("couplings/actions/", coupling_actions, name="coupling_actions"),
    path("couplings/add/", set_up_coupling, name="set_up_coupling"),
    path("couplings/by-key/", by_key, name="by_key"),
    path("couplings/<int:pk>/", coupling, name="coupling"),
    path("mappings/", mappings, name="mappings"),
    path("mappings/<path:name>/actions/", mapping_actions, name="mapping_actions"),
    path("mappings/<path:name>/", mapping, name="mapping"),
    path("jobs/", jobs, name="jobs"),
    path("jobs/<int:pk>/", job, name="job"),
    path("jobs/<int:pk>/actions/", job_actions, name="job_actions"),
    path("jobs/<int:pk>/undo/", undo_job, name="undo_job"),
    path("schedules/", schedules, name="schedules"),
    path("log/<int:pk>/undo/", undo_entry, name="undo_entry"),
    path("connections/<int:pk>/check/", check, name="check"),
    path("healthz", healthz, name="healthz"),
    path("healthz/live", live, name="live"),
    path("healthz/ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]
