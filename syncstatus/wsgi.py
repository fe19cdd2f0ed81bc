from django.core.wsgi import get_wsgi_application

import syncstatus.celery  # noqa: F401  (the application that tasks are sent through, and the embedded servers)

application = get_wsgi_application()
