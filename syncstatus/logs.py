"""Logging to standard error: plain for people, JSON for machines.

Both formats add what `structlog.contextvars.bind_contextvars(job=…, mapping=…)` has bound, whether a line was written
through the standard library or through structlog.
"""

import logging.config
import sys
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import Processor

FORMATS = ("plain", "json")

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(options: dict[str, str]) -> None:
    """Set up logging from `{"level": …, "format": "plain" | "json"}`, the LOGGING setting.

    Raises ImproperlyConfigured for an unknown level or format.
    """
    level, style = options["level"], options["format"]
    if style not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT is “{style}”. Use one of: {', '.join(FORMATS)}.")
    if level not in logging.getLevelNamesMapping():
        raise ImproperlyConfigured(f"LOG_LEVEL is “{level}”. Use DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    logging.config.dictConfig(_handlers(level, style))
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _handlers(level: str, style: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "chosen": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style)],
                "foreign_pre_chain": SHARED,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # A 404 is an answer, not a warning; what failed on our side is still logged as an error.
            "django.request": {"level": "ERROR"},
            # It tells each step of each sign-in; wrong passwords are warnings.
            "axes": {"level": "WARNING"},
            # A bell every few seconds would drown everything else; failures are errors and are still logged.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _renderers(style: str) -> list[Processor]:
    if style == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # The renderer's own choice shows the values of local variables, and some of them are passwords.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
