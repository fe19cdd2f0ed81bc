"""The admin's list of errors as it comes: the columns, filters, search and rows a page of ours."""

from django.contrib import admin
from django.urls import path

from couplings.lists import ERRORS
from couplings.models import SyncError


class ErrorAdmin(admin.ModelAdmin):
    list_display = (
        "mapping", "description", "left_exists", "right_key", "right_exists", "code", "params", "kind", "state",
        "attempts", "last_seen", "first_seen",
    )  # fmt: skip
    list_filter = ("mapping", "kind", "state")
    list_select_related = ("mapping", "connection")
    search_fields = ("description", "left_key", "right_key")
    ordering = ("-last_seen",)
    list_per_page = ERRORS


admin.site.register(SyncError, ErrorAdmin)
urlpatterns = [path("admin/", admin.site.urls)]
