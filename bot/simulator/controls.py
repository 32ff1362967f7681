"""The test controls over HTTP: ``GET /controls`` shows them, ``POST /controls`` sets them."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from bot.simulator.changes import Change, Changes
from bot.simulator.config import Json
from bot.simulator.faults import Faults, Kind, Moment

_SWITCHES = ("shuffle", "hold_statuses", "skip_delivered", "pair_rate")
_COUNTS = {"duplicate": (0, 100), "batch": (1, 1000)}
_SECONDS = ("linger_seconds", "delay_seconds", "answer_delay_seconds")
_KINDS: Mapping[str, Kind] = {"send": "send", "read": "read"}
_MOMENTS: Mapping[str, Moment] = {"before": "before", "after": "after"}
_MOST_TIMES = 1000
_Choice = TypeVar("_Choice")


class _Wrong(Exception):
    """A control was given something it cannot be set to: its name and why."""


class Controls:
    """The same switches that tests set on ``Faults``."""

    def __init__(self, faults: Faults, changes: Changes) -> None:
        self._faults = faults
        self._changes = changes

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/controls", self.show), web.post("/controls", self.set)]

    async def show(self, _request: web.Request) -> web.Response:
        faults = self._faults
        plain = {name: getattr(faults, name) for name in (*_SWITCHES, *_COUNTS, *_SECONDS)}
        allowed = sorted(faults.allow_list) if faults.allow_list is not None else None
        more = {"allow_list": allowed, "window_hours": faults.window_hours}
        return web.json_response(plain | more | {"planned": faults.planned})

    async def set(self, request: web.Request) -> web.Response:
        """``{"clear": true}`` first of all, then every other name in the body."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            self._set_all(_object("body", json.loads(await request.text())))
        except _Wrong as wrong:
            name, message = wrong.args
            problem = {"title": "No such control", "errors": [{"field": name, "message": message}]}
            return web.json_response(problem, status=422, content_type="application/problem+json")
        except ValueError:
            raise web.HTTPBadRequest from None
        self._changes.publish(Change(kind="controls"))
        return await self.show(request)

    def _set_all(self, asked: Json) -> None:
        # Two passes: a body with one wrong name changes nothing.
        if asked.pop("clear", False) is True:
            asked = {"": None, **asked}
        steps = [self._step(name, value) for name, value in asked.items()]
        for step in steps:
            step()

    def _step(self, name: str, value: object) -> Callable[[], None]:
        faults = self._faults
        if not name:
            return faults.clear
        if name in ("answer", "drop", "fail"):
            return self._plan(name, _object(name, value))
        setting = _setting(name, value)
        return lambda: setattr(faults, name, setting)

    def _plan(self, name: str, value: Json) -> Callable[[], None]:
        faults = self._faults
        times = _number("times", value.get("times", 1), 1, _MOST_TIMES)
        kind = _one_of("kind", value.get("kind", "send"), _KINDS)
        if name == "drop":
            moment = _one_of("moment", value.get("moment"), _MOMENTS)
            return lambda: faults.drop(moment, times=times, kind=kind)
        code = _number("code", value.get("code"), 0, 10**7)
        if name == "fail":
            return lambda: faults.fail(code, times=times)
        status = value.get("http_status")
        if status is not None:
            status = _number("http_status", status, 400, 599)
        return lambda: faults.answer(code, http_status=status, times=times, kind=kind)


def _setting(name: str, value: object) -> object:
    if name in _SWITCHES and isinstance(value, bool):
        return value
    if name in _COUNTS:
        return _number(name, value, *_COUNTS[name])
    if name in _SECONDS and _is_amount(value):
        return value
    if name == "window_hours" and (value is None or _is_amount(value)):
        return value
    if name == "allow_list" and (value is None or _is_texts(value)):
        return None if value is None else frozenset(_texts(value))
    raise _Wrong(name, "There is no such control, or not with such a value.")


def _number(name: str, value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _Wrong(name, f"A whole number from {least} to {most}.")
    return value


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10**6


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _one_of(name: str, value: object, choices: Mapping[str, _Choice]) -> _Choice:
    if not isinstance(value, str) or value not in choices:
        raise _Wrong(name, "One of " + ", ".join(choices) + ".")
    return choices[value]


def _object(name: str, value: object) -> Json:
    if not isinstance(value, dict):
        raise _Wrong(name, "An object.")
    return value
