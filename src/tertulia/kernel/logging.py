"""One log for everything: Django's, the libraries' and our own records, one line each.

On a terminal `key=value`, otherwise JSON (one object a line), on standard error. Every line of a request carries its
`request_id`. What is secret never gets in: values under the names of `SECRET` are starred out, URLs lose their
passwords, and links that let somebody in lose what does.
"""

from __future__ import annotations

import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(r"passw|secret|token|authori[sz]ation|cookie|credential|api_?key|\bcode\b", re.IGNORECASE)
URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")
LINK_SECRET = re.compile(r"(/join/|/accounts/password/reset/key/|/openedx/[0-9a-f-]{36}/[a-z-]+/)[^/\s\"'?#]+")
BEARER = re.compile(r"(?i)\bbearer\s+\S+")
STARS = "***"

# Libraries that say at `info` what interests only their authors.
QUIET = ("procrastinate", "uvicorn.error", "asyncio", "botocore", "urllib3", "PIL")

Event = MutableMapping[str, Any]


def hide_secrets(_logger: object, _method: str, event: Event) -> Event:
    """A structlog processor: stars instead of secrets."""
    for name, value in event.items():
        if SECRET.search(name):
            event[name] = STARS
        elif isinstance(value, str):
            hidden = URL_PASSWORD.sub(rf"\1:{STARS}@", LINK_SECRET.sub(rf"\1{STARS}", value))
            event[name] = BEARER.sub(f"Bearer {STARS}", hidden)
    return event


def logging_config(*, level: str) -> None:
    """Configure logging for this process."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["request_id", "path", "reason", "status_code", "person_id"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: structlog.types.Processor
    if sys.stderr.isatty():
        # Plain tracebacks: the prettier ones print local variables, and so what people wrote.
        renderer = structlog.dev.ConsoleRenderer(
            colors=True,
            event_key="event",
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
        shared.remove(structlog.processors.format_exc_info)  # it draws tracebacks itself
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                "django.request": {"level": "ERROR"},  # a 404 is nobody's fault
                **{name: {"level": "WARNING"} for name in QUIET},
            },
        }
    )
