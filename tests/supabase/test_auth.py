"""That the stand-in keeps accounts as Supabase Auth does."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from asyncpg import Connection
from supabase import AsyncClient
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError
from supabase_auth.types import Session, SignOutScope

from tests.supabase.conftest import PASSWORD, Clients
from tests.supabase.fixtures import SupabaseDatabases
from tests.supabase.standin import Standin

ADA = "ada@example.com"


@pytest.fixture(scope="module", name="supabase_database")
def _supabase_database(supabase_databases: SupabaseDatabases) -> Iterator[str]:
    """One database for all of these: deleting the people leaves nothing of them."""
    with supabase_databases.lent() as url:
        yield url


@pytest.fixture(autouse=True)
async def _nobody_stays(owner: Connection) -> AsyncIterator[None]:
    yield
    await owner.execute("delete from auth.users")


async def signed_in(client: AsyncClient, password: str = PASSWORD) -> Session:
    answer = await client.auth.sign_in_with_password({"email": ADA, "password": password})
    assert answer.session is not None
    return answer.session


async def refreshed(client: AsyncClient, token: str) -> str:
    answer = await client.auth.refresh_session(token)
    assert answer.session is not None
    return answer.session.refresh_token


async def session_of(client: AsyncClient) -> Session:
    session = await client.auth.get_session()
    assert session is not None
    return session


def code(refusal: pytest.ExceptionInfo[AuthApiError]) -> tuple[int, str | None]:
    return refusal.value.status, refusal.value.code


# --- signing up and in ---------------------------------------------------------------------------


async def test_whoever_signs_up_can_sign_in(ada: AsyncClient, client: Clients) -> None:
    session = await signed_in(client())

    assert session.user.id == (await session_of(ada)).user.id
    assert session.expires_in == 3600


async def test_an_address_counts_in_any_spelling(ada: AsyncClient, client: Clients) -> None:
    answer = await client().auth.sign_in_with_password(
        {"email": "ADA@Example.com", "password": PASSWORD}
    )

    assert answer.user is not None
    assert answer.user.id == (await session_of(ada)).user.id


@pytest.mark.usefixtures("ada")
async def test_a_wrong_password_and_an_unknown_address_look_the_same(client: Clients) -> None:
    refusals = []
    for email in (ADA, "nobody@example.com"):
        with pytest.raises(AuthApiError) as refusal:
            await client().auth.sign_in_with_password({"email": email, "password": "wrong"})
        refusals.append((*code(refusal), refusal.value.message))

    assert refusals == [(400, "invalid_credentials", "Invalid login credentials")] * 2


@pytest.mark.usefixtures("ada")
async def test_a_known_address_is_told_so_where_nobody_confirms(client: Clients) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.sign_up({"email": ADA, "password": PASSWORD})

    assert code(refusal) == (422, "user_already_exists")


@pytest.mark.usefixtures("ada")
async def test_with_confirmation_a_known_address_gets_the_id_of_nobody(
    client: Clients, standin: Standin, owner: Connection
) -> None:
    standin.autoconfirm = False
    answer = await client().auth.sign_up({"email": ADA, "password": PASSWORD})

    assert answer.session is None
    assert answer.user is not None
    assert answer.user.identities == []
    assert await owner.fetchval("select id from auth.users") != UUID(answer.user.id)
    assert standin.outbox == []


async def test_with_confirmation_nobody_signs_in_before_the_link(
    client: Clients, standin: Standin
) -> None:
    standin.autoconfirm = False
    answer = await client().auth.sign_up({"email": ADA, "password": PASSWORD})
    with pytest.raises(AuthApiError) as refusal:
        await signed_in(client())
    (mail,) = standin.outbox
    await client().auth.verify_otp({"type": "signup", "token_hash": mail.token_hash})
    session = await signed_in(client())

    assert answer.session is None
    assert answer.user is not None
    assert code(refusal) == (400, "email_not_confirmed")
    assert session.user.id == answer.user.id


async def test_nobody_signs_up_where_that_is_switched_off(
    client: Clients, standin: Standin
) -> None:
    standin.policy.signup_enabled = False
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.sign_up({"email": ADA, "password": PASSWORD})

    assert code(refusal) == (422, "signup_disabled")


async def test_a_password_that_is_too_short_is_refused_with_the_reason(client: Clients) -> None:
    with pytest.raises(AuthWeakPasswordError) as refusal:
        await client().auth.sign_up({"email": ADA, "password": "short"})

    assert (refusal.value.status, refusal.value.reasons) == (422, ["length"])


@pytest.mark.parametrize(("email", "password"), [(ADA, "x" * 73), ("ada at home", PASSWORD)])
async def test_what_can_be_no_account_is_refused(
    client: Clients, email: str, password: str
) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.sign_up({"email": email, "password": password})

    assert code(refusal) == (400, "validation_failed")


async def test_the_settings_are_public(http: httpx.AsyncClient, standin: Standin) -> None:
    standin.autoconfirm = False
    address = f"{standin.url}/auth/v1/settings"
    answer = await http.get(address, headers={"apikey": standin.anon_key})

    settings = answer.json()
    assert settings["mailer_autoconfirm"] is False
    assert settings["disable_signup"] is False
    assert settings["external"]["email"] is True
    assert (await http.get(address)).status_code == 401


# --- sessions ------------------------------------------------------------------------------------


async def test_a_refresh_token_is_followed_by_another(client: Clients, ada: AsyncClient) -> None:
    first = (await session_of(ada)).refresh_token
    second = await refreshed(client(), first)
    third = await refreshed(client(), second)

    assert len({first, second, third}) == 3


async def test_a_refresh_token_may_be_used_again_for_ten_seconds(
    client: Clients, ada: AsyncClient
) -> None:
    first = (await session_of(ada)).refresh_token
    second = await refreshed(client(), first)
    await refreshed(client(), second)

    assert await refreshed(client(), first)


async def test_an_answer_that_was_lost_can_be_asked_for_again_at_any_time(
    client: Clients, ada: AsyncClient, standin: Standin
) -> None:
    standin.policy.refresh_reuse_seconds = 0
    first = (await session_of(ada)).refresh_token
    second = await refreshed(client(), first)

    assert await refreshed(client(), first) == second


async def test_a_reused_refresh_token_ends_the_session(
    client: Clients, ada: AsyncClient, standin: Standin
) -> None:
    standin.policy.refresh_reuse_seconds = 0
    first = (await session_of(ada)).refresh_token
    third = await refreshed(client(), await refreshed(client(), first))
    with pytest.raises(AuthApiError) as reused:
        await refreshed(client(), first)
    with pytest.raises(AuthApiError) as ended:
        await refreshed(client(), third)

    assert code(reused) == (400, "refresh_token_already_used")
    assert code(ended) == (400, "refresh_token_not_found")


@pytest.mark.parametrize(
    ("scope", "lives"),
    [("local", [False, True]), ("others", [True, False]), ("global", [False, False])],
)
async def test_signing_out_ends_the_sessions_of_its_scope(
    client: Clients, ada: AsyncClient, scope: SignOutScope, lives: list[bool]
) -> None:
    this, other = await session_of(ada), await signed_in(client())
    await client().auth.admin.sign_out(this.access_token, scope)

    assert [await _lives(client(), session) for session in (this, other)] == lives


async def _lives(client: AsyncClient, session: Session) -> bool:
    try:
        await client.auth.get_user(session.access_token)
    except AuthApiError as exc:
        return (exc.status, exc.code) != (403, "session_not_found")
    return True


async def test_a_new_password_ends_the_other_sessions(client: Clients, ada: AsyncClient) -> None:
    other = await signed_in(client())
    await ada.auth.update_user({"password": "another horse"})

    assert await _lives(client(), await session_of(ada))
    assert not await _lives(client(), other)
    assert await signed_in(client(), "another horse")


async def test_the_old_password_is_no_new_one(ada: AsyncClient) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await ada.auth.update_user({"password": PASSWORD})

    assert code(refusal) == (422, "same_password")


@pytest.mark.parametrize("token", ["not.a.token", "x", "sb_publishable_standin"])
async def test_nobody_is_somebody_by_nonsense(client: Clients, token: str) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.get_user(token)

    assert code(refusal) in [(403, "bad_jwt"), (401, "no_authorization")]


# --- one-time tokens -----------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
async def test_a_recovery_mail_lets_in_once(client: Clients, standin: Standin) -> None:
    await client().auth.reset_password_for_email(ADA)
    (mail,) = standin.outbox
    answer = await client().auth.verify_otp({"type": "recovery", "token_hash": mail.token_hash})
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.verify_otp({"type": "recovery", "token_hash": mail.token_hash})

    assert mail.kind == "recovery"
    assert answer.session is not None
    assert code(refusal) == (403, "otp_expired")


@pytest.mark.usefixtures("ada")
async def test_a_magic_link_can_be_typed_in(client: Clients, standin: Standin) -> None:
    await client().auth.sign_in_with_otp({"email": ADA})
    (mail,) = standin.outbox
    answer = await client().auth.verify_otp({"type": "email", "email": ADA, "token": mail.token})

    assert mail.kind == "magiclink"
    assert answer.session is not None


@pytest.mark.usefixtures("ada")
async def test_a_token_runs_out(client: Clients, standin: Standin) -> None:
    standin.policy.link_seconds = -1
    await client().auth.sign_in_with_otp({"email": ADA})
    (mail,) = standin.outbox
    with pytest.raises(AuthApiError) as refusal:
        await client().auth.verify_otp({"type": "magiclink", "token_hash": mail.token_hash})

    assert code(refusal) == (403, "otp_expired")


async def test_an_unknown_address_gets_no_mail_and_no_other_answer(
    client: Clients, standin: Standin
) -> None:
    await client().auth.reset_password_for_email(ADA)

    assert standin.outbox == []


async def test_a_link_of_the_service_becomes_a_session_without_a_mail(
    client: Clients, ada: AsyncClient, service: AsyncClient, standin: Standin
) -> None:
    link = await service.auth.admin.generate_link({"type": "magiclink", "email": ADA})
    proof = link.properties.hashed_token
    answer = await client().auth.verify_otp({"type": "magiclink", "token_hash": proof})

    assert answer.user is not None
    assert answer.user.id == (await session_of(ada)).user.id
    assert standin.outbox == []


async def test_a_recovery_link_for_nobody_is_refused(service: AsyncClient) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await service.auth.admin.generate_link({"type": "recovery", "email": ADA})

    assert code(refusal) == (404, "user_not_found")


# --- administration ------------------------------------------------------------------------------


async def test_the_service_makes_changes_and_deletes_people(
    service: AsyncClient, client: Clients, owner: Connection
) -> None:
    made = await service.auth.admin.create_user(
        {"email": ADA, "password": PASSWORD, "email_confirm": True}
    )
    session = await signed_in(client())
    await service.auth.admin.update_user_by_id(made.user.id, {"password": "another horse"})
    found = await service.auth.admin.get_user_by_id(made.user.id)
    lived = await _lives(client(), session)
    await service.auth.admin.delete_user(made.user.id)

    assert found.user.email == ADA
    assert not lived
    assert await owner.fetchval("select count(*) from auth.users") == 0


@pytest.mark.usefixtures("ada")
async def test_an_address_belongs_to_one_person(service: AsyncClient) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await service.auth.admin.create_user({"email": ADA, "password": PASSWORD})

    assert code(refusal) == (422, "email_exists")


async def test_a_person_administers_nobody(ada: AsyncClient, client: Clients) -> None:
    for who in (ada, client()):
        with pytest.raises(AuthApiError) as refusal:
            await who.auth.admin.list_users()
        assert code(refusal) == (403, "not_admin")


# --- access tokens -------------------------------------------------------------------------------


async def claims_of(client: AsyncClient) -> dict[str, Any]:
    answer = await client.auth.get_claims()
    assert answer is not None
    return dict(answer["claims"])


async def test_a_token_says_who_and_for_how_long(ada: AsyncClient, standin: Standin) -> None:
    claims = await claims_of(ada)

    assert claims["sub"] == (await session_of(ada)).user.id
    assert claims["iss"] == f"{standin.url}/auth/v1"
    assert (claims["aud"], claims["role"]) == ("authenticated", "authenticated")
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_rotated_key_still_proves_what_it_signed(
    ada: AsyncClient, client: Clients, standin: Standin
) -> None:
    standin.rotate_keys()
    await signed_in(other := client())

    assert (await claims_of(ada))["sub"] == (await claims_of(other))["sub"]
    assert await ada.auth.get_user()


async def test_a_revoked_key_proves_nothing(ada: AsyncClient, standin: Standin) -> None:
    standin.rotate_keys(revoke=True)
    with pytest.raises(AuthApiError) as refusal:
        await ada.auth.get_user()

    assert code(refusal) == (403, "bad_jwt")


async def test_the_key_set_is_public_and_may_be_kept(
    http: httpx.AsyncClient, standin: Standin
) -> None:
    standin.rotate_keys()
    answer = await http.get(f"{standin.url}/auth/v1/.well-known/jwks.json")

    assert [key["alg"] for key in answer.json()["keys"]] == ["ES256", "ES256"]
    assert "max-age=600" in answer.headers["Cache-Control"]


async def test_a_project_with_a_secret_publishes_no_keys(
    http: httpx.AsyncClient, supabase_database: str
) -> None:
    async with Standin(database=supabase_database, algorithm="HS256") as standin:
        keys = await http.get(f"{standin.url}/auth/v1/.well-known/jwks.json")
        signup = await http.post(
            f"{standin.url}/auth/v1/signup",
            headers={"apikey": standin.anon_key},
            json={"email": ADA, "password": PASSWORD},
        )
        token = signup.json()["access_token"]
        rest = await http.get(
            f"{standin.url}/rest/v1/avatars",
            headers={"apikey": standin.anon_key, "Authorization": f"Bearer {token}"},
        )

    assert keys.json() == {"keys": []}
    assert (rest.status_code, rest.json()) == (200, [])
