"""What the application carries, by key."""

from aiohttp import web

from bot.accounts.ports import Accounts, Tokens
from bot.chat.attention import Bell
from bot.chat.burst import Pace
from bot.chat.model import LanguageModel
from bot.settings import WhatsApp
from bot.store.ports import Avatars, Health, History, Inbox, PhoneLinks
from bot.whatsapp.graph import Graph

WHATSAPP = web.AppKey("whatsapp", WhatsApp)
WA_ME = web.AppKey("wa_me", str)  # where a link opens a chat: https://wa.me, or the simulator
PACE = web.AppKey("pace", Pace)
BELL = web.AppKey("bell", Bell)
INBOX = web.AppKey("inbox", Inbox)
AVATARS = web.AppKey("avatars", Avatars)
PHONE_LINKS = web.AppKey("phone_links", PhoneLinks)
HISTORY = web.AppKey("history", History)
HEALTH = web.AppKey("health", Health)
ACCOUNTS = web.AppKey("accounts", Accounts)
TOKENS = web.AppKey("tokens", Tokens)
MODEL = web.AppKey("model", LanguageModel)
GRAPH = web.AppKey("graph", Graph)
