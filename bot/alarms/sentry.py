"""Sentry, which gets alarms and nothing else: no requests, no exceptions, no local variables."""

import asyncio
from time import monotonic
from typing import cast
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr
from sentry_sdk import Client
from sentry_sdk.transport import HttpTransport
from sentry_sdk.types import Event

from bot.alarms import wording
from bot.alarms.tellers import NotTold
from bot.errors import CannotStart
from bot.upkeep import AlarmChange

_PATIENCE = 5.0  # seconds


class _Transport(HttpTransport):
    """Remembers whether it lost something, which the SDK tells nobody."""

    TIMEOUT = 4
    lost = False

    def on_dropped_event(self, _reason: str) -> None:
        self.lost = True


class Sentry:
    """``tellers.Teller``. It is not the SDK of the whole process, so nothing else reaches it."""

    name = "sentry"

    def __init__(
        self, dsn: SecretStr, *, environment: str, patience_seconds: float = _PATIENCE
    ) -> None:
        self._patience = patience_seconds
        try:
            self._client = Client(
                dsn.get_secret_value(),
                environment=environment,
                release="ava",  # or it asks git
                transport=_Transport,
                default_integrations=False,
                auto_enabling_integrations=False,
                auto_session_tracking=False,
                send_client_reports=False,
                include_local_variables=False,
                max_breadcrumbs=0,
                server_name="",
            )
        except ValueError:
            raise CannotStart("SENTRY_DSN is none: .env.example says where to get it.") from None

    async def tell(self, change: AlarmChange) -> None:
        if not await asyncio.to_thread(self._arrives, _event(change)):
            raise NotTold("it did not arrive")

    async def close(self) -> None:
        """Let go of the connection and the thread of the SDK."""
        await asyncio.to_thread(self._client.close, timeout=0)

    def _arrives(self, event: Event) -> bool:
        """Send it and wait; it is not known how a try ends that takes too long."""
        transport = cast("_Transport", self._client.transport)
        transport.lost = False
        began = monotonic()
        self._client.capture_event(event)
        self._client.flush(timeout=self._patience)
        return not transport.lost and monotonic() - began < self._patience


def _event(change: AlarmChange) -> Event:
    alarm = change.alarm
    once = f"{alarm.name} {alarm.since.isoformat()} {change.is_cured}"
    return {
        "event_id": uuid5(NAMESPACE_URL, once).hex,  # a second try is the same event
        "message": wording.headline(change),
        "level": "info" if change.is_cured else "error",
        "logger": "ava.alarms",
        "fingerprint": ["alarm", alarm.name],
        "tags": {"alarm": alarm.name},
        "extra": {
            "meaning": wording.text(alarm),
            "figure": alarm.figure,
            "since": alarm.since.isoformat(),
        },
    }
