from django.urls import path

from couplings.views.audit import audit
from couplings.views.connections import connection, connections
from couplings.views.couplings import couplings
from couplings.views.errors import errors, errors_progress
from couplings.views.export import export
from couplings.views.people import people, person, person_add, person_password
from couplings.views.preferences import preferences
from couplings.views.saved_views import views
from couplings.views.search import search

app_name = "couplings"
urlpatterns = [
    path("errors/", errors, name="errors"),
    path("errors/progress/", errors_progress, name="errors_progress"),
    path("errors/views/", views, name="views"),
    path("errors/export.<str:form>", export, name="export"),
    path("couplings/", couplings, name="couplings"),
    path("audit/", audit, name="audit"),
    path("connections/", connections, name="connections"),
    path("connections/<int:pk>/", connection, name="connection"),
    path("people/", people, name="people"),
    path("people/add/", person_add, name="person_add"),
    path("people/<int:pk>/", person, name="person"),
    path("people/<int:pk>/password/", person_password, name="person_password"),
    path("preferences/", preferences, name="preferences"),
    path("search/", search, name="search"),
]
