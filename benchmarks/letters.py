"""What people wrote, on its way: each person's messages in their order, and copies of some."""

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from benchmarks import deliveries
from benchmarks.crowd import Batch, Message
from benchmarks.postbox import Postbox


class Letters:
    """Nobody's next message overtakes the one before. copies: how many came again."""

    def __init__(self, postbox: Postbox) -> None:
        self.copies = 0
        self._postbox = postbox
        self._acknowledged: dict[Message, asyncio.Event] = {}
        self._previous: dict[Message, Message] = {}
        self._written: dict[Message, str] = {}

    @property
    def acknowledged(self) -> list[Message]:
        """Return what was answered with 200, oldest first."""
        return [message for message, event in self._acknowledged.items() if event.is_set()]

    @property
    def waiting(self) -> list[Message]:
        """Return what was not."""
        return [message for message, event in self._acknowledged.items() if not event.is_set()]

    async def deliver(self, batches: Sequence[Batch]) -> None:
        """Deliver each when its time has come; return once all are acknowledged."""
        began = time.monotonic()
        self._expect({message for batch in batches for message in batch.messages})
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                await asyncio.sleep(began + batch.at - time.monotonic())
                group.create_task(self._deliver(batch))

    def _expect(self, messages: set[Message]) -> None:
        ordered = sorted(messages, key=lambda message: message.number)
        self._acknowledged = {message: asyncio.Event() for message in ordered}
        by_person = sorted(ordered, key=lambda message: message.person)
        self._previous = {
            later: earlier
            for earlier, later in pairwise(by_person)
            if earlier.person == later.person
        }

    async def _deliver(self, batch: Batch) -> None:
        for message in self._before(batch):
            await self._acknowledged[message].wait()
        texts = [self._text(message) for message in batch.messages]
        await self._postbox.deliver(deliveries.of_texts(texts), twice=batch.twice)
        self.copies += len(texts) * (batch.copy or batch.twice)
        for message in batch.messages:
            self._acknowledged[message].set()

    def _before(self, batch: Batch) -> set[Message]:
        """Return what has to be acknowledged first: of a copy, the messages themselves."""
        own = set(batch.messages)
        return own if batch.copy else {self._previous[m] for m in own & self._previous.keys()} - own

    def _text(self, message: Message) -> dict[str, Any]:
        """Return what Meta delivers, with the time when it was written, also in a copy."""
        written = self._written.setdefault(message, str(int(time.time())))
        text = deliveries.text(message.person, message.text)
        return text | {"id": message.wamid, "timestamp": written}
