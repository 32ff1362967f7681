"""Where Ava is put together: nothing is created at import, everything is closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

import aiohttp
import structlog
from aiohttp import web
from pydantic import SecretStr

from bot import keys
from bot.accounts.own import OwnAccounts
from bot.accounts.tokens import OwnTokens
from bot.chat.attention import Bell, Worker
from bot.chat.burst import Pace
from bot.chat.scripted import ScriptedAvatar
from bot.chat.sending import Sending
from bot.chat.turn import Conversation
from bot.handlers import auth, avatars, health, messages, pages, preferences, webhook
from bot.handlers.cors import cors_for_localhost
from bot.handlers.problems import problems
from bot.settings import WHATSAPP_VARIABLES, Environment, Settings, Supabase, unset
from bot.store.attention import StoredAttention
from bot.store.avatars import StoredAvatars
from bot.store.database import Database
from bot.store.health import StoredHealth
from bot.store.history import StoredHistory
from bot.store.inbox import StoredInbox
from bot.store.outbox import StoredOutbox
from bot.store.passwords import StoredPasswords
from bot.store.people import StoredPeople
from bot.store.phone_links import StoredPhoneLinks
from bot.store.postgres import PostgresDatabase
from bot.store.turns import StoredTurns
from bot.whatsapp.graph import Graph

log = structlog.get_logger()

Resource = Callable[[web.Application], AsyncIterator[None]]

DRAIN_SECONDS = 20.0  # of the 30 that Heroku gives between SIGTERM and SIGKILL

_SETTINGS = web.AppKey("settings", Settings)
_DATABASE = web.AppKey("database", Database)
_QUEUE = web.AppKey("queue", Database)  # of inbox and attention: the shortest way there is

_POOLED = 4  # connections; Supabase's session pooler has about 15 for all processes together


async def databases(app: web.Application) -> AsyncIterator[None]:
    """Reach the data through Supabase's clients where a project is configured, else directly."""
    settings, project = app[_SETTINGS], app[_SETTINGS].supabase
    async with AsyncExitStack() as closing:
        if project is None:
            app[_DATABASE] = app[_QUEUE] = await _direct(settings, closing)
        else:
            app[_DATABASE] = app[_QUEUE] = await _through(project, closing)
            if settings.database_url:
                app[_QUEUE] = await _direct(settings, closing, size=_POOLED)
        yield


async def store(app: web.Application) -> AsyncIterator[None]:
    """What the endpoints ask of the store."""
    database, pace = app[_DATABASE], app[keys.PACE]
    app[keys.INBOX] = StoredInbox(app[_QUEUE], longest_wait=pace.longest)
    app[keys.AVATARS] = StoredAvatars(database)
    app[keys.PHONE_LINKS] = StoredPhoneLinks(database)
    app[keys.HISTORY] = StoredHistory(database, pace.finished, pace.longest)
    app[keys.HEALTH] = StoredHealth(database)
    yield


async def own_accounts(app: web.Application) -> AsyncIterator[None]:
    """Keep the accounts ourselves."""
    tokens = OwnTokens(SecretStr(app[_SETTINGS].needed("jwt_secret")))
    accounts = OwnAccounts(StoredPasswords(app[_DATABASE]), tokens)
    app[keys.TOKENS], app[keys.ACCOUNTS] = tokens, accounts
    yield
    accounts.close()


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
    telling = asyncio.create_task(bell.tell_others(StoredAttention(app[_QUEUE])))
    yield
    await _cancel(telling)


async def answering(app: web.Application) -> AsyncIterator[None]:
    """Answer whoever waits, unless other processes do that."""
    if not app[_SETTINGS].run_worker:
        yield
        return
    database, bell = app[_DATABASE], app[keys.BELL]
    attention = StoredAttention(app[_QUEUE])
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


LIVE: Sequence[Resource] = (
    databases,
    store,
    own_accounts,
    whatsapp,
    language_model,
    calling,
    answering,
)


def create_app(
    settings: Settings, resources: Sequence[Resource] = LIVE, *, pace: Pace | None = None
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
    app[keys.PACE] = pace or Pace()
    app[keys.BELL] = Bell()
    app.cleanup_ctx.extend(resources)
    for module in (webhook, auth, avatars, preferences, messages, health, pages):
        app.add_routes(module.routes)
    return app


async def _direct(
    settings: Settings, closing: AsyncExitStack, *, size: int = 10
) -> PostgresDatabase:
    database = PostgresDatabase(settings.needed("database_url"), size=size)
    await database.open()
    closing.push_async_callback(database.close)
    return database


async def _through(project: Supabase, closing: AsyncExitStack) -> Database:
    # A fifth of a second and 40 MB, which a Postgres of one's own does without.
    from bot.store import supabase  # noqa: PLC0415

    http = await closing.enter_async_context(supabase.pool())
    return supabase.SupabaseDatabase(
        http,
        url=project.url,
        anon_key=project.anon_key.get_secret_value(),
        service_role_key=project.service_role_key.get_secret_value(),
    )


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
