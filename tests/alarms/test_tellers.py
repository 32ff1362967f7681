"""What operators are told, and what nobody is told."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.alarms import wording
from bot.alarms.sentry import Sentry
from bot.alarms.slack import Slack
from bot.alarms.tellers import Log, NotTold
from bot.errors import CannotStart
from bot.upkeep import Alarm, AlarmChange, AlarmName
from tests.alarms.receivers import Receiver
from tests.ports import free_port

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
STOPPED = Alarm(
    name=AlarmName.SENDING_STOPPED, figure=131042, since=datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
)
RAISED = AlarmChange(alarm=STOPPED, is_cured=False)
CURED = AlarmChange(alarm=STOPPED, is_cured=True)


async def test_slack_hears_what_it_means_and_what_to_do(slack: Slack, receiver: Receiver) -> None:
    await slack.tell(RAISED)
    await slack.tell(CURED)

    raised, cured = receiver.heard
    assert "*Ava needs you: sending stopped* (since 2026-11-22 07:05 UTC)" in raised
    assert "131042" in raised
    assert "docs/operations.md" in raised
    assert "*Ava is cured: sending stopped*" in cured


@pytest.mark.parametrize("status", [404, 500, 302, 0])
async def test_what_slack_did_not_take_is_not_told(
    slack: Slack, receiver: Receiver, status: int
) -> None:
    receiver.statuses["slack"] = status

    with pytest.raises(NotTold) as raised:
        await slack.tell(RAISED)

    assert "secret" not in str(raised.value)


async def test_a_slack_that_is_nowhere_is_not_told() -> None:
    url = f"http://127.0.0.1:{free_port()}/services/T/B/secret"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NotTold):
            await Slack(session, SecretStr(url)).tell(RAISED)


async def test_sentry_gets_the_alarm_and_nothing_else(sentry: Sentry, receiver: Receiver) -> None:
    await sentry.tell(RAISED)

    (event,) = receiver.events
    assert event["message"] == "Ava needs you: sending stopped"
    assert (event["level"], event["environment"]) == ("error", "production")
    assert event["tags"] == {"alarm": "sending_stopped"}
    assert event["extra"]["meaning"] == wording.text(STOPPED)
    nothing_of = {"exception", "request", "user", "breadcrumbs", "modules", "threads", "stacktrace"}
    assert not nothing_of & event.keys()
    assert socket.gethostname().encode() not in receiver.envelopes[0]


async def test_the_second_try_is_the_same_event(sentry: Sentry, receiver: Receiver) -> None:
    receiver.statuses["sentry"] = 500
    with pytest.raises(NotTold):
        await sentry.tell(RAISED)
    receiver.statuses.clear()

    await sentry.tell(RAISED)
    await sentry.tell(CURED)

    first, second, cured = (event["event_id"] for event in receiver.events)
    assert first == second != cured
    assert receiver.events[-1]["level"] == "info"


async def test_a_sentry_that_is_nowhere_is_not_told() -> None:
    dsn = SecretStr(f"http://key@127.0.0.1:{free_port()}/1")
    sentry = Sentry(dsn, environment="test")

    with pytest.raises(NotTold):
        await sentry.tell(RAISED)
    await sentry.close()


def test_what_is_no_dsn_stops_the_start_and_is_not_printed() -> None:
    with pytest.raises(CannotStart) as refused:
        Sentry(SecretStr("https://example.com/hidden"), environment="test")

    assert "SENTRY_DSN" in str(refused.value)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("name", AlarmName)
async def test_the_log_names_every_alarm_and_its_figure(name: AlarmName) -> None:
    alarm = Alarm(name=name, figure=3, since=STOPPED.since)

    with capture_logs() as lines:
        await Log().tell(AlarmChange(alarm=alarm, is_cured=False))

    assert lines[0]["name"] == name
    assert 3 in lines[0].values()


@pytest.mark.parametrize("name", AlarmName)
def test_every_alarm_says_where_to_read_on_and_is_found_there(name: AlarmName) -> None:
    said = wording.text(Alarm(name=name, figure=3, since=STOPPED.since))

    assert said.endswith("See docs/operations.md.")
    assert f"\n### {name}\n" in OPERATIONS.read_text()
