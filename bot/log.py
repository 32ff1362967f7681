"""Logging: one line per fact, JSON in production, and never what was said or by whom."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from structlog.typing import EventDict

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
    return [_without_words, structlog.processors.JSONRenderer()]


def _readable_lines() -> list[Any]:
    return [
        _without_words,
        _one_place_a_line,
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty()),
    ]


def _without_words(_: object, __: str, line: EventDict) -> EventDict:
    """Replace an exception by its classes and the places it came through.

    Its message may quote what somebody wrote, or a row with their number.
    """
    given = line.pop("exc_info", None)
    exc = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(exc, BaseException):
        line["exception"] = [_place(cause) for cause in _causes(exc)]
    return line


def _one_place_a_line(_: object, __: str, line: EventDict) -> EventDict:
    if causes := line.get("exception"):
        line["exception"] = "\n".join(
            "\n  ".join((cause["class"], *cause["frames"])) for cause in causes
        )
    return line


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)


def _place(exc: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(exc.__traceback__)
    return {
        "class": f"{type(exc).__module__}.{type(exc).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
