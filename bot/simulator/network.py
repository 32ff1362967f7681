"""What WhatsApp knows: people, chats, messages, files, and the updates nobody has taken yet.

Everything is in SQLite. With a file it outlives the process, however that ends.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.simulator.config import Json
from bot.simulator.ids import spellings
from bot.simulator.values import Direction, File, PendingUpdate, Person, SentMessage, Status

_SCHEMA = (Path(__file__).parent / "network.sql").read_text()


class Network:
    """One statement per method; *path* None keeps everything in memory."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside is kept, or nothing of it."""
        with self._db:
            self._db.execute("BEGIN")
            yield

    # --- people ---------------------------------------------------------------------------

    def people(self) -> list[Person]:
        rows = self._db.execute("SELECT name, wa_id, bsuid FROM people ORDER BY added, rowid")
        return [Person(name=name, wa_id=wa_id, bsuid=bsuid) for name, wa_id, bsuid in rows]

    def add(self, person: Person) -> None:
        """Add *person*, or give the one with this BSUID another name or number.

        A number has one owner: whoever had it before is no longer on the network.
        """
        self._db.execute(
            "DELETE FROM people WHERE wa_id = ? AND bsuid <> ?", (person.wa_id, person.bsuid)
        )
        self._db.execute(
            "INSERT INTO people (bsuid, wa_id, name, added) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (bsuid) DO UPDATE SET wa_id = excluded.wa_id, name = excluded.name",
            (person.bsuid, person.wa_id, person.name, time.time()),
        )

    def person(self, handle: str) -> Person | None:
        """Whom *handle* (digits in any of its national spellings, or a BSUID) belongs to."""
        names = spellings(handle)
        marks = ", ".join("?" * len(names))
        row = self._db.execute(
            # the only thing put into the text is a row of question marks
            f"SELECT name, wa_id, bsuid FROM people WHERE wa_id IN ({marks}) OR bsuid = ?"  # noqa: S608
            " ORDER BY wa_id = ? DESC",
            (*names, handle, handle),
        ).fetchone()
        return Person(name=row[0], wa_id=row[1], bsuid=row[2]) if row else None

    # --- messages -------------------------------------------------------------------------

    def keep(self, message: SentMessage) -> None:
        """Store *message*; one that is known already stays as it is."""
        self._db.execute(
            "INSERT OR IGNORE INTO messages (wamid, chat, direction, body, status, at, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                message.wamid,
                message.chat,
                message.direction,
                json.dumps(message.body),
                message.status,
                message.at,
                message.error,
            ),
        )

    def message(self, wamid: str) -> SentMessage | None:
        rows = self._messages("wamid = ?", wamid)
        return rows[0] if rows else None

    def chat(self, chat: str) -> list[SentMessage]:
        return self._messages("chat = ?", chat)

    def _messages(self, condition: str, *values: object) -> list[SentMessage]:
        rows = self._db.execute(
            "SELECT wamid, chat, direction, body, status, at, error FROM messages"  # noqa: S608
            f" WHERE {condition} ORDER BY at, rowid",
            values,
        )
        return [_message(row) for row in rows]

    def advance(self, wamid: str, status: Status) -> bool:
        """Move a message forward to *status*; whether it was not there yet."""
        earlier = {Status.DELIVERED: ("sent", "sent"), Status.READ: ("sent", "delivered")}[status]
        done = self._db.execute(
            "UPDATE messages SET status = ? WHERE wamid = ? AND status IN (?, ?)",
            (status, wamid, *earlier),
        )
        return done.rowcount > 0

    def read_up_to(self, message: SentMessage) -> None:
        """The business has read *message* and everything this person wrote before it."""
        self._db.execute(
            "UPDATE messages SET status = 'read' WHERE chat = ? AND at <= ?"
            " AND direction = 'in' AND status IN ('sent', 'delivered')",
            (message.chat, message.at),
        )

    def reached(self, chat: str) -> int:
        """How many messages of the business reached (or will reach) this person."""
        count: int = self._db.execute(
            "SELECT count(*) FROM messages"
            " WHERE chat = ? AND direction = 'out' AND status <> 'failed'",
            (chat,),
        ).fetchone()[0]
        return count

    # --- updates on their way to the bot --------------------------------------------------

    def queue(self, change: Json, *, is_status: bool = False, about: str | None = None) -> None:
        self._db.execute(
            "INSERT INTO updates (change, is_status, about) VALUES (?, ?, ?)",
            (json.dumps(change), is_status, about),
        )

    def pending(self, *, after: int = 0) -> list[PendingUpdate]:
        """What is not acknowledged, in order, from behind the update with the id *after*."""
        rows = self._db.execute(
            "SELECT id, change, is_status, about FROM updates WHERE id > ? ORDER BY id", (after,)
        )
        return [
            PendingUpdate(id=id_, change=json.loads(change), is_status=bool(status), about=about)
            for id_, change, status, about in rows
        ]

    def forget(self, update: PendingUpdate) -> None:
        self._db.execute("DELETE FROM updates WHERE id = ?", (update.id,))

    # --- files ----------------------------------------------------------------------------

    def keep_file(self, file: File) -> None:
        self._db.execute(
            "INSERT INTO files (id, mime_type, filename, data) VALUES (?, ?, ?, ?)",
            (file.id, file.mime_type, file.filename, file.data),
        )

    def file(self, file_id: str) -> File | None:
        row = self._db.execute(
            "SELECT id, mime_type, filename, data FROM files WHERE id = ?", (file_id,)
        ).fetchone()
        return File(id=row[0], mime_type=row[1], filename=row[2], data=row[3]) if row else None


def _message(row: tuple[str, str, str, str, str, float, int | None]) -> SentMessage:
    wamid, chat, direction, body, status, at, error = row
    return SentMessage(
        wamid=wamid,
        chat=chat,
        direction=Direction(direction),
        body=json.loads(body),
        status=Status(status),
        at=at,
        error=error,
    )
