"""A person's own avatar."""

from http import HTTPStatus

from aiohttp import web

from bot.handlers import requests
from bot.keys import AVATARS
from bot.models import Avatar

routes = web.RouteTableDef()


@routes.post("/avatars")
async def create(request: web.Request) -> web.Response:
    caller = await requests.caller(request)
    given = await requests.read(request, requests.NewAvatar)
    avatar = await request.app[AVATARS].create(
        caller,
        name=given.name,
        age=given.age,
        personality=given.personality,
        physical_description=given.physical_description,
    )
    headers = {"Location": "/avatars/me"}
    return web.json_response(_shape(avatar), status=HTTPStatus.CREATED, headers=headers)


@routes.get("/avatars/me")
async def show(request: web.Request) -> web.Response:
    avatar = await request.app[AVATARS].mine(await requests.caller(request))
    return web.json_response(_shape(avatar))


@routes.patch("/avatars/me")
async def change(request: web.Request) -> web.Response:
    caller = await requests.caller(request)
    changes = (await requests.read(request, requests.ChangedAvatar)).given
    avatars = request.app[AVATARS]
    avatar = await (avatars.change(caller, changes) if changes else avatars.mine(caller))
    return web.json_response(_shape(avatar))


@routes.delete("/avatars/me")
async def delete(request: web.Request) -> web.Response:
    await request.app[AVATARS].delete(await requests.caller(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _shape(avatar: Avatar) -> dict[str, str | int | None]:
    return {
        "id": str(avatar.id),
        "name": avatar.name,
        "age": avatar.age,
        "personality": avatar.personality,
        "physical_description": avatar.physical_description,
        "created_at": avatar.created_at.isoformat(),
    }
