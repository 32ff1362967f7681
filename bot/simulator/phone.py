"""The phone in the browser: what the page shows, and what its person does."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from bot.simulator.changes import Change, Changes
from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.exchange import Exchange
from bot.simulator.graph_files import media_item
from bot.simulator.ids import digits, new_media_id
from bot.simulator.network import Network
from bot.simulator.values import Direction, File, Person, SentMessage, Status

_PAGE = Path(__file__).parent / "page"
_HEARTBEAT_SECONDS = 1.0  # how soon a closed page is noticed
_SHOWN = 300  # messages of a chat
_NUMBER_DIGITS = range(8, 16)  # E.164
_LONGEST_NAME, _LONGEST_TEXT = 60, 65_536
_KINDS = ("image", "audio", "video")


class Phone:
    """JSON and events for the page; nothing here is part of Meta's API."""

    def __init__(
        self, config: SimulatorConfig, network: Network, exchange: Exchange, changes: Changes
    ) -> None:
        self._config = config
        self._network = network
        self._exchange = exchange
        self._changes = changes

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self.page),
            web.static("/page", _PAGE),
            web.get("/wa.me/{number}", self.link),
            web.get("/phone", self.overview),
            web.get("/phone/events", self.events),
            web.post("/phone/people", self.add),
            web.get("/phone/chats/{chat}", self.chat),
            web.post("/phone/chats/{chat}/messages", self.say),
            web.post("/phone/chats/{chat}/files", self.send_file),
            web.get("/phone/files/{id}", self.file),
        ]

    # --- the page -------------------------------------------------------------------------

    async def page(self, _request: web.Request) -> web.FileResponse:
        policy = (
            f"default-src 'self'; connect-src 'self' {self._config.api_url}; img-src 'self' data:;"
            " media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        return web.FileResponse(_PAGE / "index.html", headers=headers)

    async def link(self, request: web.Request) -> web.Response:
        """What ``https://wa.me/…`` does: the chat, with a text ready to be sent."""
        text = request.query.get("text", "")
        raise web.HTTPFound("/?" + urlencode({"text": text}) if text else "/")

    async def overview(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "business": {"name": "Ava", "number": self._config.display_phone_number},
                "api_url": self._config.api_url,
                "scripted": self._config.scripted,
                "people": [self._shown_person(person) for person in self._network.people()],
            }
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Everything that happens, as it happens; *chat* counts as open for as long as it lasts."""
        chat = request.query.get("chat")
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._changes.listen() as queue, suppress(ConnectionResetError):  # the page has gone
            await stream.prepare(request)
            await stream.write(b": hello\n\n")
            with self._looking_at(chat):
                await _pour(queue, stream, request)
        return stream

    @contextmanager
    def _looking_at(self, chat: str | None) -> Iterator[None]:
        if chat is None:
            yield
            return
        self._exchange.open_chat(chat)
        try:
            yield
        finally:
            self._exchange.close_chat(chat)

    # --- people ---------------------------------------------------------------------------

    async def add(self, request: web.Request) -> web.Response:
        body = await _json(request)
        name = _words(body.get("name"))[:_LONGEST_NAME].strip()
        number = digits(_words(body.get("number")))
        if len(number) not in _NUMBER_DIGITS or number.startswith("0"):
            raise _invalid("number", "A number has a country code, such as +31 6 0000 0001.")
        if not name:
            raise _invalid("name", "Everybody has a name.")
        person = self._exchange.someone(number, name=name)
        return web.json_response(self._shown_person(person), status=201)

    def _shown_person(self, person: Person) -> Json:
        messages = [m for m in self._network.chat(person.chat) if m.status != Status.FAILED]
        last = messages[-1] if messages else None
        return {
            "chat": person.chat,
            "name": person.name,
            "wa_id": person.wa_id,
            "last": _shown(last) if last else None,
            "unread": sum(
                m.direction == Direction.TO_PERSON and m.status != Status.READ for m in messages
            ),
        }

    # --- one chat -------------------------------------------------------------------------

    async def chat(self, request: web.Request) -> web.Response:
        chat = self._person(request).chat
        messages = self._network.chat(chat)[-_SHOWN:]
        return web.json_response(
            {
                "messages": [_shown(message) for message in messages],
                "typing_seconds": self._exchange.typing_seconds(chat),
            }
        )

    async def say(self, request: web.Request) -> web.Response:
        person, body = self._person(request), await _json(request)
        text = _words(body.get("text")).strip()
        if not 0 < len(text) <= _LONGEST_TEXT:
            raise _invalid("text", "Say something, but not a whole book.")
        item: Json = {"type": "text", "text": {"body": text}}
        quoted = self._network.message(_words(body.get("quoted")))
        if quoted:
            item["context"] = self._context(quoted)
        return web.json_response({"wamid": self._exchange.say(person, item)}, status=201)

    def _context(self, quoted: SentMessage) -> Json:
        is_ours = quoted.direction == Direction.TO_PERSON
        author = self._config.display_phone_number if is_ours else quoted.chat
        return {"from": author, "id": quoted.wamid}

    async def send_file(self, request: web.Request) -> web.Response:
        person = self._person(request)
        kind = request.content_type.partition("/")[0]
        file = File(
            id=new_media_id(),
            mime_type=request.content_type,
            data=await request.read(),
            filename=request.query.get("name"),
        )
        self._network.keep_file(file)
        item = media_item(
            file, kind if kind in _KINDS else "document", caption=request.query.get("caption")
        )
        return web.json_response({"wamid": self._exchange.say(person, item)}, status=201)

    async def file(self, request: web.Request) -> web.Response:
        file = self._network.file(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        headers = {
            "Content-Type": file.mime_type,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return web.Response(body=file.data, headers=headers)

    def _person(self, request: web.Request) -> Person:
        person = self._network.person(request.match_info["chat"])
        if person is None:
            raise web.HTTPNotFound
        return person


def _shown(message: SentMessage) -> Json:
    content = message.body.get(message.type)
    details = content if isinstance(content, dict) else {}
    return {
        "id": message.wamid,
        "mine": message.direction == Direction.TO_BUSINESS,
        "type": message.type,
        "text": message.text,
        "status": message.status,
        "at": message.at,
        "error": message.error,
        "quoted": message.quoted,
        "on": details.get("message_id"),  # what a reaction is put on
        "file": details.get("id") if message.type in (*_KINDS, "sticker", "document") else None,
        "filename": details.get("filename"),
    }


async def _pour(
    queue: asyncio.Queue[Change], stream: web.StreamResponse, request: web.Request
) -> None:
    """Write every change until the page goes away or the simulator closes."""
    while request.transport is not None:
        try:
            change = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
        except TimeoutError:
            continue  # look at the connection again
        if change.kind == "closing":
            break
        event = json.dumps({"kind": change.kind, "chat": change.chat})
        await stream.write(f"data: {event}\n\n".encode())


async def _json(request: web.Request) -> Json:
    # The content type keeps other sites' pages from posting here.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest
    return body


def _words(value: object) -> str:
    """*value* if it is text; a lone surrogate becomes a question mark."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _invalid(field: str, message: str) -> web.HTTPUnprocessableEntity:
    problem = {"title": message, "errors": [{"field": field, "message": message}]}
    return web.HTTPUnprocessableEntity(
        text=json.dumps(problem), content_type="application/problem+json"
    )
