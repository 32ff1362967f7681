"""Ava's own accounts: passwords, sessions and refresh tokens."""

import asyncio
import uuid

import pytest
from asyncpg import Connection

from bot.accounts.hashing import Hashing
from bot.accounts.own import OwnAccounts
from bot.accounts.ports import Scope, Session
from bot.errors import Invalid, NotSignedIn, TokenReused, Unavailable, WrongCredentials
from bot.models import Account, Caller, PersonId
from bot.store.postgres import PostgresDatabase
from bot.store.sessions import StoredSessions
from tests.accounts.conftest import CheapHasher

ADA = "ada@example.com"
PASSWORD = "correct horse battery"
HERE = "127.0.0.1"


@pytest.fixture
async def session(accounts: OwnAccounts) -> Session:
    """Ada's, who has just signed up."""
    session = await accounts.sign_up(ADA, PASSWORD, address=HERE)
    assert session is not None
    return session


async def lives(accounts: OwnAccounts, session: Session) -> bool:
    try:
        await accounts.refresh(session.refresh_token, address=HERE)
    except NotSignedIn:
        return False
    return True


async def later(owner: Connection, seconds: int) -> None:
    await owner.execute(
        "update refresh_tokens set used_at = used_at - make_interval(secs => $1)", float(seconds)
    )


# --- passwords ------------------------------------------------------------------------------


async def test_who_signed_up_can_sign_in(accounts: OwnAccounts, session: Session) -> None:
    signed_in = await accounts.sign_in(ADA, PASSWORD, address=HERE)

    assert signed_in.person == session.person
    for secret in (signed_in.access_token, signed_in.refresh_token):
        assert secret not in repr(signed_in)


@pytest.mark.usefixtures("session")
async def test_a_password_is_compared_for_an_unknown_email_as_for_a_known_one(
    accounts: OwnAccounts, hasher: CheapHasher
) -> None:
    for email in ADA, "nobody@example.com":
        with pytest.raises(WrongCredentials):
            await accounts.sign_in(email, "a wrong password", address=HERE)

    assert hasher.compared == ["differs", "differs"]


async def test_no_password_opens_an_account_that_does_not_exist(accounts: OwnAccounts) -> None:
    for password in "the password of nobody", PASSWORD, "":
        with pytest.raises(WrongCredentials):
            await accounts.sign_in("nobody@example.com", password, address=HERE)


@pytest.mark.usefixtures("session")
async def test_a_hash_that_cannot_be_read_opens_nothing(
    accounts: OwnAccounts, owner: Connection
) -> None:
    for broken in "", "!", "$argon2id$", PASSWORD:
        await owner.execute("update account_passwords set password_hash = $1", broken)

        for password in PASSWORD, "the password of nobody":
            with pytest.raises(WrongCredentials):
                await accounts.sign_in(ADA, password, address=HERE)


async def test_passwords_are_kept_as_salted_argon2id_hashes() -> None:
    hashing = Hashing()

    ada, ben = await hashing.hash_of(PASSWORD), await hashing.hash_of(PASSWORD)

    assert ada.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert ada != ben
    assert await hashing.fits(PASSWORD, ada)
    hashing.close()


async def test_a_weak_password_is_refused_and_nothing_is_kept(
    accounts: OwnAccounts, owner: Connection
) -> None:
    with pytest.raises(Invalid):
        await accounts.sign_up(ADA, "password1", address=HERE)

    assert await owner.fetchval("select count(*) from auth.users") == 0


@pytest.mark.usefixtures("session")
async def test_who_would_have_to_wait_for_long_is_turned_away_at_once(
    accounts: OwnAccounts, hasher: CheapHasher
) -> None:
    hasher.let_go.clear()
    asking = [asyncio.create_task(accounts.sign_in(ADA, PASSWORD, address=HERE)) for _ in range(50)]
    done, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 10:
        more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done |= more

    assert {type(task.exception()) for task in done} == {Unavailable}
    hasher.let_go.set()
    assert len({session.refresh_token for session in await asyncio.gather(*waiting)}) == 40


# --- sessions -------------------------------------------------------------------------------


