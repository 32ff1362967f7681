"""What stands in, in development, for whatever is not configured. Never imported in production."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bot.app import Resource
from bot.errors import CannotStart
from bot.mail.choice import MAILBOX
from bot.mail.mailbox import Mailbox
from bot.mail.mailbox_page import mailbox_page
from bot.settings import Settings, WhatsApp
from bot.simulator import Simulator, SimulatorConfig
from bot.store.embedded import EmbeddedPostgres

LOCAL = Path(__file__).parent.parent / ".local"  # everything that is embedded keeps itself here

# The simulator checks them as Meta would; they open nothing else.
_SIMULATED = {
    "whatsapp_access_token": SecretStr("simulated-access-token"),
    "whatsapp_phone_number_id": "900100200300",
    "whatsapp_verify_token": SecretStr("simulated-verify-token"),
    "whatsapp_app_secret": SecretStr("simulated-app-secret"),
}


@contextmanager
def embedded(settings: Settings) -> Iterator[Settings]:
    """Yield *settings* with everything that was left open, and what it stands for running."""
    filled: dict[str, Any] = {}
    with ExitStack() as stack:
        if settings.has_no_home:
            postgres = EmbeddedPostgres(LOCAL / "postgres")
            stack.callback(postgres.stop)
            postgres.start()
            filled["database_url"] = SecretStr(postgres.dsn())
        if settings.jwt_secret is None:
            filled["jwt_secret"] = SecretStr(_kept_secret(LOCAL / "jwt_secret"))
        if settings.whatsapp is None:
            filled |= _SIMULATED
            filled["whatsapp_api_url"] = f"http://localhost:{settings.simulator_port}"
        yield settings.model_copy(update=filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What stands beside Ava on SIMULATOR_PORT, and the lines that tell of it."""

    resource: Resource
    welcome: tuple[str, ...]


def desk(given: Settings, complete: Settings) -> Desk | None:
    """Return a WhatsApp and a mailbox, as far as *given* has none; *complete* is what Ava uses."""
    has_whatsapp = given.whatsapp is None
    has_mailbox = given.resend_api_key is None and given.smtp_url is None
    if not (has_whatsapp or has_mailbox):
        return None
    here = f"http://localhost:{given.simulator_port}"
    welcome = [f"Open {here} to sign up, make an avatar and chat."] if has_whatsapp else []
    welcome += [f"E-mails land in {here}/mail"] if has_mailbox else []

    async def served(ava: web.Application) -> AsyncIterator[None]:
        app = _simulator(complete).app if has_whatsapp else web.Application()
        if has_mailbox:
            mailbox = ava[MAILBOX] = Mailbox()
            app.add_subapp("/mail", mailbox_page(mailbox))
        runner = await _listening(app, given.simulator_port)
        yield
        await runner.cleanup()

    return Desk(resource=served, welcome=tuple(welcome))


async def _listening(app: web.Application, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "localhost", port).start()
    except OSError as exc:
        await runner.cleanup()
        raise CannotStart(f"port {port} is taken; set SIMULATOR_PORT to another one.") from exc
    return runner


def _simulator(settings: Settings) -> Simulator:
    """Return a WhatsApp for *settings*: the Graph API and a phone in the browser."""
    if settings.whatsapp is None:
        raise ValueError("the simulator shares the bot's WhatsApp settings")
    return Simulator(_config(settings, settings.whatsapp))


def _config(settings: Settings, number: WhatsApp) -> SimulatorConfig:
    here = f"http://localhost:{settings.port}"
    return SimulatorConfig(
        webhook_url=f"{here}/webhook",
        api_url=here,
        phone_number_id=number.phone_number_id,
        access_token=number.access_token.get_secret_value(),
        app_secret=number.app_secret.get_secret_value(),
        verify_token=number.verify_token.get_secret_value(),
        scripted=settings.llm_model is None,
        state=LOCAL / "simulator.sqlite",
    )


def _kept_secret(path: Path) -> str:
    """Return the secret in *path*, made at the first start, so that tokens outlive a restart."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()
