"""What the doctor says of the running server."""

import pytest

from tests.doctor.deployment import Deployment


async def test_a_server_with_another_verify_token(deployment: Deployment) -> None:
    deployment.ava.verify_token = "another"

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Webhook failed: The running server has another WHATSAPP_VERIFY")


async def test_a_server_that_takes_any_verify_token(deployment: Deployment) -> None:
    deployment.ava.refuses_strangers = False

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Webhook failed: It answers HTTP 200 to a wrong verify token")


async def test_a_server_that_leads_elsewhere(deployment: Deployment) -> None:
    deployment.ava.redirects = True

    found = await deployment.complaints()

    assert "Webhook failed: The webhook answers HTTP 301" in found[0]


async def test_a_server_that_takes_unsigned_deliveries(deployment: Deployment) -> None:
    deployment.ava.unsigned = 200

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Webhook failed: It answers HTTP 200 to an unsigned delivery")


async def test_a_server_that_limits_us(deployment: Deployment) -> None:
    deployment.ava.unsigned = 429

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Webhook warning: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"database": "unreachable"}, "cannot reach its database"),
        ({"database": "ok", "migrations": {"pending": ["011_calls"]}}, "lacks migrations"),
        (
            {"database": "ok", "migrations": "ok", "queue_age_seconds": 300},
            "Somebody has been waiting",
        ),
        ({}, "which is not Ava"),
    ],
)
async def test_a_server_that_is_not_ready(
    deployment: Deployment, body: dict[str, object], said: str
) -> None:
    deployment.ava.ready = (503, body)

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Webhook failed: ")
    assert said in complaint
