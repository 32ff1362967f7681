"""Where Ava is put together: nothing is created at import, everything is closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import aiohttp
import structlog
from aiohttp import web

from bot import homes, keys
from bot.accounts.audited import AuditedAccounts
from bot.accounts.hashing import Hashing
from bot.chat.attention import Bell, Worker
from bot.chat.burst import Pace
from bot.chat.scripted import ScriptedAvatar
from bot.chat.sending import Sending
from bot.chat.turn import Conversation
from bot.handlers import (
    account,
    auth,
    avatars,
    docs,
    health,
    link_pages,
    links,
    messages,
    pages,
    passwords,
    preferences,
    sessions,
    webhook,
)
from bot.handlers.cors import cors_for_localhost
from bot.handlers.problems import problems
from bot.homes import Home
from bot.limits import LIMITS, Limits
from bot.mail import choice as mail_choice
from bot.settings import WHATSAPP_VARIABLES, Environment, Settings, unset
from bot.store.account import StoredAccount
from bot.store.attention import StoredAttention
from bot.store.audit_log import StoredAuditLog
from bot.store.avatars import StoredAvatars
from bot.store.first_answers import StoredFirstAnswers
from bot.store.health import StoredHealth
from bot.store.history import StoredHistory
from bot.store.inbox import StoredInbox
from bot.store.outbox import StoredOutbox
from bot.store.people import StoredPeople
from bot.store.phone_links import StoredPhoneLinks
from bot.store.rate_limits import StoredRateLimits
from bot.store.turns import StoredTurns
from bot.whatsapp.graph import Graph

log = structlog.get_logger()

Resource = Callable[[web.Application], AsyncIterator[None]]

DRAIN_SECONDS = 20.0  # of the 30 that Heroku gives between SIGTERM and SIGKILL

_SETTINGS = web.AppKey("settings", Settings)
_HOME = web.AppKey("home", Home)
_HASHING: web.AppKey[Callable[[], Hashing]] = web.AppKey("hashing")


async def home(app: web.Application) -> AsyncIterator[None]:
    """Data and accounts, and what the endpoints ask of them."""
    pace = app[keys.PACE]
    opening = homes.opened(app[_SETTINGS], app.get(keys.POSTMAN), app[_HASHING])
    async with opening as opened:
        app[_HOME] = opened
        audit_log = app[keys.AUDIT_LOG] = StoredAuditLog(opened.database)
        app[keys.TOKENS] = opened.tokens
        app[keys.ACCOUNTS] = AuditedAccounts(opened.accounts, audit_log)
        app[keys.LINKS] = opened.links
        app[keys.OWN_ACCOUNT] = StoredAccount(opened.database)
        app[keys.INBOX] = StoredInbox(opened.queue, longest_wait=pace.longest)
        app[keys.AVATARS] = StoredAvatars(opened.database)
        app[keys.PHONE_LINKS] = StoredPhoneLinks(opened.database)
        app[keys.HISTORY] = StoredHistory(opened.database, pace.finished, pace.longest)
        app[keys.HEALTH] = StoredHealth(opened.database, opened.queue)
        app[keys.RATE_LIMITS] = StoredRateLimits(opened.database)
        app[keys.FIRST_ANSWERS] = StoredFirstAnswers(opened.database)
        app[keys.SECRET] = opened.secret
        yield


async def mail(app: web.Application) -> AsyncIterator[None]:
    """Have letters delivered, where it is configured by whom."""
    settings = app[_SETTINGS]
    async with mail_choice.opened(
        resend_api_key=settings.resend_api_key,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        otherwise=app.get(mail_choice.MAILBOX),
    ) as postman:
        if postman is not None:
            app[keys.POSTMAN] = postman
        yield


async def whatsapp(app: web.Application) -> AsyncIterator[None]:
    """Reach the Graph API through one session."""
    number = app[keys.WHATSAPP]
    async with aiohttp.ClientSession() as session:
        app[keys.GRAPH] = Graph(
            session,
            api_url=number.api_url,
            version=number.api_version,
            phone_number_id=number.phone_number_id,
            access_token=number.access_token,
        )
        yield


async def language_model(app: web.Application) -> AsyncIterator[None]:
    """Think with the configured model, or by script where there is none."""
    settings = app[_SETTINGS]
    if settings.llm_model is None:
        log.warning("model.scripted")
        app[keys.MODEL] = ScriptedAvatar()
        yield
        return
    # A second and 50 MB, which a scripted avatar does without.
    from bot.chat.completions import OpenAIModel  # noqa: PLC0415

    key = settings.llm_api_key
    model = OpenAIModel.connect(
        base_url=settings.llm_base_url,
        api_key=key.get_secret_value() if key else None,
        model=settings.llm_model,
    )
    app[keys.MODEL] = model
    yield
    await model.close()


async def calling(app: web.Application) -> AsyncIterator[None]:
    """Tell the other processes when somebody waits."""
    bell = app[keys.BELL]
    telling = asyncio.create_task(bell.tell_others(StoredAttention(app[_HOME].queue)))
    yield
    await _cancel(telling)


async def answering(app: web.Application) -> AsyncIterator[None]:
    """Answer whoever waits, unless other processes do that."""
    if not app[_SETTINGS].run_worker:
        yield
        return
    database, bell = app[_HOME].database, app[keys.BELL]
    attention = StoredAttention(app[_HOME].queue)
    outbox, graph = StoredOutbox(database), app[keys.GRAPH]
    conversation = Conversation(
        inbox=app[keys.INBOX],
        people=StoredPeople(database),
        turns=StoredTurns(database),
        outbox=outbox,
        model=app[keys.MODEL],
        messenger=graph,
        sending=Sending(outbox=outbox, messenger=graph, grace=app[keys.PACE].outcome),
        sign_up_url=app[_SETTINGS].sign_up_url,
    )
    worker = Worker(attention, conversation.attend, bell)
    listening = asyncio.create_task(bell.listen(attention))
    beating = asyncio.create_task(worker.keep_leases())
    working = asyncio.create_task(worker.run())
    yield
    await worker.stop(grace_seconds=DRAIN_SECONDS)
    await working
    await _cancel(beating)
    await _cancel(listening)


_MODULES = (  # in the order in which people read about them
    auth,
    sessions,
    links,
    passwords,
    account,
    avatars,
    preferences,
    messages,
    webhook,
    health,
    docs,
    pages,
    link_pages,
)

LIVE: Sequence[Resource] = (
    mail,
    home,
    whatsapp,
    language_model,
    calling,
    answering,
)


def create_app(
    settings: Settings,
    resources: Sequence[Resource] = LIVE,
    *,
    pace: Pace | None = None,
    limits: Limits = LIMITS,
    hashing: Callable[[], Hashing] = Hashing,
) -> web.Application:
    """Build the application; *resources* open left to right and close right to left."""
    number = settings.whatsapp
    if number is None:
        raise unset(*(name.upper() for name in WHATSAPP_VARIABLES))
    cors = [cors_for_localhost] if settings.app_env is Environment.DEVELOPMENT else []
    app = web.Application(middlewares=[*cors, problems], client_max_size=webhook.LARGEST_DELIVERY)
    app[_SETTINGS] = settings
    app[keys.WHATSAPP] = number
    app[keys.WA_ME] = settings.wa_me_url
    app[keys.TRUSTED_PROXIES] = settings.trusted_proxies
    app[keys.PACE] = pace or Pace()
    app[keys.LIMITS] = limits
    app[_HASHING] = hashing
    app[keys.BELL] = Bell()
    app.cleanup_ctx.extend(resources)
    for module in _MODULES:
        app.add_routes(module.routes)
    return app


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
