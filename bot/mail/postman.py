"""Who takes letters from a request and hands them over after it.

A request must take the same time whether it leads to an e-mail or not, or its time would tell
who has an account.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.errors import MailRejected, MailUnavailable
from bot.mail.ports import Mail, Mailer

log = structlog.get_logger()

_PAUSES = (2.0, 10.0, 30.0, 60.0, 120.0)  # seconds; a link in a letter works for 15 minutes
_CAPACITY = 100
_AT_ONCE = 2  # Resend takes a few requests a second


class Postman:
    """Hands mails over in the background, each one again until it is gone or hopeless.

    pauses: the seconds before each further try.
    """

    def __init__(
        self, mailer: Mailer, *, capacity: int = _CAPACITY, pauses: Sequence[float] = _PAUSES
    ) -> None:
        self._mailer = mailer
        self._capacity = capacity
        self._pauses = tuple(pauses)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._closing = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def has_room(self) -> bool:
        """Whether ``post`` takes a mail; ask before looking anybody up."""
        return len(self._under_way) < self._capacity and not self._closing.is_set()

    def post(self, mail: Mail) -> None:
        """Take *mail* and return; raise MailUnavailable where too many wait already."""
        if not self.has_room:
            raise MailUnavailable("no room")
        task = asyncio.create_task(self._deliver(mail), name="deliver mail")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self, *, grace_seconds: float) -> None:
        """Take no more; try what waits once more at once, and give up what takes longer."""
        self._closing.set()
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _deliver(self, mail: Mail) -> None:
        mail_id = str(mail.id)
        try:
            tries = await self._hand_over(mail)
        except (MailRejected, MailUnavailable) as exc:
            log.error("mail.failed", mail_id=mail_id, reason=str(exc))  # noqa: TRY400 - no bug
        except asyncio.CancelledError:
            log.error("mail.failed", mail_id=mail_id, reason="closing")  # noqa: TRY400 - no bug
            raise
        except Exception:
            log.exception("mail.failed", mail_id=mail_id)
        else:
            log.info("mail.sent", mail_id=mail_id, tries=tries)

    async def _hand_over(self, mail: Mail) -> int:
        """Return how many tries it took."""
        for tries, seconds in enumerate(self._pauses, 1):
            try:
                await self._try(mail)
            except MailUnavailable as exc:
                if self._closing.is_set():
                    raise
                await self._pause(seconds, exc.again_in)
            else:
                return tries
        await self._try(mail)
        return len(self._pauses) + 1

    async def _try(self, mail: Mail) -> None:
        async with self._turn:
            await self._mailer.send(mail)

    async def _pause(self, seconds: float, asked_for: timedelta | None) -> None:
        if asked_for is not None:
            seconds = min(max(seconds, asked_for.total_seconds()), max(self._pauses))
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
