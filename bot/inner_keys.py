"""What the application carries for itself, by key: no handler may have these."""

from aiohttp import web

from bot.chat.attention import Worker
from bot.homes import Home
from bot.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
HOME = web.AppKey("home", Home)
WORKER = web.AppKey("worker", Worker)  # not there: other processes answer
