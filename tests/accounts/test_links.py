"""One-time links, as they are kept: who asked, for what, until when, and who was first."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from asyncpg import Connection
from structlog.testing import capture_logs

from bot.accounts.links import Links
from bot.accounts.own import OwnAccounts
from bot.errors import DeadLink, MailUnavailable, NotConfigured, Unavailable
from bot.mail.mailbox import Mailbox
from bot.mail.postman import Postman
from bot.models import SIGNS_IN, Account, LinkPurpose
from bot.store.one_time_links import StoredOneTimeLinks
from bot.store.postgres import PostgresDatabase

ADA, NOBODY = "ada@example.com", "nobody@example.com"
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
OWN_URL = "https://ava.example.com"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def postman(mailbox: Mailbox) -> AsyncIterator[Postman]:
    postman = Postman(mailbox)
    yield postman
    await postman.close(grace_seconds=5)


@pytest.fixture
def stored(database: PostgresDatabase) -> StoredOneTimeLinks:
    return StoredOneTimeLinks(database)


@pytest.fixture
def links(stored: StoredOneTimeLinks, postman: Postman) -> Links:
    return Links(stored, postman, own_url=OWN_URL, app_url=None)


@pytest.fixture
async def ada(accounts: OwnAccounts) -> Account:
    session = await accounts.sign_up(ADA, "correct horse battery", address="127.0.0.1")
    assert session is not None
    return Account(id=session.person, email=ADA)


async def token_to(mailbox: Mailbox, postman: Postman) -> str:
    """Return the token in the newest mail, once all have been delivered."""
    await postman.close(grace_seconds=5)
    (path,) = set(re.findall(rf"{OWN_URL}(/auth/\S+)", mailbox.received[0].mail.text))
    return str(path).rpartition("/")[2]


async def used(links: Links, token: str) -> Account | None:
    try:
        async with links.used(token, *SIGNS_IN) as account:
            return account
    except DeadLink:
        return None


async def test_of_many_at_once_one_uses_a_link(
    links: Links, ada: Account, mailbox: Mailbox, postman: Postman
) -> None:
    await links.ask(ADA, LinkPurpose.SIGN_IN)
    token = await token_to(mailbox, postman)

    winners = await asyncio.gather(*(used(links, token) for _ in range(20)))

    assert [account for account in winners if account] == [ada]


@pytest.mark.usefixtures("ada")
async def test_a_link_is_kept_as_a_hash_for_fifteen_minutes(
    links: Links, mailbox: Mailbox, postman: Postman, owner: Connection
) -> None:
    await links.ask(ADA, LinkPurpose.SIGN_IN)
    token = await token_to(mailbox, postman)

    (row,) = await owner.fetch("select *, expires_at - now() as good_for from one_time_links")

    assert token not in str(row)
    assert 14 * 60 < row["good_for"].total_seconds() <= 15 * 60


async def test_who_asks_for_somebody_unknown_leaves_nothing_behind(
    links: Links, mailbox: Mailbox, postman: Postman, owner: Connection
) -> None:
    await links.ask(NOBODY, LinkPurpose.SIGN_IN)
    await links.ask(NOBODY, LinkPurpose.PASSWORD)

    await postman.close(grace_seconds=5)
    assert mailbox.received == ()
    assert await owner.fetchval("select count(*) from one_time_links") == 0


@pytest.mark.usefixtures("ada")
async def test_links_that_are_too_old_are_swept_away(links: Links, owner: Connection) -> None:
    await links.ask(ADA, LinkPurpose.SIGN_IN)
    await links.ask_to_confirm(NOBODY, HASH)
    await owner.execute("update one_time_links set expires_at = now() - interval '1 s'")

    await links.ask(ADA, LinkPurpose.PASSWORD)

    assert [row["purpose"] for row in await owner.fetch("select * from one_time_links")] == [
        "password"
    ]


async def test_a_link_of_which_nothing_came_works_again(
    links: Links, ada: Account, mailbox: Mailbox, postman: Postman
) -> None:
    await links.ask(ADA, LinkPurpose.SIGN_IN)
    token = await token_to(mailbox, postman)

    with pytest.raises(Unavailable):
        async with links.used(token, *SIGNS_IN):
            raise Unavailable

    assert await used(links, token) == ada
    assert await used(links, token) is None


@pytest.mark.usefixtures("ada")
async def test_a_link_is_good_for_what_it_was_asked_for(
    links: Links, mailbox: Mailbox, postman: Postman
) -> None:
    await links.ask(ADA, LinkPurpose.PASSWORD)
    token = await token_to(mailbox, postman)

    assert await links.purpose(token) is LinkPurpose.PASSWORD
    assert await used(links, token) is None
    async with links.used(token, LinkPurpose.PASSWORD) as account:
        assert account.email == ADA
    assert await links.purpose(token) is None


async def test_a_sign_up_is_an_account_once_it_is_confirmed(
    links: Links, mailbox: Mailbox, postman: Postman, owner: Connection
) -> None:
    await links.ask_to_confirm(NOBODY, HASH)
    token = await token_to(mailbox, postman)
    assert await owner.fetchval("select count(*) from auth.users") == 0

    account = await used(links, token)

    assert account is not None
    (made,) = await owner.fetch(
        "select id, email, password_hash from auth.users join account_passwords on user_id = id"
    )
    assert tuple(made) == (account.id, NOBODY, HASH)


async def test_a_sign_up_that_was_overtaken_signs_in_and_changes_no_password(
    links: Links, accounts: OwnAccounts, mailbox: Mailbox, postman: Postman
) -> None:
    await links.ask_to_confirm(ADA, HASH)
    token = await token_to(mailbox, postman)
    overtaking = await accounts.sign_up(ADA, "correct horse battery", address="127.0.0.1")
    assert overtaking is not None

    assert await used(links, token) == Account(id=overtaking.person, email=ADA)
    assert await accounts.sign_in(ADA, "correct horse battery", address="127.0.0.1")


@pytest.mark.usefixtures("ada")
async def test_what_is_not_set_up_is_said_about_everybody(
    stored: StoredOneTimeLinks, postman: Postman, owner: Connection
) -> None:
    for links, missing in (
        (Links(stored, None, own_url=OWN_URL, app_url=None), "RESEND_API_KEY"),
        (Links(stored, postman, own_url=None, app_url=None), "PUBLIC_URL"),
    ):
        for email in (ADA, NOBODY):
            for asking in (
                links.ask(email, LinkPurpose.SIGN_IN),
                links.ask(email, LinkPurpose.PASSWORD),
                links.ask_to_confirm(email, HASH),
            ):
                with pytest.raises(NotConfigured, match=missing):
                    await asking
    assert await owner.fetchval("select count(*) from one_time_links") == 0


@pytest.mark.usefixtures("ada")
async def test_when_no_mail_can_be_taken_everybody_is_told_to_ask_again(
    stored: StoredOneTimeLinks, mailbox: Mailbox
) -> None:
    links = Links(stored, Postman(mailbox, capacity=0), own_url=OWN_URL, app_url=None)

    for email in (ADA, NOBODY):
        with pytest.raises(MailUnavailable):
            await links.ask(email, LinkPurpose.SIGN_IN)


async def test_a_new_password_counts_though_nobody_can_be_told(
    stored: StoredOneTimeLinks, ada: Account, links: Links, mailbox: Mailbox, postman: Postman
) -> None:
    await links.ask(ADA, LinkPurpose.SIGN_IN)
    token = await token_to(mailbox, postman)
    silent = Links(stored, None, own_url=OWN_URL, app_url=None)

    with capture_logs() as lines:
        await silent.password_changed(ada)

    assert await used(links, token) is None
    assert [line["event"] for line in lines] == ["letter.dropped"]
    assert ADA not in str(lines)
