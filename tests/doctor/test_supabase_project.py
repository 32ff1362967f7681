"""What the doctor says of a Supabase project and its keys."""

import time

import pytest
from jose import jwt
from pydantic import SecretStr

from bot.doctor.findings import Level
from bot.doctor.key_kinds import compared
from bot.settings import Supabase
from tests.doctor.deployment import PUBLISHABLE, SECRET, Deployment


def legacy_key(role: str, *, ref: str = "abcdefgh", expires_in: float = 3600) -> str:
    claims = {"iss": "supabase", "ref": ref, "role": role, "exp": int(time.time() + expires_in)}
    return jwt.encode(claims, "a secret of the project")


def faults(anon: str, service: str, url: str = "https://abcdefgh.supabase.co") -> list[str]:
    given = Supabase(url=url, anon_key=SecretStr(anon), service_role_key=SecretStr(service))
    found = list(compared(given))
    assert all(key not in finding.text for finding in found for key in (anon, service))
    return [finding.text for finding in found if finding.level is not Level.OK]


@pytest.mark.parametrize("anon", [PUBLISHABLE, legacy_key("anon")])
@pytest.mark.parametrize("service", [SECRET, legacy_key("service_role")])
def test_both_generations_of_keys_are_known(anon: str, service: str) -> None:
    assert faults(anon, service) == []


@pytest.mark.parametrize("anon", [PUBLISHABLE, legacy_key("anon")])
@pytest.mark.parametrize("service", [SECRET, legacy_key("service_role")])
def test_swapped_keys_are_recognised(anon: str, service: str) -> None:
    (fault,) = faults(service, anon)

    assert "swapped" in fault


def test_the_same_key_twice_is_wrong_once() -> None:
    (secret_shown,) = faults(SECRET, legacy_key("service_role"))
    (no_rights,) = faults(PUBLISHABLE, legacy_key("anon"))

    assert secret_shown.startswith("SUPABASE_ANON_KEY holds a secret key")
    assert no_rights.startswith("SUPABASE_SERVICE_ROLE_KEY holds the key for everybody")


def test_keys_of_another_project_are_recognised() -> None:
    (fault,) = faults(PUBLISHABLE, legacy_key("service_role", ref="another"))

    assert fault.startswith("SUPABASE_SERVICE_ROLE_KEY belongs to another project")
    assert faults(PUBLISHABLE, legacy_key("service_role"), "https://db.example.com") == []


def test_an_expired_key_is_recognised() -> None:
    (fault,) = faults(legacy_key("anon", expires_in=-1), SECRET)

    assert fault.startswith("SUPABASE_ANON_KEY has expired")


@pytest.mark.parametrize(
    "key", ["abcdef", "a.b.c", "..", "e30.e30.e30", legacy_key("authenticated"), "a.W10.c", "é.é.é"]
)
def test_what_is_no_key_is_named(key: str) -> None:
    (fault,) = faults(key, SECRET)

    assert fault.startswith("SUPABASE_ANON_KEY looks like no key")


async def test_wrong_keys_are_not_tried(deployment: Deployment) -> None:
    found = await deployment.complaints(
        SUPABASE_ANON_KEY=SECRET, SUPABASE_SERVICE_ROLE_KEY=PUBLISHABLE
    )

    assert [complaint.partition(":")[0] for complaint in found] == [
        "Database failed",
        "Supabase failed",
    ]


async def test_keys_that_the_project_does_not_know(deployment: Deployment) -> None:
    found = await deployment.complaints(
        SUPABASE_ANON_KEY="sb_publishable_of_another",
        SUPABASE_SERVICE_ROLE_KEY="sb_secret_of_another",
    )

    assert [complaint.partition(",")[0].partition(":")[2][:60] for complaint in found[1:]] == [
        " Supabase does not take SUPABASE_ANON_KEY: copy it again fro",
        " Supabase does not take SUPABASE_SERVICE_ROLE_KEY: copy it a",
    ]


async def test_an_unconfirmed_sign_up_gets_no_tokens(deployment: Deployment) -> None:
    deployment.supabase.policy["mailer_autoconfirm"] = False

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Supabase warning: ")
    assert '"Confirm email" off' in complaint


async def test_a_project_that_lets_nobody_in(deployment: Deployment) -> None:
    deployment.supabase.policy["disable_signup"] = True
    deployment.supabase.policy["external"] = {"email": False}

    sign_in, sign_up = await deployment.complaints()

    assert sign_in.startswith("Supabase failed: Nobody can sign in")
    assert sign_up.startswith("Supabase warning: Nobody can sign up")


async def test_tables_that_everybody_can_read_are_named(deployment: Deployment) -> None:
    deployment.supabase.rows = {"messages": [{"id": "1"}], "avatars": [{"id": "2"}]}

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Supabase failed: Everybody can read messages, avatars with")


async def test_a_table_that_refuses_is_as_closed_as_one_that_shows_nothing(
    deployment: Deployment,
) -> None:
    deployment.supabase.denies = True

    assert await deployment.complaints() == []


async def test_a_shared_secret_has_to_be_known(deployment: Deployment) -> None:
    deployment.supabase.keys = []

    (complaint,) = await deployment.complaints()
    found = await deployment.complaints(SUPABASE_JWT_SECRET="the secret that signs its tokens")

    assert complaint.startswith("Supabase failed: ")
    assert "SUPABASE_JWT_SECRET" in complaint
    assert found == []


async def test_a_paused_project_is_no_mystery(deployment: Deployment) -> None:
    deployment.supabase.status = 540

    found = await deployment.complaints()

    assert len(found) == 4
    assert all("HTTP 540" in complaint for complaint in found)
