"""The ways out of a process, put in where Ava is put together: at one of them it is killed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aiohttp import web

from bot import app as parts
from bot import inner_keys, keys
from bot.answering import answering, calling
from bot.app import Resource
from bot.chat.model import LanguageModel
from bot.errors import StoreUnavailable
from bot.models import Caller, Send, Turn, Wamid
from bot.store.database import Database
from bot.whatsapp.graph import Graph
from tests.faults.points import Moment, Point

_T = TypeVar("_T")


class Doors:
    """Where everything passes that a process does to the world. die: how it ends.

    From that moment on nothing of it gets out, whatever its code still does: from outside that is
    what ``kill -9`` looks like.
    """

    def __init__(self, die: Callable[[], None]) -> None:
        self._die = die
        self._point: Point | None = None
        self._times = 0
        self._has_taken = False  # a message, since a point was chosen
        self._is_dead = False

    def kill_at(self, point: Point) -> None:
        """Die there."""
        self._point, self._times, self._has_taken = point, 0, False

    async def through(self, step: str, call: Callable[[], Awaitable[_T]]) -> _T:
        """Return what *call* does, unless this is where it ends."""
        self._meet("before", step)
        answer = await call()
        self._meet("after", step, answer)
        self._has_taken = self._has_taken or step == "take_delivery"
        return answer

    def resources(self) -> Sequence[Resource]:
        """Return what a message's way needs of Ava, every way out of it through these doors."""
        return (
            parts.home,
            self._around_the_database,
            parts.stores,
            parts.whatsapp,
            parts.language_model,
            self._around_others,
            calling,
            answering,
        )

    def _meet(self, moment: Moment, step: str, answer: Any = None) -> None:
        point = self._point
        if point and not self._is_dead and (moment, step) == (point.moment, point.step):
            self._times += self._counts(step, answer)
            if self._times == point.nth:
                self._is_dead = True
                self._die()
        if self._is_dead:
            raise StoreUnavailable("dead")

    def _counts(self, step: str, answer: Any) -> bool:
        """Whoever polls claims all the time: the claim that counts is the one that leases."""
        if step != "claim_due":
            return True
        return self._has_taken and (answer is None or bool(answer["leases"]))

    async def _around_the_database(self, app: web.Application) -> AsyncIterator[None]:
        home = app[inner_keys.HOME]
        app[inner_keys.HOME] = replace(
            home,
            database=_GuardedDatabase(home.database, self),
            queue=_GuardedDatabase(home.queue, self),
        )
        yield

    async def _around_others(self, app: web.Application) -> AsyncIterator[None]:
        app[keys.GRAPH] = _GuardedGraph.of(app[keys.GRAPH], self)
        app[keys.MODEL] = _GuardedModel(app[keys.MODEL], self)
        yield


@dataclass(frozen=True, slots=True)
class _GuardedDatabase:
    database: Database
    doors: Doors

    async def as_bot(self, function: str, /, **arguments: Any) -> Any:
        step = _step(function, arguments)
        return await self.doors.through(step, lambda: self.database.as_bot(function, **arguments))

    async def as_person(self, caller: Caller, function: str, /, **arguments: object) -> Any:
        return await self.database.as_person(caller, function, **arguments)

    def woken(self) -> AsyncIterator[None]:
        return self.database.woken()

    @property
    def name(self) -> str:
        return self.database.name


def _step(function: str, arguments: dict[str, Any]) -> str:
    if function == "claim_due" and arguments["done"]:
        return "give_back"
    if function == "take_delivery" and any(update["report"] for update in arguments["updates"]):
        return "statuses"
    return function


@dataclass(slots=True, eq=False, repr=False)
class _GuardedGraph(Graph):
    doors: Doors

    @classmethod
    def of(cls, graph: Graph, doors: Doors) -> "_GuardedGraph":
        return cls(
            graph.session,
            api_url=graph.api_url,
            version=graph.version,
            phone_number_id=graph.phone_number_id,
            access_token=graph.access_token,
            doors=doors,
        )

    async def send(self, send: Send) -> Wamid:
        return await self.doors.through("send", lambda: Graph.send(self, send))

    async def show_typing(self, message: Wamid) -> None:
        await self.doors.through("show_typing", lambda: Graph.show_typing(self, message))


@dataclass(frozen=True, slots=True)
class _GuardedModel:
    model: LanguageModel
    doors: Doors

    async def reply(self, turn: Turn) -> str:
        return await self.doors.through("model", lambda: self.model.reply(turn))