async def test_of_what_opens_something_only_hashes_are_kept(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    second = await accounts.refresh(session.refresh_token, address=HERE)

    kept = ""
    for table in "auth.users", "account_passwords", "account_sessions", "refresh_tokens":
        kept += str(await owner.fetch(f"select * from {table}"))

    assert ADA in kept
    for secret in (PASSWORD, session.refresh_token, second.refresh_token, second.access_token):
        assert secret not in kept


async def test_a_token_that_was_used_before_names_whose_session_has_ended(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    await accounts.refresh(session.refresh_token, address=HERE)
    await later(owner, 11)

    with pytest.raises(TokenReused) as reused:
        await accounts.refresh(session.refresh_token, address=HERE)

    assert reused.value.person == session.person
    assert await owner.fetchval("select count(*) from account_sessions") == 0
    with pytest.raises(NotSignedIn) as ended:
        await accounts.refresh(session.refresh_token, address=HERE)
    assert not isinstance(ended.value, TokenReused)


async def test_a_token_may_be_used_again_for_ten_seconds(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    await accounts.refresh(session.refresh_token, address=HERE)
    await later(owner, 8)

    assert await lives(accounts, session)


async def test_of_several_successors_one_goes_on(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    heard = await accounts.refresh(session.refresh_token, address=HERE)
    lost = await accounts.refresh(session.refresh_token, address=HERE)
    going_on = await accounts.refresh(heard.refresh_token, address=HERE)
    await later(owner, 11)

    with pytest.raises(TokenReused):
        await accounts.refresh(lost.refresh_token, address=HERE)
    assert not await lives(accounts, going_on)


async def test_a_session_ends_after_sixty_days_without_use_and_is_swept_away(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    await owner.execute("update account_sessions set expires_at = expires_at - interval '59 days'")
    session = await accounts.refresh(session.refresh_token, address=HERE)
    await owner.execute("update account_sessions set expires_at = expires_at - interval '60 days'")

    assert not await lives(accounts, session)
    await accounts.sign_in(ADA, PASSWORD, address=HERE)
    assert await owner.fetchval("select count(*) from account_sessions") == 1


async def test_an_access_token_names_its_session(
    accounts: OwnAccounts, session: Session, owner: Connection
) -> None:
    other = await accounts.sign_in(ADA, PASSWORD, address=HERE)
    caller = Caller(
        id=session.person,
        token=session.access_token,
        session=await owner.fetchval("select id from account_sessions order by created_at limit 1"),
    )

    await accounts.sign_out(caller, Scope.THIS)

    assert [await lives(accounts, one) for one in (session, other)] == [False, True]


async def test_a_token_from_before_there_were_sessions_ends_none_of_its_own(
    accounts: OwnAccounts, session: Session
) -> None:
    caller = Caller(id=session.person, token=session.access_token)

    await accounts.sign_out(caller, Scope.THIS)
    assert await lives(accounts, session)
    await accounts.sign_out(caller, Scope.ALL)
    assert not await lives(accounts, session)


async def test_a_new_password_ends_every_session_and_opens_one(
    accounts: OwnAccounts, session: Session
) -> None:
    account = Account(id=session.person, email=ADA)

    changed = await accounts.change_password(account, "a better one, by far", address=HERE)

    assert [await lives(accounts, one) for one in (session, changed)] == [False, True]
    with pytest.raises(WrongCredentials):
        await accounts.sign_in(ADA, PASSWORD, address=HERE)


async def test_a_password_that_changes_while_it_is_compared_opens_nothing(
    accounts: OwnAccounts, hasher: CheapHasher, session: Session, owner: Connection
) -> None:
    hasher.let_go.clear()
    signing_in = asyncio.create_task(accounts.sign_in(ADA, PASSWORD, address=HERE))
    await asyncio.wait([signing_in], timeout=0.05)
    account = Account(id=session.person, email=ADA)
    await accounts.change_password(account, "a better one, by far", address=HERE)
    hasher.let_go.set()

    with pytest.raises(WrongCredentials):
        await signing_in
    assert await owner.fetchval("select count(*) from account_sessions") == 1


async def test_an_account_that_is_gone_has_no_sessions(
    accounts: OwnAccounts, session: Session, database: PostgresDatabase
) -> None:
    account = Account(id=session.person, email=ADA)
    await accounts.delete(session.person)
    await accounts.delete(session.person)

    for attempt in (
        accounts.open(account, address=HERE),
        accounts.change_password(account, "a better one", address=HERE),
    ):
        with pytest.raises(NotSignedIn):
            await attempt
    assert not await lives(accounts, session)
    nobody = PersonId(uuid.uuid4())
    await StoredSessions(database).end(nobody, None, Scope.ALL)
