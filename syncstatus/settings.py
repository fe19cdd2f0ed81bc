"""The one settings file. Values come from the environment (docs/configuration.md); every default is safe.

Importing it starts nothing: `manage.py`, `syncstatus.celery` and the tests fill in DATABASE_URL and REDIS_URL with
the embedded servers before Django reads them here.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from syncstatus import environment
from syncstatus.rhythm import Steady

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / ".data"))).absolute()

# Security

SECRET_KEY = environment.text("SECRET_KEY")
# For the secrets of connections at rest: the first key encrypts, all of them decrypt, so that a key can be changed.
ENCRYPTION_KEYS = environment.words("ENCRYPTION_KEY")
DEBUG = environment.flag("DEBUG", False)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", environment.LOOPBACK_HOSTS)
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")

# Browsers send secure cookies over HTTPS only; on the machine itself there is no HTTPS to ask for.
SECURE_COOKIES = environment.flag("SECURE_COOKIES", not all(map(environment.is_loopback, ALLOWED_HOSTS)))
SESSION_COOKIE_SECURE = SECURE_COOKIES
# With this prefix a browser takes the cookie from this very host only, over HTTPS, and sends it to no other.
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE_COOKIES else "sessionid"
SESSION_COOKIE_AGE = environment.number("SESSION_AGE", 12 * 60 * 60)
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE_COOKIES else "csrftoken"
CSRF_COOKIE_HTTPONLY = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = environment.number("HSTS_SECONDS", 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag("HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_SSL_REDIRECT = environment.flag("SSL_REDIRECT", False)
if environment.flag("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies stand in front, each adding to X-Forwarded-For; where requests come from is read accordingly.
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", 0)
X_FRAME_OPTIONS = "DENY"
# Everything a page needs comes from here, as files: no inline scripts or styles, no `data:`, nothing of other hosts.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# Applications

INSTALLED_APPS = [
    "syncstatus.apps.SyncstatusConfig",
    "couplings",
    "jobs",
    "axes",
    "django_tables2",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "syncstatus.browser_headers.BrowserHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "syncstatus.request_log.LogRequests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "couplings.preferences.ReadersLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "couplings.audit_requests.AuditRequests",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "syncstatus.urls"
WSGI_APPLICATION = "syncstatus.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "couplings.preferences.shown",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Wrong passwords are counted for a name from an address: nobody can keep others out by failing in their name.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # what a right password forgets
AXES_HANDLER = "couplings.throttling.Throttle"
AXES_FAILURE_LIMIT = environment.number("LOGIN_ATTEMPTS", 5)
LOGIN_ATTEMPTS_OF_ADDRESS = environment.number("LOGIN_ATTEMPTS_OF_ADDRESS", 50)
LOGIN_ATTEMPTS_FOR_NAME = environment.number("LOGIN_ATTEMPTS_FOR_NAME", 20)
AXES_COOLOFF_TIME = timedelta(seconds=environment.number("LOGIN_PAUSE", 15 * 60))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "syncstatus.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "couplings.views.accounts.locked_out"
# The audit log says who signed in.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Store

DATABASE_URL = environment.text("DATABASE_URL")
DATABASES = {"default": environment.database(DATABASE_URL)} if DATABASE_URL else {}
for database in DATABASES.values():
    database |= {"CONN_MAX_AGE": environment.number("CONN_MAX_AGE", 60), "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Synchronization

# Workers that a large job is shared among, if so many are free.
WORKERS_PER_JOB = environment.number("WORKERS_PER_JOB", 4)
# Seconds between two looks for deleted records in a mapping with too many couplings to look at each time.
SWEEP_INTERVAL = environment.number("SWEEP_INTERVAL", 60 * 60)

# What is older is deleted once a day, except what is still needed (`jobs.retention`); None keeps it for ever.
KEEP_JOBS = environment.days("KEEP_JOBS", 90)
KEEP_LOG = environment.days("KEEP_LOG", 365)
KEEP_RESOLVED_ERRORS = environment.days("KEEP_RESOLVED_ERRORS", 365)
KEEP_PLANS = environment.days("KEEP_PLANS", 7)
KEEP_DRAFTS = environment.days("KEEP_DRAFTS", 30)
KEEP_AUDIT = environment.days("KEEP_AUDIT", 730)

# What a scraper of /metrics sends; without it they are for programs on this machine and for administrators.
METRICS_TOKEN = environment.text("METRICS_TOKEN")

# Languages, times

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = environment.text("TIME_ZONE", "UTC")
USE_TZ = True

# Static files

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from where they are written, so that a start needs no step that collects them.
WHITENOISE_USE_FINDERS = True

# Celery: PostgreSQL is the truth, the broker only the bell (DESIGN R13), so nothing of value is kept in it.

REDIS_URL = environment.text("REDIS_URL")
# Bells may ring through another broker, RabbitMQ for instance; limits of requests are counted in Redis all the same.
BROKER_URL = environment.text("BROKER_URL")
CELERY_BROKER_URL = BROKER_URL or (environment.broker(REDIS_URL) if REDIS_URL else None)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
REDIS_TRANSPORT_OPTIONS = {
    # A task of a killed worker comes back after this time. A job that runs longer is rung again and the second
    # worker gives way to the first one's lease.
    "visibility_timeout": environment.number("VISIBILITY_TIMEOUT", 60),
    # Without these two, lost tasks are looked for only every 100 seconds.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # A click does not wait for a broker that is away: its job stands in PostgreSQL, and beat rings again.
    "max_retries": 0,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {} if BROKER_URL else REDIS_TRANSPORT_OPTIONS
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
# A job whose process was killed is taken up by the next one at once; its attempts are counted (SCENARIOS T6).
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
# Beat remembers nothing: its one entry rings, and what is due is read from PostgreSQL. So no file can be left broken.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "ring-due": {
        "task": "jobs.tasks.ring_due",
        "schedule": Steady(5.0),
        # Bells that nobody hears do not pile up for ever. Beat's clock writes the time and a worker's reads it, so it
        # is far longer than clocks are apart: with seconds, a worker whose clock is ahead hears none.
        "options": {"expires": 3600.0},
    },
}

# Logs go to standard error, as standard output belongs to `--json`.

LOGGING_CONFIG = "syncstatus.logs.configure"
LOGGING = {
    "level": environment.text("LOG_LEVEL", "INFO").upper(),
    "format": environment.text("LOG_FORMAT", "plain"),
}
