"""Run Ava: ``python run.py [serve|worker|migrate|doctor|dead]``; serve is the default."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot import dead_letters, homes, log
from bot.app import LIVE, create_app, create_window
from bot.doctor import report
from bot.doctor.examination import examine
from bot.errors import AvaError, CannotStart, StoreUnavailable
from bot.settings import Environment, Settings, look_at_settings, read_settings
from bot.store.dead_letters import StoredDeadLetters
from bot.store.health import StoredHealth
from bot.store.migrate import how_to_apply, migrate

if TYPE_CHECKING:
    from bot.development import Desk

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop

_SERVE_SECONDS = 5.0  # that requests under way get to finish


async def serve(settings: Settings, desk: "Desk | None") -> None:
    """Receive deliveries, serve the JSON endpoints and, unless told otherwise, answer people."""
    beside = [desk.resource] if desk else []  # first: Ava sends its e-mails there
    app = create_app(settings, [*beside, *LIVE])
    await _run(app, settings, welcome=_welcome(settings, desk.welcome if desk else ()))


async def worker(settings: Settings, _: "Desk | None") -> None:
    """Only answer people; with METRICS_PORT, show there how it goes."""
    settings = settings.model_copy(update={"run_worker": True})
    beside = [partial(_window, settings, settings.metrics_port)] if settings.metrics_port else []
    await _run(create_app(settings, [*LIVE, *beside]), settings, welcome=None)


async def _window(settings: Settings, port: int, app: web.Application) -> AsyncIterator[None]:
    runner = web.AppRunner(create_window(app), access_log=None)
    await runner.setup()
    try:
        await _listen(runner, settings, port, "METRICS_PORT")
        yield
    finally:
        await runner.cleanup()


async def bring_up_to_date(settings: Settings, _: "Desk | None") -> None:
    """Apply the migrations that are missing; where only Supabase's keys are known, name them."""
    if settings.supabase and settings.database_url is None:
        await _check_migrations(settings)
        return
    applied = await migrate(settings.needed("database_url"))
    _say("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")


async def _check_migrations(settings: Settings) -> None:
    async with homes.opened(settings, postman=None) as home:
        missing = await StoredHealth(home.database, home.queue).pending_migrations()
    if missing:
        raise CannotStart(how_to_apply(missing))
    _say("The database is up to date.")


async def see_to_dead_letters(
    settings: Settings, _: "Desk | None", *, order: dead_letters.Order
) -> None:
    """Show what was given up, try it again or drop it."""
    async with homes.opened(settings, postman=None) as home:
        _say(await dead_letters.carry_out(order, StoredDeadLetters(home.database)))


def main(arguments: list[str]) -> int:
    """Run one command; return what the process exits with."""
    name, *more = arguments or ["serve"]
    if name == "dead":
        return dead(more)
    if name not in COMMANDS or more:
        return _refuse(f"usage: python run.py [{'|'.join([*COMMANDS, 'dead'])}]")
    return COMMANDS[name]()


def start(command: Callable[..., Coroutine[Any, Any, None]]) -> int:
    """Run what wants settings, with what stands in for those that are left open."""
    try:
        settings = read_settings()
        log.configure(settings)
        with (
            surroundings(settings) as (complete, desk),
            asyncio.Runner(loop_factory=new_event_loop) as runner,
        ):
            if settings.has_no_home and command is not bring_up_to_date:
                runner.run(migrate(complete.needed("database_url")))
            runner.run(command(complete, desk))
    except StoreUnavailable:
        return _refuse("Ava cannot start: the database does not answer.")
    except AvaError as exc:
        return _refuse(f"Ava cannot start: {exc}")
    return 0


def dead(words: list[str]) -> int:
    """See to dead letters, as *words* say."""
    try:
        return start(partial(see_to_dead_letters, order=dead_letters.order_of(words)))
    except dead_letters.Refused as exc:
        return _refuse(str(exc))


def doctor() -> int:
    """Say what is right and wrong with this deployment, whatever the settings; embed nothing."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        subjects = runner.run(examine(look_at_settings(), os.environ))
    _say(report.text(subjects, encoding=sys.stdout.encoding))
    return report.exit_code(subjects)


COMMANDS: Mapping[str, Callable[[], int]] = {
    "serve": partial(start, serve),
    "worker": partial(start, worker),
    "migrate": partial(start, bring_up_to_date),
    "doctor": doctor,
}


@contextmanager
def surroundings(settings: Settings) -> Iterator[tuple[Settings, "Desk | None"]]:
    """Yield the settings to run with and, in development, what stands in for the world."""
    if settings.app_env is Environment.PRODUCTION:
        yield settings, None
        return
    from bot import development  # noqa: PLC0415 - production never loads it

    with development.embedded(settings) as complete:
        yield complete, development.desk(settings, complete)


async def _run(app: web.Application, settings: Settings, *, welcome: str | None) -> None:
    """Run *app* until SIGTERM or SIGINT, then let go in order; listen where it has a *welcome*."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SERVE_SECONDS)
    await runner.setup()
    try:
        if welcome is not None:
            await _listen(runner, settings, settings.port, "PORT")
            _say(welcome)
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings, port: int, variable: str) -> None:
    in_production = settings.app_env is Environment.PRODUCTION
    host = "0.0.0.0" if in_production else "localhost"  # noqa: S104 - behind Heroku's router
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as exc:
        raise CannotStart(f"port {port} is taken; set {variable} to another one.") from exc


def _welcome(settings: Settings, beside: tuple[str, ...]) -> str:
    lines = [f"Ava is ready.  JSON endpoints and webhook: http://localhost:{settings.port}"]
    lines.extend(beside)
    if settings.llm_model is None:
        lines.append("No model is configured: the avatar's answers are scripted (LLM_MODEL).")
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _refuse(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
