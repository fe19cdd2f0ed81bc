"""The Celery application: `celery -A syncstatus worker`, `celery -A syncstatus beat`.

Every program that needs the store and the broker imports this module first; it starts the embedded servers when no
others are given, and makes this application the one that `shared_task` uses.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_ready, worker_shutdown
from structlog.contextvars import bind_contextvars, unbind_contextvars

from syncstatus import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
embedded.use()

app = Celery("syncstatus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Logging is set up from LOGGING; with a receiver connected, Celery leaves it alone."""
    from django.conf import settings

    from syncstatus import logs

    logs.configure(settings.LOGGING)


@task_prerun.connect
def name_task(task_id: str, **_: Any) -> None:
    """Every line that a task writes bears its id."""
    bind_contextvars(task=task_id)


@task_postrun.connect
def forget_task(**_: Any) -> None:
    unbind_contextvars("task")


@worker_ready.connect
def show_worker(sender: Any, **_: Any) -> None:
    """Everybody can see from now on that this worker lives."""
    from jobs.workers import Presence

    presence = Presence(f"{sender.hostname}:{os.getpid()}")
    presence.begin()
    worker_shutdown.connect(lambda **_: presence.end(), weak=False)
