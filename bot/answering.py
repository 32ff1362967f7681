"""Whoever waits is answered: the worker, and all that it needs."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from bot import inner_keys, keys
from bot.chat.acquaintance import Acquaintance
from bot.chat.attention import Worker
from bot.chat.composing import Composer
from bot.chat.hearing import Hearing
from bot.chat.sending import Number, Sending
from bot.chat.strangers import Strangers
from bot.chat.turn import Conversation
from bot.store.attention import StoredAttention
from bot.store.outbox import StoredOutbox
from bot.store.people import StoredPeople
from bot.store.turns import StoredTurns
from bot.tasks import cancel


async def calling(app: web.Application) -> AsyncIterator[None]:
    """Tell the other processes when somebody waits."""
    bell = app[keys.BELL]
    telling = asyncio.create_task(bell.tell_others(StoredAttention(app[inner_keys.HOME].queue)))
    yield
    await cancel(telling)


async def answering(app: web.Application) -> AsyncIterator[None]:
    """Answer whoever waits, unless other processes do that."""
    if not app[inner_keys.SETTINGS].run_worker:
        yield
        return
    bell = app[keys.BELL]
    attention = StoredAttention(app[inner_keys.HOME].queue)
    worker = Worker(attention, _conversation(app).attend, bell)
    app[inner_keys.WORKER] = worker
    listening = asyncio.create_task(bell.listen(attention))
    beating = asyncio.create_task(worker.keep_leases())
    working = asyncio.create_task(worker.run())
    yield
    await worker.stop(grace_seconds=app[keys.PACE].drain.total_seconds())
    await working
    await cancel(beating)
    await cancel(listening)


async def claim_no_more(app: web.Application) -> None:
    """On SIGTERM, before requests under way have ended."""
    if worker := app.get(inner_keys.WORKER):
        worker.claim_no_more()


def _conversation(app: web.Application) -> Conversation:
    database, graph, pace = app[inner_keys.HOME].database, app[keys.GRAPH], app[keys.PACE]
    outbox, turns, metrics = StoredOutbox(database), StoredTurns(database), app[keys.METRICS]
    sign_up_url = app[inner_keys.SETTINGS].sign_up_url
    hearing = Hearing(inbox=app[keys.INBOX], turns=turns)
    sending = Sending(
        outbox=outbox,
        messenger=graph,
        number=_number(app),
        grace=pace.outcome,
        metrics=metrics,
    )
    return Conversation(
        acquaintance=Acquaintance(
            people=StoredPeople(database),
            hearing=hearing,
            outbox=outbox,
            sign_up_url=sign_up_url,
        ),
        strangers=Strangers(hearing=hearing, outbox=outbox, sign_up_url=sign_up_url),
        hearing=hearing,
        turns=turns,
        composer=Composer(
            model=app[keys.MODEL],
            messenger=graph,
            turns=turns,
            sending=sending,
            joining=pace.joining,
        ),
        sending=sending,
        metrics=metrics,
    )


def _number(app: web.Application) -> Number:
    number = app[keys.WHATSAPP]
    template = number.template
    return Number(
        id=number.phone_number_id,
        messages_per_second=number.messages_per_second,
        template=f"{template.name}:{template.language}" if template else None,
    )
