"""A stand-in for a Supabase project on a real Postgres: real roles, real row-level security, real
SQLSTATEs. What it does not imitate it answers by 501, so that no test passes by chance."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import asyncpg
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.ports import free_port
from tests.supabase.accounts import Accounts
from tests.supabase.admin import Admin
from tests.supabase.auth import Auth
from tests.supabase.gateway import PUBLISHABLE_KEY, SECRET_KEY, Gateway
from tests.supabase.mailbox import Mail, Mailbox
from tests.supabase.people import People
from tests.supabase.policy import Policy
from tests.supabase.refusals import Refusal, auth_refusal, not_imitated
from tests.supabase.rest import Rest
from tests.supabase.sessions import Sessions
from tests.supabase.signing import Algorithm, Signer
from tests.supabase.transactions import Transactions
from tests.supabase.weather import Fault, Seen, Weather

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record]

_LARGEST_BODY = 8 * 2**20  # bytes
_SHUTDOWN_SECONDS = 1.0
_API_VERSION = {"X-Supabase-Api-Version": "2024-01-01"}


class Standin:
    """The project. It may be stopped and started again; its URL, keys and mails stay."""

    def __init__(
        self,
        *,
        database: str,
        autoconfirm: bool = True,
        algorithm: Algorithm = "ES256",
        jwt_secret: str = "a secret of the stand-in, 32 or more",
        port: int | None = None,
    ) -> None:
        self.policy = Policy(autoconfirm=autoconfirm)
        self._database = database
        self._signer = Signer(algorithm, jwt_secret)
        self._gateway = Gateway(self._signer)
        self._mailbox = Mailbox()
        self._weather = Weather()
        self._port = port or free_port()
        self._open = AsyncExitStack()
        self.timeouts: dict[str, str] = {}  # of statements, by role; "3s" for anon

    # --- what a project's dashboard shows -------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def anon_key(self) -> str:
        return PUBLISHABLE_KEY

    @property
    def service_role_key(self) -> str:
        return SECRET_KEY

    @property
    def legacy_anon_key(self) -> str:
        return self._gateway.legacy_anon_key

    @property
    def legacy_service_role_key(self) -> str:
        return self._gateway.legacy_service_role_key

    @property
    def jwt_secret(self) -> str:
        return self._signer.secret

    def rotate_keys(self, *, revoke: bool = False) -> None:
        """Sign with a new key; *revoke* what the old ones signed."""
        self._signer.rotate(revoke=revoke)

    @property
    def autoconfirm(self) -> bool:
        return self.policy.autoconfirm

    @autoconfirm.setter
    def autoconfirm(self, on: bool) -> None:
        self.policy.autoconfirm = on

    # --- what only a test sees ------------------------------------------------------------------

    @property
    def outbox(self) -> list[Mail]:
        return self._mailbox.sent

    @property
    def faults(self) -> list[Fault]:
        return self._weather.faults

    @property
    def seen(self) -> list[Seen]:
        return self._weather.seen

    # --- running --------------------------------------------------------------------------------

    async def start(self) -> None:
        async with AsyncExitStack() as stack:
            app = await self._app(stack)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._open = stack.pop_all()

    async def stop(self) -> None:
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _app(self, stack: AsyncExitStack) -> web.Application:
        transactions = Transactions(await self._pool("authenticator", stack))
        await transactions.learn_timeouts()
        self.timeouts = transactions.timeouts
        accounts = self._accounts(await self._pool("supabase_auth_admin", stack))
        app = web.Application(
            middlewares=[self._weather.pass_through, _refusals_to_answers],
            client_max_size=_LARGEST_BODY,
        )
        app.add_routes(Rest(transactions, self._gateway).routes())
        app.add_routes(Auth(accounts, self._gateway, self._signer).routes())
        app.add_routes(Admin(accounts, self._gateway).routes())
        app.router.add_route("*", "/{anything:.*}", _nothing)
        return app

    async def _pool(self, user: str, stack: AsyncExitStack) -> "Pool":
        pool = await asyncpg.create_pool(
            self._database,
            user=user,
            min_size=0,
            max_size=10,
            reset=_leave_as_it_is,
            server_settings={"search_path": "public, extensions"},
        )
        stack.push_async_callback(pool.close)
        return pool

    def _accounts(self, pool: "Pool") -> Accounts:
        issuer = f"{self.url}/auth/v1"
        return Accounts(
            people=People(pool),
            sessions=Sessions(pool, self._signer, self.policy, issuer),
            mailbox=self._mailbox,
            policy=self.policy,
        )


@web.middleware
async def _refusals_to_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers = _API_VERSION if request.path.startswith("/auth/") else {}
    try:
        return await handler(request)
    except Refusal as exc:
        refusal = exc
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # PostgREST's are translated
        refusal = auth_refusal(500, "unexpected_failure", "Database error")
    return web.json_response(refusal.body, status=refusal.status, headers=headers)


async def _nothing(request: web.Request) -> web.Response:
    raise not_imitated(f"{request.method} {request.path}")


async def _leave_as_it_is(_: "Connection") -> None:
    """Every setting ends with its transaction, so there is nothing to reset."""
