"""What a log line says, and what it never says."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from bot import log
from bot.settings import Environment, Settings

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was logged since the last look, as it is in production."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    log.configure(Settings(_env_file=None, app_env=Environment.PRODUCTION))
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("logger", [structlog.get_logger("a"), logging.getLogger("aiohttp.server")])
def test_an_exception_is_told_by_class_and_place_and_never_by_its_words(
    lines: Lines, logger: logging.Logger
) -> None:
    try:
        int("+31600000001 wrote")
    except ValueError as exc:
        inner = exc
    try:
        raise RuntimeError("while reading +31600000001") from inner
    except RuntimeError:
        logger.exception("turn.failed")

    (line,) = lines()
    assert (line["event"], line["level"]) == ("turn.failed", "error")
    assert [cause["class"] for cause in line["exception"]] == [
        "builtins.RuntimeError",
        "builtins.ValueError",
    ]
    assert "tests/test_log.py" in line["exception"][0]["frames"][0]
    assert "31600000001" not in json.dumps(line)
