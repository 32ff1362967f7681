"""Who is told of alarms: the log always, and what is configured."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from pydantic import SecretStr

from bot.alarms.slack import Slack
from bot.alarms.tellers import Log, Teller


@asynccontextmanager
async def opened(
    *, sentry_dsn: SecretStr | None, slack_webhook: SecretStr | None, environment: str
) -> AsyncIterator[Sequence[Teller]]:
    """Yield them, and close what they hold at the end."""
    async with aiohttp.ClientSession() as session:
        tellers: list[Teller] = [Log()]
        if slack_webhook is not None:
            tellers.append(Slack(session, slack_webhook))
        if sentry_dsn is None:
            yield tellers
            return
        # A quarter of a second, which whoever has no Sentry does without.
        from bot.alarms.sentry import Sentry  # noqa: PLC0415

        sentry = Sentry(sentry_dsn, environment=environment)
        yield [*tellers, sentry]
        await sentry.close()
