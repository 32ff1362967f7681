"""The simulator as tests and the development server see it."""

import secrets
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from bot.simulator.changes import Change, Changes
from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.controls import Controls
from bot.simulator.deliveries import Deliveries
from bot.simulator.exchange import Exchange
from bot.simulator.faults import Faults
from bot.simulator.graph_accounts import GraphAccounts
from bot.simulator.graph_api import GraphApi, graph_errors
from bot.simulator.graph_files import GraphFiles, media_item
from bot.simulator.ids import digits, new_media_id
from bot.simulator.network import Network
from bot.simulator.phone import Phone
from bot.simulator.values import Direction, File, SentMessage, Status

_LARGEST_FILE = 100 << 20  # bytes; Meta's limit for documents


class Simulator:
    """A WhatsApp on your desk. Serve ``app``; deliveries start and stop with it."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.faults = Faults(self._weather_changed)
        self.accounts = GraphAccounts(config)
        self._changes = Changes()
        self._network = Network(config.state)
        self._deliveries = Deliveries(config, self._network, self.faults, self._changes)
        self._exchange = Exchange(config, self._network, self.faults, self._changes, self._wake)
        self._graph = GraphApi(config, self._network, self.faults, self._exchange)
        self.app = self._application()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[graph_errors], client_max_size=_LARGEST_FILE)
        app.add_routes(Phone(self.config, self._network, self._exchange, self._changes).routes())
        app.add_routes(Controls(self.faults, self._changes).routes())
        app.add_routes(self._graph.routes())
        app.add_routes(self.accounts.routes())  # before the files, whose ids may be any word
        app.add_routes(GraphFiles(self.config, self._network).routes())
        app.cleanup_ctx.append(self._running)
        app.on_shutdown.append(self._close_pages)
        return app

    async def _running(self, _app: web.Application) -> AsyncIterator[None]:
        async with self._deliveries.running():
            yield
        self._network.close()

    async def _close_pages(self, _app: web.Application) -> None:
        self._changes.publish(Change(kind="closing"))

    def _wake(self) -> None:
        self._deliveries.wake()

    def _weather_changed(self) -> None:
        self._wake()
        self._changes.publish(Change(kind="controls"))

    # --- what a person does ---------------------------------------------------------------

    async def say(self, wa_id: str, text: str, **extra: object) -> str:
        """A text message from this phone; *extra* goes into the item (``context``, ``id`` …)."""
        return await self.send(wa_id, {"type": "text", "text": {"body": text}, **extra})

    async def send(
        self,
        wa_id: str | None,
        item: Json,
        *,
        bsuid: str | None = None,
        contact: Json | None = None,
    ) -> str:
        """Any message item of Meta's, as it is; its wamid.

        Without *wa_id* the person hides the number and *bsuid* is all there is. What the item
        does not say (id, time, sender) is filled in; *contact* replaces what Meta tells of them.
        """
        person = self._exchange.someone(digits(wa_id) if wa_id else None, bsuid=bsuid)
        return self._exchange.say(person, item, contact=contact, hidden=wa_id is None)

    async def send_file(
        self, wa_id: str, data: bytes, mime_type: str, *, caption: str | None = None
    ) -> str:
        """An image, audio, video or document, by its type, that the bot can download."""
        kind = mime_type.partition("/")[0]
        file = File(id=new_media_id(), mime_type=mime_type, data=data)
        self._network.keep_file(file)
        known = kind if kind in ("image", "audio", "video") else "document"
        return await self.send(wa_id, media_item(file, known, caption=caption))

    def open_chat(self, handle: str) -> None:
        """The person looks at the chat: what came is read, and what comes will be."""
        self._exchange.open_chat(self._chat(handle))

    def close_chat(self, handle: str) -> None:
        self._exchange.close_chat(self._chat(handle))

    def switch_off(self, handle: str) -> None:
        """The phone has no network: messages to it stay "sent"."""
        self._exchange.switch_off(self._chat(handle))

    def switch_on(self, handle: str) -> None:
        self._exchange.switch_on(self._chat(handle))

    # --- what Meta does -------------------------------------------------------------------

    async def notify(self, field: str, value: Json) -> None:
        """A delivery of any other webhook field, ``user_id_update`` for instance."""
        self._exchange.notify(field, value)

    async def post(self, body: bytes, *, signature: str | None = None) -> int:
        """One POST of *body* to the webhook and its HTTP status; never repeated.

        It is signed, unless *signature* is the header to send instead; "" leaves the header out.
        """
        return await self._deliveries.post(body, signature=signature)

    async def verify_webhook(self, token: str | None = None) -> bool:
        """Whether the webhook echoes a challenge, as when it is registered with Meta."""
        challenge = str(secrets.randbelow(10**9))
        return await self._deliveries.verify(token or self.config.verify_token, challenge)

    # --- what became of it ----------------------------------------------------------------

    @property
    def received(self) -> list[Json]:
        """The body of every authorised call to ``/messages``, refused ones included."""
        return self._graph.received

    def messages(self, handle: str) -> list[SentMessage]:
        """The whole chat with this phone, both directions, oldest first."""
        return self._network.chat(self._chat(handle))

    def replies(self, handle: str) -> list[SentMessage]:
        """What the bot sent to this phone and did not fail, oldest first."""
        return [
            message
            for message in self.messages(handle)
            if message.direction == Direction.TO_PERSON and message.status != Status.FAILED
        ]

    # Tests say how long they are willing to wait, so these two have a timeout of their own.

    async def until_replies(
        self,
        wa_id: str,
        count: int = 1,
        timeout: float = 5.0,  # noqa: ASYNC109
    ) -> list[SentMessage]:
        """At least *count* replies to this phone, all of them; TimeoutError after *timeout* s."""
        try:
            await self.until(lambda: self._reached(wa_id) >= count, timeout=timeout)
        except TimeoutError:
            there = self._reached(wa_id)
            raise TimeoutError(f"{there} of {count} replies within {timeout} s") from None
        return self.replies(wa_id)

    def _reached(self, handle: str) -> int:
        return self._network.reached(self._chat(handle))

    def _chat(self, handle: str) -> str:
        """The chat of a number (with or without plus) or a BSUID."""
        person = self._network.person(handle.removeprefix("+"))
        return person.chat if person else handle.removeprefix("+")

    async def until_quiet(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Every delivery is acknowledged, held statuses aside; TimeoutError after *timeout* s."""
        await self.until(lambda: self._deliveries.quiet, timeout=timeout)

    async def until(self, happened: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Return as soon as *happened* is true, looked at whenever anything happens."""
        await self._changes.until(happened, within_seconds=timeout)
