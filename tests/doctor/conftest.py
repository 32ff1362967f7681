"""A deployment for each test, over real sockets."""

from pathlib import Path

import pytest
from pytest_aiohttp import AiohttpServer

from bot.simulator import Simulator, SimulatorConfig
from tests.doctor.deployment import (
    NUMBER,
    PUBLISHABLE,
    SECRET,
    Deployment,
    FakeAva,
    FakeModel,
    FakeSupabase,
)


@pytest.fixture(name="deployment")
async def _deployment(
    aiohttp_server: AiohttpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Deployment:
    monkeypatch.chdir(tmp_path)  # no .env here
    supabase, ava, model = FakeSupabase(), FakeAva(), FakeModel()
    served = [await aiohttp_server(fake.app()) for fake in (supabase, ava, model)]
    supabase_url, public_url, model_url = (
        str(server.make_url("")).rstrip("/") for server in served
    )
    simulator = Simulator(_simulated(public_url))
    meta = await aiohttp_server(simulator.app)
    variables = NUMBER | {
        "PUBLIC_URL": public_url,
        "SUPABASE_URL": supabase_url,
        "SUPABASE_ANON_KEY": PUBLISHABLE,
        "SUPABASE_SERVICE_ROLE_KEY": SECRET,
        "WHATSAPP_API_URL": str(meta.make_url("")).rstrip("/"),
        "LLM_BASE_URL": f"{model_url}/v1",
        "LLM_API_KEY": "sk-the-key-of-the-model",
        "LLM_MODEL": "m",
        "RESEND_API_KEY": "re_the_key_of_resend",
        "MAIL_FROM": "ava@example.com",
    }
    return Deployment(monkeypatch, supabase, ava, model, simulator, variables)


def _simulated(public_url: str) -> SimulatorConfig:
    return SimulatorConfig(
        webhook_url=f"{public_url}/webhook",
        api_url=public_url,
        phone_number_id=NUMBER["WHATSAPP_PHONE_NUMBER_ID"],
        access_token=NUMBER["WHATSAPP_ACCESS_TOKEN"],
        app_secret=NUMBER["WHATSAPP_APP_SECRET"],
        verify_token=NUMBER["WHATSAPP_VERIFY_TOKEN"],
    )
