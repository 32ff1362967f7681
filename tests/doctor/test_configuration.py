"""What the doctor says of the settings."""

import re

import pytest

from tests.doctor.deployment import Deployment

PRODUCTION = {
    "APP_ENV": "production",
    "PUBLIC_URL": "https://ava.example.invalid",
    "DATABASE_URL": "postgresql://ava:s3cret-of-ava@127.0.0.1:1/ava",
    "JWT_SECRET": "kJ9vQ2mX7rT4wZ1bN6cH3fL8pS5dG0aY",
}


async def of_settings(deployment: Deployment, **changes: str) -> list[str]:
    found = await deployment.complaints(**changes)
    return [complaint for complaint in found if complaint.startswith("Settings")]


async def test_what_is_missing_is_named_and_what_needs_it_is_left_alone(
    deployment: Deployment,
) -> None:
    deployment.forget("WHATSAPP_APP_SECRET", "SUPABASE_ANON_KEY")

    found = await deployment.complaints()

    assert [re.split(" is | can ", complaint)[0] for complaint in found] == [
        "Settings failed: SUPABASE_ANON_KEY",
        "Settings failed: WHATSAPP_APP_SECRET",
        "Database warning: Not examined until SUPABASE_ANON_KEY",
        "Supabase warning: Not examined until SUPABASE_ANON_KEY",
        "WhatsApp warning: Not examined until WHATSAPP_APP_SECRET",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "too short to sign"),
        ("LLM_API_KEY", "your-api-key"),
        ("PORT", "http"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+31 600000001"),
    ],
)
async def test_what_is_no_value_is_named(deployment: Deployment, name: str, value: str) -> None:
    (complaint, *_) = await of_settings(deployment, **PRODUCTION | {name: value})

    assert complaint.startswith(
        f"Settings failed: {name} is a placeholder, too short or of another"
    )


async def test_a_server_that_runs_as_for_development_is_a_warning(deployment: Deployment) -> None:
    (complaint,) = await of_settings(deployment, DYNO="web.1", TRUSTED_PROXIES="1")

    assert complaint.startswith("Settings warning: ")
    assert "APP_ENV" in complaint


async def test_behind_herokus_router_a_proxy_is_to_be_trusted(deployment: Deployment) -> None:
    (complaint,) = await of_settings(deployment, **PRODUCTION, DYNO="web.1")

    assert complaint.startswith("Settings warning: ")
    assert "TRUSTED_PROXIES=1" in complaint


@pytest.mark.parametrize("value", ["http://ava.example.invalid", None])
async def test_meta_needs_an_https_address(deployment: Deployment, value: str | None) -> None:
    deployment.forget("PUBLIC_URL")
    changed = PRODUCTION | {"PUBLIC_URL": value or ""}

    (complaint,) = await of_settings(deployment, **{k: v for k, v in changed.items() if v})

    assert complaint.startswith("Settings warning: PUBLIC_URL is not ")


async def test_without_a_model_answers_are_scripted(deployment: Deployment) -> None:
    deployment.forget("LLM_MODEL", "LLM_BASE_URL", "LLM_API_KEY")

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Settings warning: ")
    assert "LLM_MODEL" in complaint


async def test_without_mail_there_are_no_links(deployment: Deployment) -> None:
    deployment.forget("RESEND_API_KEY", "MAIL_FROM")

    (complaint,) = await deployment.complaints()

    assert complaint.startswith("Settings warning: ")
    assert "SMTP_URL" in complaint


async def own_accounts(deployment: Deployment, **changes: str) -> list[str]:
    deployment.forget("SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    return await of_settings(deployment, **PRODUCTION, CONFIRM_EMAIL="true", **changes)


async def test_an_email_that_cannot_be_confirmed_keeps_everybody_out(
    deployment: Deployment,
) -> None:
    deployment.forget("RESEND_API_KEY", "MAIL_FROM")

    (complaint,) = await own_accounts(deployment)

    assert complaint.startswith("Settings failed: CONFIRM_EMAIL")
    assert "SMTP_URL" in complaint


async def test_an_email_is_confirmed_where_one_can_be_sent(deployment: Deployment) -> None:
    assert await own_accounts(deployment) == []


async def test_supabase_writes_its_own_emails(deployment: Deployment) -> None:
    deployment.forget("RESEND_API_KEY", "MAIL_FROM")

    (complaint,) = await of_settings(deployment, **PRODUCTION, CONFIRM_EMAIL="true")

    assert complaint.startswith("Settings warning: ")
