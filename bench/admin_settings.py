"""The product's settings with Django's admin beside it, to measure its pages against: a page everybody knows."""

from syncstatus.settings import *  # noqa: F403
from syncstatus.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "bench.admin_urls"
