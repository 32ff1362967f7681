"""A person's own avatar."""

from aiohttp import web

from bot.handlers import answers, bodies
from bot.handlers.calls import Section
from bot.keys import AVATARS
from bot.models import Caller

routes = web.RouteTableDef()
section = Section("Avatar", "The character that you talk with. Everybody has one.")

_NONE_YET = {404: "You have no avatar yet."}


@routes.post("/avatars")
@section.call(
    gives={201: answers.Avatar},
    response_headers={"Location": "Where the avatar is."},
    refuses={409: "You have an avatar already."},
    creates=True,
)
async def create(request: web.Request, caller: Caller, given: bodies.NewAvatar) -> web.Response:
    """Make your avatar."""
    avatar = await request.app[AVATARS].create(
        caller,
        name=given.name,
        age=given.age,
        personality=given.personality,
        physical_description=given.physical_description,
    )
    return answers.Avatar.of(avatar).response(201, {"Location": "/avatars/me"})


@routes.get("/avatars/me")
@section.call(gives={200: answers.Avatar}, refuses=_NONE_YET)
async def show(request: web.Request, caller: Caller) -> web.Response:
    """Look at your avatar."""
    return answers.Avatar.of(await request.app[AVATARS].mine(caller)).response()


@routes.patch("/avatars/me")
@section.call(gives={200: answers.Avatar}, refuses=_NONE_YET)
async def change(request: web.Request, caller: Caller, given: bodies.ChangedAvatar) -> web.Response:
    """Change your avatar. What is not sent stays as it is."""
    avatars, changes = request.app[AVATARS], given.given
    avatar = await (avatars.change(caller, changes) if changes else avatars.mine(caller))
    return answers.Avatar.of(avatar).response()


@routes.delete("/avatars/me")
@section.call(gives={204: None}, refuses=_NONE_YET)
async def delete(request: web.Request, caller: Caller) -> web.Response:
    """Delete your avatar. What was said stays in your messages."""
    await request.app[AVATARS].delete(caller)
    return web.Response(status=204)
