from django.apps import AppConfig


class SyncstatusConfig(AppConfig):
    name = "syncstatus"

    def ready(self) -> None:
        from syncstatus import checks  # noqa: F401  (importing registers them)
        from syncstatus.sample import databases

        databases.provide()
