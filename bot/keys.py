"""What the application carries, by key."""

from aiohttp import web
from pydantic import SecretStr

from bot.accounts.links import Links
from bot.accounts.ports import Accounts, Tokens
from bot.chat.attention import Bell
from bot.chat.burst import Pace
from bot.chat.model import LanguageModel
from bot.limits import Limits
from bot.mail.postman import Postman
from bot.metrics import Metrics
from bot.settings import WhatsApp
from bot.store.ports import (
    Alarms,
    AuditLog,
    Avatars,
    FirstAnswers,
    Health,
    History,
    Inbox,
    OwnAccount,
    PhoneLinks,
    RateLimits,
)
from bot.whatsapp.graph import Graph

WHATSAPP = web.AppKey("whatsapp", WhatsApp)
WA_ME = web.AppKey("wa_me", str)  # where a link opens a chat: https://wa.me, or the simulator
PACE = web.AppKey("pace", Pace)
LIMITS: web.AppKey[Limits] = web.AppKey("limits")
TRUSTED_PROXIES = web.AppKey("trusted_proxies", int)
BELL = web.AppKey("bell", Bell)
INBOX = web.AppKey("inbox", Inbox)
AVATARS = web.AppKey("avatars", Avatars)
PHONE_LINKS = web.AppKey("phone_links", PhoneLinks)
HISTORY = web.AppKey("history", History)
OWN_ACCOUNT = web.AppKey("own_account", OwnAccount)
AUDIT_LOG = web.AppKey("audit_log", AuditLog)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
FIRST_ANSWERS = web.AppKey("first_answers", FirstAnswers)
SECRET = web.AppKey("secret", SecretStr)  # nobody but this Ava knows it
HEALTH = web.AppKey("health", Health)
ALARMS = web.AppKey("alarms", Alarms)
METRICS = web.AppKey("metrics", Metrics)
METRICS_TOKEN: web.AppKey[SecretStr | None] = web.AppKey("metrics_token")
IN_PRODUCTION = web.AppKey("in_production", bool)
ACCOUNTS = web.AppKey("accounts", Accounts)
LINKS = web.AppKey("links", Links)
TOKENS = web.AppKey("tokens", Tokens)
MODEL = web.AppKey("model", LanguageModel)
GRAPH = web.AppKey("graph", Graph)
POSTMAN = web.AppKey("postman", Postman)  # not there: nobody sends e-mail
