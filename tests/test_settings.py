"""What an operator may set, and what stops the start."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.errors import CannotStart
from bot.settings import Environment, Settings, Template, read_settings

EXAMPLE = Path(__file__).parents[1] / ".env.example"
PRODUCTION = {
    "APP_ENV": "production",
    "PUBLIC_URL": "https://ava.example.com",
    "DATABASE_URL": "postgresql://ava:s3cret-of-ava@db.example.com:5432/ava",
    "JWT_SECRET": "kJ9vQ2mX7rT4wZ1bN6cH3fL8pS5dG0aY",
    "WHATSAPP_ACCESS_TOKEN": "EAAGm0PX4ZCpsBAxXxKeEpItRandom",
    "WHATSAPP_PHONE_NUMBER_ID": "900100200300",
    "WHATSAPP_VERIFY_TOKEN": "q8Zt-verify-Rk2",
    "WHATSAPP_APP_SECRET": "0123456789abcdef0123456789abcdef",
}
NEEDED = sorted(PRODUCTION.keys() - {"APP_ENV", "PUBLIC_URL"})
SUPABASE = {
    "SUPABASE_URL": "https://abcdefghijklmnop.supabase.co/",
    "SUPABASE_ANON_KEY": "sb_publishable_kJ9vQ2mX7rT4wZ1b",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_N6cH3fL8pS5dG0aY",
}


class Operator:
    """Sets variables, then starts Ava in a folder without an .env."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self.dotenv = folder / ".env"
        monkeypatch.chdir(folder)
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)

    def reads(self, **variables: str) -> Settings:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        return read_settings()

    def is_refused(self, **variables: str) -> list[str]:
        """The variables named by the one line that stops the start; no value may be in it."""
        with pytest.raises(CannotStart) as refused:
            self.reads(**variables)
        (line,) = str(refused.value).splitlines()
        assert refused.value.__cause__ is None
        for value in filter(None, map(str.strip, variables.values())):
            assert value not in line
        return re.findall(r"\b[A-Z]{2,}[A-Z_]*\b", line)


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operator:
    return Operator(monkeypatch, tmp_path)


# --- .env.example ---------------------------------------------------------------------------


def test_the_example_names_every_setting_in_order_with_its_default() -> None:
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))

    assert list(example) == [name.upper() for name in Settings.model_fields]
    assert example == {
        name.upper(): "" if field.default is None else _as_written(field.default)
        for name, field in Settings.model_fields.items()
    }


def test_the_example_explains_every_setting() -> None:
    paragraphs = EXAMPLE.read_text().strip().split("\n\n")[1:]

    assert all(paragraph.startswith("# ") for paragraph in paragraphs)


def test_the_example_as_it_is_starts_a_development_ava(operator: Operator) -> None:
    operator.dotenv.write_text(EXAMPLE.read_text())

    assert operator.reads() == Settings(_env_file=None)


def _as_written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


# --- development ----------------------------------------------------------------------------


def test_with_nothing_set_everything_is_embedded(operator: Operator) -> None:
    settings = operator.reads()

    assert settings.app_env is Environment.DEVELOPMENT
    assert (settings.database_url, settings.whatsapp, settings.llm_model) == (None, None, None)
    assert settings.run_worker
    assert settings.sign_up_url == "http://localhost:8081"


def test_the_environment_wins_over_the_file(operator: Operator) -> None:
    operator.dotenv.write_text("PORT=1111\nSIMULATOR_PORT=2222\n")

    settings = operator.reads(PORT="3333")

    assert (settings.port, settings.simulator_port) == (3333, 2222)


def test_an_empty_variable_is_as_good_as_none(operator: Operator) -> None:
    everything_empty = {name.upper(): "" for name in Settings.model_fields}

    assert operator.reads(**everything_empty) == Settings(_env_file=None)


def test_half_a_whatsapp_number_is_refused(operator: Operator) -> None:
    given = {"WHATSAPP_ACCESS_TOKEN": "EAAGm0PX4ZCpsBA", "WHATSAPP_VERIFY_TOKEN": "q8Zt"}

    assert operator.is_refused(**given) == ["WHATSAPP_APP_SECRET", "WHATSAPP_PHONE_NUMBER_ID"]


@pytest.mark.parametrize("name", SUPABASE)
def test_part_of_a_supabase_project_is_refused(operator: Operator, name: str) -> None:
    assert operator.is_refused(**{name: SUPABASE[name]}) == sorted(SUPABASE.keys() - {name})


def test_mail_without_a_sender_is_refused(operator: Operator) -> None:
    assert operator.is_refused(RESEND_API_KEY="re_N6cH3fL8pS5dG0aY") == ["MAIL_FROM"]


def test_an_endpoint_without_a_model_is_refused(operator: Operator) -> None:
    assert operator.is_refused(LLM_BASE_URL="http://localhost:11434/v1") == ["LLM_MODEL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "ava.example.com"),
        ("LOG_LEVEL", "LOUD"),
        ("WHATSAPP_API_VERSION", "25"),
        ("RUN_WORKER", "perhaps"),
        ("WHATSAPP_MESSAGES_PER_SECOND", "0"),
        ("WHATSAPP_MESSAGES_PER_SECOND", "inf"),
        ("WHATSAPP_TEMPLATE", "reply_waiting"),
        ("WHATSAPP_TEMPLATE", "Reply waiting:en_US"),
        ("SERVICE_MESSAGE_ALLOWANCE", "0"),
        ("METRICS_PORT", "99999"),
        ("SENTRY_DSN", "key@sentry.example.com"),
        ("SLACK_WEBHOOK", "hooks.slack.example.com"),
    ],
)
def test_what_cannot_be_read_is_named(operator: Operator, name: str, value: str) -> None:
    assert operator.is_refused(**{name: value}) == [name]


