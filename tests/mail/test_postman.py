"""Letters that are handed over after the request that wrote them."""

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from bot.errors import MailRejected, MailUnavailable
from bot.mail.ports import Mail
from bot.mail.postman import Postman
from tests.mail.mails import MAIL, PRIVATE

DOWN = MailUnavailable("HTTP 503")
FOR_EVER = 3600.0  # seconds; no test waits for it


@dataclass(slots=True)
class Counter:
    """A Mailer that fails as it is told, and otherwise takes everything once it may."""

    failures: list[Exception] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    recovered: asyncio.Event = field(default_factory=asyncio.Event)  # no failure is left
    took: asyncio.Event = field(default_factory=asyncio.Event)
    tries: int = 0
    mails: list[Mail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    async def send(self, mail: Mail) -> None:
        self.tries += 1
        self.tried.set()
        await self.open.wait()
        if self.failures:
            failure = self.failures.pop(0)
            if not self.failures:
                self.recovered.set()
            raise failure
        self.mails.append(mail)
        self.took.set()


@pytest.fixture(name="counter")
async def _counter() -> Counter:
    return Counter()


@pytest.fixture(name="lines")
def _lines() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


def another() -> Mail:
    return replace(MAIL, id=uuid4())


async def test_a_mail_is_taken_at_once_and_handed_over_later(counter: Counter) -> None:
    counter.open.clear()
    postman = Postman(counter)

    postman.post(MAIL)
    handed_over_by_then = list(counter.mails)
    counter.open.set()
    await postman.close(grace_seconds=5)

    assert handed_over_by_then == []
    assert counter.mails == [MAIL]


async def test_what_fails_for_now_is_tried_again_until_it_is_gone(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.failures = [DOWN, DOWN]
    postman = Postman(counter, pauses=[0, 0])

    postman.post(MAIL)
    await counter.took.wait()
    await postman.close(grace_seconds=5)

    assert counter.tries == 3
    assert [(line["event"], line["tries"]) for line in lines] == [("mail.sent", 3)]


async def test_what_never_works_is_given_up(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.failures = [DOWN] * 3
    postman = Postman(counter, pauses=[0, 0])

    postman.post(MAIL)
    await counter.recovered.wait()
    await postman.close(grace_seconds=5)

    assert counter.tries == 3
    assert [(line["event"], line["reason"]) for line in lines] == [("mail.failed", "HTTP 503")]


async def test_what_is_rejected_is_not_tried_again(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.failures = [MailRejected("HTTP 422")]
    postman = Postman(counter, pauses=[0, 0])

    postman.post(MAIL)
    await postman.close(grace_seconds=5)

    assert counter.tries == 1
    assert [(line["event"], line["reason"]) for line in lines] == [("mail.failed", "HTTP 422")]


async def test_one_mail_that_waits_holds_up_no_other(counter: Counter) -> None:
    counter.failures = [DOWN] * 5
    postman = Postman(counter, pauses=[FOR_EVER])
    for _ in range(5):
        postman.post(another())
    await counter.recovered.wait()

    postman.post(MAIL)
    await counter.took.wait()

    assert counter.mails == [MAIL]
    await postman.close(grace_seconds=5)


async def test_a_provider_that_says_when_is_not_asked_earlier_but_never_waited_for_too_long(
    counter: Counter,
) -> None:
    counter.failures = [MailUnavailable(again_in=timedelta(days=1))]
    postman = Postman(counter, pauses=[0, 0.01])

    postman.post(MAIL)
    await counter.took.wait()

    assert counter.tries == 2
    await postman.close(grace_seconds=5)


async def test_a_full_bag_takes_no_more_and_says_so_beforehand(counter: Counter) -> None:
    counter.open.clear()
    postman = Postman(counter, capacity=2)
    before = postman.has_room
    postman.post(another())
    postman.post(another())

    with pytest.raises(MailUnavailable):
        postman.post(MAIL)

    assert (before, postman.has_room) == (True, False)
    counter.open.set()
    await postman.close(grace_seconds=5)
    assert len(counter.mails) == 2


async def test_closing_tries_what_waits_once_more_without_waiting(counter: Counter) -> None:
    counter.failures = [DOWN]
    postman = Postman(counter, pauses=[FOR_EVER])
    postman.post(MAIL)
    await counter.tried.wait()

    await postman.close(grace_seconds=5)

    assert counter.mails == [MAIL]


async def test_closing_gives_up_what_takes_too_long_and_takes_nothing_new(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.open.clear()
    postman = Postman(counter)
    postman.post(MAIL)
    await counter.tried.wait()

    await postman.close(grace_seconds=0.01)

    assert [(line["event"], line["reason"]) for line in lines] == [("mail.failed", "closing")]
    with pytest.raises(MailUnavailable):
        postman.post(MAIL)


async def test_a_bug_is_told_and_loses_only_its_own_mail(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.failures = [ZeroDivisionError()]
    postman = Postman(counter)

    postman.post(MAIL)
    postman.post(another())
    await postman.close(grace_seconds=5)

    assert sorted(line["event"] for line in lines) == ["mail.failed", "mail.sent"]


async def test_no_line_says_who_got_what(
    counter: Counter, lines: list[MutableMapping[str, Any]]
) -> None:
    counter.failures = [DOWN, MailRejected("HTTP 422")]
    postman = Postman(counter, pauses=[0])
    for _ in range(3):
        postman.post(another())
    await postman.close(grace_seconds=5)

    assert len(lines) == 3
    assert not [word for word in PRIVATE if word in str(lines)]
