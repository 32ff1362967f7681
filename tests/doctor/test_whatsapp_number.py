"""What the doctor says of the WhatsApp number, its token, its app and its account."""

import time
from typing import Any

import pytest

from bot.simulator import Simulator
from tests.doctor.deployment import Deployment


async def of_whatsapp(deployment: Deployment, **changes: str) -> list[str]:
    found = await deployment.complaints(**changes)
    return [complaint for complaint in found if complaint.startswith("WhatsApp")]


def spoil(simulator: Simulator, **changes: Any) -> None:
    simulator.accounts.token = changes


async def test_a_token_that_ended(deployment: Deployment) -> None:
    (complaint,) = await of_whatsapp(deployment, WHATSAPP_ACCESS_TOKEN="the-token-of-yesterday")

    assert complaint.startswith("WhatsApp failed: ")
    assert "System User token" in complaint


async def test_the_id_of_another_number(deployment: Deployment) -> None:
    (complaint,) = await of_whatsapp(deployment, WHATSAPP_PHONE_NUMBER_ID="31600000001")

    assert complaint.startswith("WhatsApp failed: ")
    assert "WHATSAPP_PHONE_NUMBER_ID" in complaint


async def test_the_secret_of_another_app(deployment: Deployment) -> None:
    (complaint,) = await of_whatsapp(deployment, WHATSAPP_APP_SECRET="the-secret-of-another-app")

    assert complaint.startswith("WhatsApp failed: WHATSAPP_APP_SECRET is not the secret")


async def test_an_app_that_is_not_subscribed(deployment: Deployment) -> None:
    deployment.simulator.accounts.subscribed = False

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("WhatsApp failed: The app is not subscribed")
    assert "curl -X POST" in complaint
    assert "$WHATSAPP_ACCESS_TOKEN" in complaint


@pytest.mark.parametrize(
    "granted",
    [
        [],
        [{"scope": "whatsapp_business_management"}],
        [{"scope": "whatsapp_business_management", "target_ids": ["1", "../me"]}],
        [{"scope": "business_management", "target_ids": ["102030405060708"]}],
        "all",
    ],
)
async def test_an_account_that_cannot_be_found_is_looked_up_by_hand(
    deployment: Deployment, granted: Any
) -> None:
    spoil(deployment.simulator, granular_scopes=granted)

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("WhatsApp warning: Which WhatsApp account")
    assert "/ACCOUNT_ID/subscribed_apps" in complaint


async def test_a_token_that_ends_soon(deployment: Deployment) -> None:
    spoil(deployment.simulator, expires_at=int(time.time()) + 3 * 86_400 + 60)

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("WhatsApp warning: The access token ends in 3 days")


@pytest.mark.parametrize(
    ("granted", "level"),
    [("whatsapp_business_management", "failed"), ("whatsapp_business_messaging", "warning")],
)
async def test_a_token_without_a_permission(
    deployment: Deployment, granted: str, level: str
) -> None:
    spoil(deployment.simulator, scopes=[granted])

    (complaint,) = await deployment.complaints()

    assert complaint.startswith(f"WhatsApp {level}: The access token lacks whatsapp_business_")
    assert granted not in complaint.partition(":")[2].partition(":")[0]


async def test_meta_delivers_to_another_address(deployment: Deployment) -> None:
    (complaint,) = await of_whatsapp(deployment, PUBLIC_URL="http://127.0.0.1:1")

    assert complaint.startswith("WhatsApp warning: Meta delivers to another address")


async def test_without_whatsapp_it_is_simulated(deployment: Deployment) -> None:
    for name in list(deployment.variables):
        if name.startswith("WHATSAPP_"):
            deployment.forget(name)

    assert await deployment.complaints() == []
