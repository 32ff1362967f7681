"""A channel of Slack's, by an incoming webhook.

https://api.slack.com/messaging/webhooks
"""

import aiohttp
from pydantic import SecretStr

from bot.alarms import wording
from bot.alarms.tellers import NotTold
from bot.upkeep import AlarmChange

_TIMEOUT = aiohttp.ClientTimeout(total=5)  # seconds


class Slack:
    """``tellers.Teller``."""

    name = "slack"

    def __init__(self, session: aiohttp.ClientSession, webhook: SecretStr) -> None:
        self._session = session
        self._webhook = webhook

    async def tell(self, change: AlarmChange) -> None:
        try:
            async with self._session.post(
                self._webhook.get_secret_value(),
                json={"text": _message(change)},
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise NotTold(type(exc).__name__) from None  # its own words hold the URL
        if status not in range(200, 300):
            raise NotTold(f"HTTP {status}")


def _message(change: AlarmChange) -> str:
    headline = f"*{wording.headline(change)}* ({wording.since(change.alarm)})"
    if change.is_cured:
        return f":white_check_mark: {headline}"
    return f":rotating_light: {headline}\n{wording.text(change.alarm)}"
