"""Where Ava is put together: nothing is created at import, everything is closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from bot import homes, inner_keys, keys
from bot.accounts.audited import AuditedAccounts
from bot.accounts.hashing import Hashing
from bot.alarms import choice as alarm_choice
from bot.alarms.watch import Watch
from bot.answering import answering, calling, claim_no_more
from bot.chat.attention import Bell
from bot.chat.burst import Pace
from bot.chat.scripted import ScriptedAvatar
from bot.handlers import (
    account,
    auth,
    avatars,
    docs,
    health,
    link_pages,
    links,
    messages,
    metrics,
    pages,
    passwords,
    preferences,
    sessions,
    webhook,
)
from bot.handlers.cors import cors_for_localhost
from bot.handlers.problems import problems
from bot.limits import LIMITS, Limits
from bot.mail import choice as mail_choice
from bot.metrics import Metrics
from bot.retention import keep_forgetting
from bot.settings import WHATSAPP_VARIABLES, Environment, Settings, unset
from bot.store.account import StoredAccount
from bot.store.alarms import StoredAlarms
from bot.store.audit_log import StoredAuditLog
from bot.store.avatars import StoredAvatars
from bot.store.first_answers import StoredFirstAnswers
from bot.store.health import StoredHealth
from bot.store.history import StoredHistory
from bot.store.inbox import StoredInbox
from bot.store.phone_links import StoredPhoneLinks
from bot.store.rate_limits import StoredRateLimits
from bot.store.retention import StoredRetention
from bot.tasks import cancel
from bot.whatsapp.graph import Graph

log = structlog.get_logger()

Resource = Callable[[web.Application], AsyncIterator[None]]

_SHOWN: Sequence[web.AppKey[Any]] = (
    keys.HEALTH,
    keys.ALARMS,
    keys.METRICS,
    keys.METRICS_TOKEN,
    keys.IN_PRODUCTION,
)
_HASHING: web.AppKey[Callable[[], Hashing]] = web.AppKey("hashing")


async def home(app: web.Application) -> AsyncIterator[None]:
    """Data and accounts."""
    opening = homes.opened(app[inner_keys.SETTINGS], app.get(keys.POSTMAN), app[_HASHING])
    async with opening as app[inner_keys.HOME]:
        yield


async def stores(app: web.Application) -> AsyncIterator[None]:
    """What the endpoints ask of data and accounts."""
    opened, pace = app[inner_keys.HOME], app[keys.PACE]
    audit_log = app[keys.AUDIT_LOG] = StoredAuditLog(opened.database)
    app[keys.TOKENS] = opened.tokens
    app[keys.ACCOUNTS] = AuditedAccounts(opened.accounts, audit_log)
    app[keys.LINKS] = opened.links
    app[keys.OWN_ACCOUNT] = StoredAccount(opened.database)
    app[keys.INBOX] = StoredInbox(
        opened.queue,
        number=app[keys.WHATSAPP].phone_number_id,
        longest_wait=pace.longest,
    )
    app[keys.AVATARS] = StoredAvatars(opened.database)
    app[keys.PHONE_LINKS] = StoredPhoneLinks(opened.database)
    app[keys.HISTORY] = StoredHistory(opened.database, pace.finished, pace.longest)
    app[keys.HEALTH] = StoredHealth(opened.database, opened.queue)
    app[keys.ALARMS] = StoredAlarms(opened.database)
    app[keys.RATE_LIMITS] = StoredRateLimits(opened.database)
    app[keys.FIRST_ANSWERS] = StoredFirstAnswers(opened.database)
    app[keys.SECRET] = opened.secret
    yield


async def mail(app: web.Application) -> AsyncIterator[None]:
    """Have letters delivered, where it is configured by whom."""
    settings = app[inner_keys.SETTINGS]
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
    settings = app[inner_keys.SETTINGS]
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
        spent=app[keys.METRICS].spent,
    )
    app[keys.MODEL] = model
    yield
    await model.close()


async def watching(app: web.Application) -> AsyncIterator[None]:
    """Tell operators what they have to see to; in every process, or nobody would miss a worker."""
    settings, number = app[inner_keys.SETTINGS], app[keys.WHATSAPP]
    async with alarm_choice.opened(
        sentry_dsn=settings.sentry_dsn,
        slack_webhook=settings.slack_webhook,
        environment=settings.app_env,
    ) as tellers:
        watch = Watch(
            app[keys.ALARMS], tellers, number=number.phone_number_id, allowance=number.allowance
        )
        looking = asyncio.create_task(watch.run())
        yield
        await cancel(looking)


async def forgetting(app: web.Application) -> AsyncIterator[None]:
    """Delete what is old, in the processes that answer people."""
    if not app[inner_keys.SETTINGS].run_worker:
        yield
        return
    work = keep_forgetting(StoredRetention(app[inner_keys.HOME].database))
    forgetting = asyncio.create_task(work)
    yield
    await cancel(forgetting)


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
    metrics,
    docs,
    pages,
    link_pages,
)

LIVE: Sequence[Resource] = (
    mail,
    home,
    stores,
    whatsapp,
    language_model,
    watching,
    forgetting,
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
    app[inner_keys.SETTINGS] = settings
    app[keys.WHATSAPP] = number
    app[keys.WA_ME] = settings.wa_me_url
    app[keys.TRUSTED_PROXIES] = settings.trusted_proxies
    app[keys.PACE] = pace or Pace()
    app[keys.LIMITS] = limits
    app[_HASHING] = hashing
    app[keys.BELL] = Bell()
    app[keys.METRICS] = Metrics()
    app[keys.METRICS_TOKEN] = settings.metrics_token
    app[keys.IN_PRODUCTION] = settings.app_env is Environment.PRODUCTION
    app.cleanup_ctx.extend(resources)
    app.on_shutdown.append(claim_no_more)
    for module in _MODULES:
        app.add_routes(module.routes)
    return app


def create_window(app: web.Application) -> web.Application:
    """Build what shows how *app* is, for a process that serves nothing else."""
    window = web.Application(middlewares=[problems])
    for key in _SHOWN:
        window[key] = app[key]
    for module in (health, metrics):
        window.add_routes(module.routes)
    return window
