"""The settings: what is missing, what is no real value, and what would surprise the operator."""

from collections.abc import Iterator, Mapping

from bot.doctor.findings import Finding, Findings, failed, ok, warning
from bot.settings import Environment, Reading, Settings

# Whatever else is set has to do with something outside of this machine.
_OF_THIS_PROCESS = {
    "app_env",
    "port",
    "simulator_port",
    "log_level",
    "run_worker",
    "trusted_proxies",
    "confirm_email",
    "whatsapp_api_version",
    "whatsapp_messages_per_second",
    "service_message_allowance",
    "metrics_token",
    "metrics_port",
}


def everything_is_embedded(reading: Reading) -> bool:
    """Whether nothing outside of this machine is configured."""
    settings = reading.settings
    return (
        settings.app_env is not Environment.PRODUCTION
        and not reading.wrong
        and all(
            getattr(settings, name) == field.default
            for name, field in Settings.model_fields.items()
            if name not in _OF_THIS_PROCESS
        )
    )


async def examined(reading: Reading, environ: Mapping[str, str]) -> Findings:
    found = [
        *_wrong(reading),
        *_surroundings(reading.settings, environ),
        *_left_open(reading.settings),
    ]
    for finding in found or [ok("Everything is set.")]:
        yield finding


def _wrong(reading: Reading) -> Iterator[Finding]:
    for name in sorted(reading.missing):
        yield failed(f"{name} is not set: .env.example says where to get it.")
    for name in sorted(reading.unusable):
        yield failed(
            f"{name} is a placeholder, too short or of another form:"
            " .env.example says where to get a real value."
        )


def _surroundings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what does not fit the place where Ava runs; Heroku sets DYNO and PORT."""
    development = settings.app_env is not Environment.PRODUCTION
    if development and {"DYNO", "PORT"} & environ.keys():
        yield warning("This looks like a server, but APP_ENV is not production: set it.")
    if "DYNO" in environ and settings.trusted_proxies == 0:
        yield warning(
            "Behind Heroku's router every caller has the same address, so that limits count all"
            " people as one: set TRUSTED_PROXIES=1."
        )


def _left_open(settings: Settings) -> Iterator[Finding]:
    if settings.public_url is None:
        yield warning(
            "PUBLIC_URL is not set, so that links to this server cannot be made and the webhook is"
            " not examined: set it to where Meta reaches Ava."
        )
    elif settings.app_env is Environment.PRODUCTION and settings.public_url.startswith("http:"):
        yield warning("PUBLIC_URL is not https, and Meta delivers to nothing else: change it.")
    if settings.llm_model is None:
        yield warning("No model is configured, so that answers are scripted: set LLM_MODEL.")
    mails = settings.resend_api_key is not None or settings.smtp_url is not None
    if _confirms(settings) and not (mails and settings.own_url):
        yield failed(
            "CONFIRM_EMAIL is on, but no link can be mailed, so that nobody can sign up: set"
            " PUBLIC_URL, MAIL_FROM and RESEND_API_KEY or SMTP_URL, or switch it off."
        )
    elif not mails:
        yield warning(
            "No e-mail can be sent, and so no links to sign in or to change a password:"
            " set RESEND_API_KEY or SMTP_URL, and MAIL_FROM."
        )


def _confirms(settings: Settings) -> bool:
    """Whether an account is Ava's to confirm; in development there is a mailbox for that."""
    in_production = settings.app_env is Environment.PRODUCTION
    return settings.confirm_email and settings.supabase is None and in_production
