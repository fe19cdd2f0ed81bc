import gc
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

import syncstatus.celery  # noqa: F401  (the application that tasks are sent through, and the embedded servers)

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)

# All that is loaded by now stays. To look through it for garbage held up a page for a tenth of a second now and then.
gc.collect()
gc.freeze()
