"""What the doctor says of the language model."""

import pytest

from tests.doctor.deployment import Deployment


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "LLM_API_KEY"),
        (403, "LLM_API_KEY"),
        (404, "check LLM_MODEL, and LLM_BASE_URL"),
        (429, "quota and bill"),
        (400, "HTTP 400"),
        (503, "HTTP 503"),
    ],
)
async def test_an_endpoint_that_refuses(deployment: Deployment, status: int, advice: str) -> None:
    deployment.model.status = status

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Model failed: ")
    assert advice in complaint


async def test_an_endpoint_with_nothing_to_say(deployment: Deployment) -> None:
    deployment.model.said = ""

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Model warning: The model gave no usable answer")


async def test_a_key_that_cannot_be_sent(deployment: Deployment) -> None:
    (complaint,) = await deployment.complaints(LLM_API_KEY="sk-…copied-from-a-page")

    assert complaint.startswith("Model failed: LLM_BASE_URL or LLM_API_KEY")
