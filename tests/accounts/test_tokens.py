"""A token is believed when Ava made it, recently, for this purpose; otherwise it is nothing."""

import uuid

import pytest
from pydantic import SecretStr

from bot.accounts.tokens import LIFETIME, OwnTokens
from bot.errors import NotSignedIn
from bot.models import PersonId
from tests.accounts.attacks import SECRET, attacks, claims, token

ADA = PersonId(uuid.UUID("00000000-0000-4000-8000-0000000000ad"))
EVE = PersonId(uuid.UUID("00000000-0000-4000-8000-0000000000ee"))
SESSION = uuid.UUID("00000000-0000-4000-8000-000000000005")


@pytest.fixture
def tokens() -> OwnTokens:
    return OwnTokens(SecretStr(SECRET))


async def test_a_token_says_who_it_was_made_for(tokens: OwnTokens) -> None:
    issued = tokens.issue(ADA, SESSION)

    caller = await tokens.verify(issued)

    assert (caller.id, caller.session, caller.token) == (ADA, SESSION, issued)
    assert issued not in repr(caller)


async def test_a_token_like_ours_is_believed_so_the_attacks_fail_for_their_own_reason(
    tokens: OwnTokens,
) -> None:
    assert (await tokens.verify(token(claims(str(ADA))))).id == ADA


@pytest.mark.parametrize("attack", attacks(str(ADA), str(EVE)))
async def test_a_token_that_proves_nothing_is_refused(tokens: OwnTokens, attack: str) -> None:
    with pytest.raises(NotSignedIn):
        await tokens.verify(attacks(str(ADA), str(EVE))[attack])


async def test_a_token_ends_after_its_lifetime(tokens: OwnTokens) -> None:
    now = int(claims(str(ADA))["iat"])
    fresh = token(claims(str(ADA), iat=now - LIFETIME + 60, exp=now + 60))
    stale = token(claims(str(ADA), iat=now - LIFETIME - 1, exp=now - 1))

    assert (await tokens.verify(fresh)).id == ADA
    with pytest.raises(NotSignedIn):
        await tokens.verify(stale)


async def test_tokens_of_one_secret_mean_nothing_under_another(tokens: OwnTokens) -> None:
    after_a_change = OwnTokens(SecretStr("another secret of 32 characters."))

    with pytest.raises(NotSignedIn):
        await after_a_change.verify(tokens.issue(ADA, SESSION))


def test_there_are_no_tokens_without_a_secret() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        OwnTokens(SecretStr(""))


def test_the_secret_is_not_shown(tokens: OwnTokens) -> None:
    assert SECRET not in repr(vars(tokens))
