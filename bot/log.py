"""Logging: one line per fact, JSON in production, and never what was said or by whom."""

import logging
import sys
from typing import Any

import structlog

from bot.settings import Environment, Settings

# httpx logs whole URLs, aiohttp's access log the verify token, openai its requests.
_TALKATIVE = ("httpx", "httpcore", "openai", "aiohttp.access", "asyncio")


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's lines through the same processors to stdout.

    Ours take the direct way: a line is written for every delivery, before it is acknowledged.
    """
    in_production = settings.app_env is Environment.PRODUCTION
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    lines = _json_lines() if in_production else _readable_lines()
    structlog.configure(
        processors=[*shared, *lines],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *lines],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _json_lines() -> list[Any]:
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(without_locals),
        structlog.processors.JSONRenderer(),
    ]


def _readable_lines() -> list[Any]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
