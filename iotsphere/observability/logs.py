"""Structured logs: one line an event, for people on a terminal or as JSON, always with the trace id at hand."""

import logging
import logging.config
from typing import Any

import structlog
from structlog.processors import JSONRenderer
from structlog.tracebacks import ExceptionDictTransformer

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]

# One line a request, a beat or a task says nothing that /metrics does not say better.
CHATTY = [
    "axes",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "daphne.http_protocol",
    "daphne.server",
    "daphne.ws_protocol",
    "django_structlog.celery.receivers",
    "django_structlog.middlewares.request",
]


def logging_config(log_format: str, level: str) -> None:
    """Route the standard library's logs and structlog's through one formatter. `log_format`: console or json."""
    if log_format not in ("console", "json"):
        raise ValueError(f"LOG_FORMAT must be 'console' or 'json', not {log_format!r}.")
    renderers: list[Any] = (
        # Without the variables of each frame: those hold passwords and what devices sent.
        [structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)), JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
                    "foreign_pre_chain": SHARED_PROCESSORS,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                **{name: {"level": "WARNING"} for name in CHATTY},
                # Each attempt to connect while the database is away; who wanted a connection says so once.
                "psycopg.pool": {"level": "ERROR"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
