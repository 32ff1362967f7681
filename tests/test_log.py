"""What a log line says, and what it never says."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import log
from bot.settings import Environment, Settings


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def numbered(words: str) -> int:
    try:
        return int(words)
    except ValueError as exc:
        raise LookupError(f"while reading {words}") from exc


def test_in_development_an_exception_has_no_words_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure(Settings(_env_file=None))

    try:
        numbered("+31600000001 wrote")
    except LookupError:
        structlog.get_logger("a").exception("turn.failed")

    told = capsys.readouterr().out
    assert "turn.failed" in told
    assert "builtins.LookupError" in told
    assert "31600000001" not in told


@pytest.mark.parametrize("logger", [structlog.get_logger("a"), logging.getLogger("aiohttp.server")])
def test_an_exception_is_told_by_class_and_place_and_never_by_its_words(
    capsys: pytest.CaptureFixture[str], logger: logging.Logger
) -> None:
    log.configure(Settings(_env_file=None, app_env=Environment.PRODUCTION))

    try:
        numbered("+31600000001 wrote")
    except LookupError:
        logger.exception("turn.failed")

    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["level"]) == ("turn.failed", "error")
    assert [cause["class"] for cause in line["exception"]] == [
        "builtins.LookupError",
        "builtins.ValueError",
    ]
    assert "tests/test_log.py" in line["exception"][0]["frames"][0]
    assert "31600000001" not in json.dumps(line)