# --- production -----------------------------------------------------------------------------


def test_production_starts_with_real_values(operator: Operator) -> None:
    settings = operator.reads(**PRODUCTION)

    assert settings.app_env is Environment.PRODUCTION
    assert settings.whatsapp is not None
    assert settings.wa_me_url == "https://wa.me"
    assert settings.sign_up_url == "https://ava.example.com"


def test_the_number_knows_how_fast_how_much_and_with_which_template_it_sends(
    operator: Operator,
) -> None:
    plain = operator.reads(**PRODUCTION).whatsapp
    more = {
        "WHATSAPP_MESSAGES_PER_SECOND": "2.5",
        "WHATSAPP_TEMPLATE": "reply_waiting:en_US",
        "SERVICE_MESSAGE_ALLOWANCE": "20000",
    }

    number = operator.reads(**more).whatsapp

    assert plain is not None
    assert (plain.messages_per_second, plain.template, plain.allowance) == (80, None, 1000)
    assert number is not None
    assert number.template == Template(name="reply_waiting", language="en_US")
    assert (number.messages_per_second, number.allowance) == (2.5, 20000)


def test_a_supabase_project_and_the_number_are_enough_for_production(operator: Operator) -> None:
    number = {name: value for name, value in PRODUCTION.items() if name.startswith("WHATSAPP_")}

    settings = operator.reads(APP_ENV="production", **number, **SUPABASE)

    assert settings.supabase is not None
    assert settings.supabase.url == "https://abcdefghijklmnop.supabase.co"
    assert (settings.own_url, settings.sign_up_url) == (None, None)


def test_production_without_anything_is_refused_in_one_line(operator: Operator) -> None:
    assert operator.is_refused(APP_ENV="production") == NEEDED


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", ["", "   ", "changeme", "<paste it here>", "your-value", "xxx"])
def test_production_refuses_a_value_that_is_not_one(
    operator: Operator, name: str, value: str
) -> None:
    assert operator.is_refused(**PRODUCTION | {name: value}) == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "a" * 31),
        ("JWT_SECRET", "change me, change me, change me, please"),
        ("DATABASE_URL", "postgresql://user:password@host:5432/database"),
        ("PUBLIC_URL", "https://<your app>.herokuapp.com"),
        ("PUBLIC_URL", "https://your-app.herokuapp.com"),
        ("WHATSAPP_ACCESS_TOKEN", "EAAxxxxxxxx"),
        ("WHATSAPP_ACCESS_TOKEN", "EAA..."),
        ("LLM_API_KEY", "sk-placeholder"),
        ("SUPABASE_ANON_KEY", "your_anon_key"),
        ("MAIL_FROM", "Ava <your-name@example.com>"),
    ],
)
def test_production_knows_more_placeholders(operator: Operator, name: str, value: str) -> None:
    given = PRODUCTION | SUPABASE | {"LLM_MODEL": "gpt-7"} | {name: value}

    assert operator.is_refused(**given) == [name]


def test_a_value_that_only_resembles_a_placeholder_is_taken(operator: Operator) -> None:
    given = PRODUCTION | {
        "PUBLIC_URL": "https://exchange-me.example.com",
        "DATABASE_URL": "postgresql://ava:a%3Cb>xxx@db.example.com/ava",
    }

    assert operator.reads(**given).public_url == "https://exchange-me.example.com"


def test_every_bad_variable_is_named_whatever_is_wrong_with_it(operator: Operator) -> None:
    given = PRODUCTION | {
        "PORT": "many",
        "RUN_WORKER": "perhaps",
        "JWT_SECRET": "short",
        "DATABASE_URL": "",
        "WHATSAPP_PHONE_NUMBER_ID": "+31 600000001",
        "WHATSAPP_APP_SECRET": "your-app-secret",
    }

    assert operator.is_refused(**given) == [
        "DATABASE_URL",
        "JWT_SECRET",
        "PORT",
        "RUN_WORKER",
        "WHATSAPP_APP_SECRET",
        "WHATSAPP_PHONE_NUMBER_ID",
    ]


# --- the value itself -----------------------------------------------------------------------


def test_settings_cannot_be_changed(operator: Operator) -> None:
    settings = operator.reads()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_no_secret_is_ever_shown(operator: Operator) -> None:
    settings = operator.reads(
        **PRODUCTION,
        **SUPABASE,
        LLM_API_KEY="llm-key",
        LLM_MODEL="gpt-7",
        METRICS_TOKEN="7c2f-metrics",
        SENTRY_DSN="https://9d1e@o1.ingest.sentry.io/1",
        SLACK_WEBHOOK="https://hooks.slack.com/services/T0/B0/4af2",
    )
    secrets = [value for _, value in settings if isinstance(value, SecretStr)]

    parts = (settings.whatsapp, settings.supabase, settings.model_dump_json())
    shown = f"{settings!r} {settings} {parts!r}"

    assert len(secrets) == 11
    assert not [secret for secret in secrets if secret.get_secret_value() in shown]
