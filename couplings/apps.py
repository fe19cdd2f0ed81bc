from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CouplingsConfig(AppConfig):
    name = "couplings"
    verbose_name = _("Couplings")

    def ready(self) -> None:
        from couplings import audit_signing_in  # noqa: F401  (importing connects it)
        from couplings.preferences import recall
        from couplings.roles import ensure_groups

        # The signal for this app comes after those that make the permissions of auth and of our own.
        post_migrate.connect(ensure_groups, sender=apps.get_app_config("contenttypes"))
        user_logged_in.connect(recall)
