"""What happens between a person's phone and the business: who says what, and how far it came."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from bot.simulator import shapes
from bot.simulator.changes import Change, Changes
from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.faults import Faults
from bot.simulator.ids import bsuid_of, new_wamid
from bot.simulator.network import Network
from bot.simulator.values import Direction, Person, SentMessage, Status

TYPING_SECONDS = 25.0
_NOT_ON_WHATSAPP = 131026
_LONGEST_TIMESTAMP = 12  # digits


class Exchange:
    """Each method is one thing that happens, kept in one transaction."""

    def __init__(
        self,
        config: SimulatorConfig,
        network: Network,
        faults: Faults,
        changes: Changes,
        wake: Callable[[], None],
    ) -> None:
        self._config = config
        self._network = network
        self._faults = faults
        self._changes = changes
        self._wake = wake
        self._open: Counter[str] = Counter()  # how many windows show a chat
        self._off: set[str] = set()  # phones that are switched off
        self._typing: dict[str, float] = {}  # chat -> until, Unix seconds

    # --- people ---------------------------------------------------------------------------

    def someone(
        self, wa_id: str | None, *, name: str | None = None, bsuid: str | None = None
    ) -> Person:
        """The person with this number or BSUID; a new one when nobody has it."""
        known = self._network.person(wa_id or bsuid or "")
        bsuid = bsuid or (known.bsuid if known else None)
        if bsuid is None and wa_id is None:
            raise ValueError("a phone has a number, a BSUID or both")
        person = Person(
            name=name or (known.name if known else f"Person {(wa_id or bsuid or '')[-4:]}"),
            wa_id=wa_id or (known.wa_id if known else None),
            bsuid=bsuid or bsuid_of(wa_id or "", business=self._config.phone_number_id),
        )
        if person != known:
            self._network.add(person)
            self._changes.publish(Change(kind="people", chat=person.chat))
        return person

    # --- from the person ------------------------------------------------------------------

    def say(
        self, person: Person, item: Json, *, contact: Json | None = None, hidden: bool = False
    ) -> str:
        """The person sends *item*, any message of Meta's; its wamid. hidden: without the number."""
        at = time.time()
        wamid = str(item.get("id") or new_wamid(person.chat, outgoing=False))
        seen = replace(person, wa_id=None) if hidden else person
        item = shapes.incoming(seen, item, wamid=wamid, at=at)
        message = SentMessage(
            wamid=wamid,
            chat=person.chat,
            direction=Direction.TO_BUSINESS,
            body=item,
            status=Status.SENT,
            at=_at(item) or at,
        )
        change = shapes.message_change(self._config, item, contact or shapes.contact(seen))
        with self._network.together():
            self._network.keep(message)
            self._network.queue(change, about=wamid)
        self._happened(person.chat)
        return wamid

    def open_chat(self, chat: str) -> None:
        """A window shows *chat*: what came is read, and what comes will be."""
        self._open[chat] += 1
        self._read_by(chat)

    def close_chat(self, chat: str) -> None:
        self._open[chat] -= 1

    def switch_off(self, chat: str) -> None:
        """The phone has no network: messages to it stay "sent"."""
        self._off.add(chat)

    def switch_on(self, chat: str) -> None:
        self._off.discard(chat)
        for message in self._unseen(chat):
            self._reach(message)
        self._wake()

    def _read_by(self, chat: str) -> None:
        if chat not in self._off:
            for message in self._unseen(chat):
                self._report(message, Status.READ)
            self._wake()

    def _unseen(self, chat: str) -> list[SentMessage]:
        unseen = (Status.SENT, Status.DELIVERED)
        return [
            message
            for message in self._network.chat(chat)
            if message.direction == Direction.TO_PERSON and message.status in unseen
        ]

    # --- from the business ----------------------------------------------------------------

    def accept(self, body: Json, *, chat: str) -> SentMessage:
        """The business sends *body*; it arrives, or fails when nobody has that number."""
        person = self._network.person(chat)
        error = self._faults.next_failure() or (None if person else _NOT_ON_WHATSAPP)
        message = SentMessage(
            wamid=new_wamid(chat, outgoing=True),
            chat=chat,
            direction=Direction.TO_PERSON,
            body=body,
            status=Status.FAILED if error else Status.SENT,
            at=time.time(),
            error=error,
        )
        with self._network.together():
            self._network.keep(message)
            self._queue_status(message, message.status)
            if not error:
                self._reach(message)
        self._typing.pop(chat, None)
        self._happened(chat)
        return message

    def _reach(self, message: SentMessage) -> None:
        """The message reaches the phone, unless that is off; reactions report no more."""
        if message.chat in self._off or message.type == "reaction":
            return
        is_open = self._open[message.chat] > 0
        if not (is_open and self._faults.skip_delivered):
            self._report(message, Status.DELIVERED)
        if is_open:
            self._report(message, Status.READ)

    def _report(self, message: SentMessage, status: Status) -> None:
        if self._network.advance(message.wamid, status):
            self._queue_status(message, status)
            self._changes.publish(Change(kind="chat", chat=message.chat))

    def _queue_status(self, message: SentMessage, status: Status) -> None:
        change = shapes.status_change(
            self._config,
            replace(message, status=status),
            person=self._network.person(message.chat),
            at=time.time(),
        )
        self._network.queue(change, is_status=True)

    def read_up_to(self, message: SentMessage, *, typing: bool) -> None:
        """The business has read *message* and everything before it, and may be typing."""
        self._network.read_up_to(message)
        if typing:
            self._typing[message.chat] = time.time() + TYPING_SECONDS
        self._changes.publish(Change(kind="chat", chat=message.chat))

    def typing_seconds(self, chat: str) -> float:
        """How long the business will be seen typing in *chat*; 0 when it is not."""
        return max(0.0, self._typing.get(chat, 0.0) - time.time())

    def notify(self, field: str, value: Json) -> None:
        """Any other change: of the account, of a user's id, of something not invented yet."""
        self._network.queue(shapes.change(self._config, value, field=field))
        self._wake()

    def _happened(self, chat: str) -> None:
        self._changes.publish(Change(kind="chat", chat=chat))
        self._wake()


def _at(item: Json) -> float | None:
    """The time a test gave to its message; nonsense stays in the item and orders nothing."""
    given = str(item.get("timestamp", ""))
    if not (given.isascii() and given.isdigit() and len(given) < _LONGEST_TIMESTAMP):
        return None
    return None if abs(float(given) - time.time()) < 1 else float(given)
