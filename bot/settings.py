"""Everything an operator can set, as one frozen value; a wrong value stops the start."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import CannotStart

_META = "https://graph.facebook.com"
WHATSAPP_VARIABLES = (
    "whatsapp_access_token",
    "whatsapp_phone_number_id",
    "whatsapp_verify_token",
    "whatsapp_app_secret",
)
SUPABASE_VARIABLES = ("supabase_url", "supabase_anon_key", "supabase_service_role_key")
_OWN_ACCOUNTS_VARIABLES = ("database_url", "jwt_secret")
_MAIL_VARIABLES = ("resend_api_key", "smtp_url")
_PLACEHOLDER = re.compile(
    r"(?<![a-z])(change[-_ ]?me(?![a-z])|your[-_ ])|placeholder|<[^<>]*>|\.\.\.|user:password@"
    r"|x{5}|^x+$",  # a random token holds "xxx" once in a hundred times
    re.IGNORECASE,
)
_SHORTEST_JWT_SECRET = 32  # bytes; RFC 7518 section 3.2 for HS256


class Environment(StrEnum):
    """Where Ava runs."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


def _is_url(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("https://", "http://")):
        raise ValueError("not a URL")
    return secret


_SecretUrl = Annotated[SecretStr, AfterValidator(_is_url)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message that Meta has approved, in one language (``en_US``)."""

    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsApp:
    """The number Ava answers on, and how to reach it.

    messages_per_second: the most that it sends. template: what may be sent when the window of 24
    hours is closed. allowance: how many service messages it may send in a month.
    """

    access_token: SecretStr
    phone_number_id: str
    verify_token: SecretStr
    app_secret: SecretStr
    api_url: str
    api_version: str
    messages_per_second: float
    template: Template | None
    allowance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Supabase:
    """The project that keeps data and accounts. jwt_secret: only for a project that still signs
    its access tokens with it (HS256)."""

    url: str  # without a slash at the end
    anon_key: SecretStr
    service_role_key: SecretStr
    jwt_secret: SecretStr | None = None


class Settings(BaseSettings):
    """Read once, in ``run.py``. ``.env.example`` says for each variable where to get it."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # or one wrong variable prints all the others
    )

    app_env: Environment = Environment.DEVELOPMENT
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://")
    app_url: str | None = Field(default=None, pattern=r"^https?://")
    trusted_proxies: int = Field(default=0, ge=0, le=9)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    supabase_url: str | None = Field(default=None, pattern=r"^https?://")
    supabase_anon_key: SecretStr | None = None
    supabase_service_role_key: SecretStr | None = None
    supabase_jwt_secret: SecretStr | None = None
    database_url: SecretStr | None = None
    jwt_secret: SecretStr | None = None
    confirm_email: bool = False

    resend_api_key: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str | None = Field(default=None, pattern=r"@")

    whatsapp_access_token: SecretStr | None = None
    whatsapp_phone_number_id: str | None = Field(default=None, pattern=r"^\d+$")
    whatsapp_verify_token: SecretStr | None = None
    whatsapp_app_secret: SecretStr | None = None
    whatsapp_api_url: str = Field(default=_META, pattern=r"^https?://")
    whatsapp_api_version: str = Field(default="v25.0", pattern=r"^v\d+\.\d+$")
    whatsapp_messages_per_second: float = Field(default=80, gt=0, allow_inf_nan=False)
    whatsapp_template: str | None = Field(
        default=None, pattern=r"^[a-z0-9_]+:[a-z]{2,3}(_[A-Z]{2})?$"
    )
    service_message_allowance: int = Field(default=1000, ge=1)

    llm_base_url: str | None = Field(default=None, pattern=r"^https?://")
    llm_api_key: SecretStr | None = None
    llm_model: str | None = None

    run_worker: bool = True

    metrics_token: SecretStr | None = None
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    sentry_dsn: _SecretUrl | None = None
    slack_webhook: _SecretUrl | None = None

    simulator_port: int = Field(default=8081, ge=1, le=65535)

    @property
    def whatsapp(self) -> WhatsApp | None:
        """The configured number; None where a simulator stands in for Meta."""
        token, secret = self.whatsapp_access_token, self.whatsapp_app_secret
        verify, number = self.whatsapp_verify_token, self.whatsapp_phone_number_id
        if not (token and secret and verify and number):
            return None
        return WhatsApp(
            access_token=token,
            phone_number_id=number,
            verify_token=verify,
            app_secret=secret,
            api_url=self.whatsapp_api_url,
            api_version=self.whatsapp_api_version,
            messages_per_second=self.whatsapp_messages_per_second,
            template=_template(self.whatsapp_template),
            allowance=self.service_message_allowance,
        )

    @property
    def supabase(self) -> Supabase | None:
        """The configured project; None where Ava keeps the accounts in a Postgres itself."""
        url, anon, service = (
            self.supabase_url,
            self.supabase_anon_key,
            self.supabase_service_role_key,
        )
        if not (url and anon and service):
            return None
        return Supabase(
            url=url.rstrip("/"),
            anon_key=anon,
            service_role_key=service,
            jwt_secret=self.supabase_jwt_secret,
        )

    @property
    def has_no_home(self) -> bool:
        """Whether nothing says where data and accounts live."""
        return self.database_url is None and self.supabase is None

    def needed(self, name: Literal["database_url", "jwt_secret"]) -> str:
        """Return a secret without which nothing works; raise CannotStart where it is unset."""
        value: SecretStr | None = getattr(self, name)
        if value is None:
            raise unset(name.upper())
        return value.get_secret_value()

    @property
    def own_url(self) -> str | None:
        """Where people reach this server, without a slash at the end; None: not configured."""
        if self.app_env is Environment.PRODUCTION:
            return self.public_url and self.public_url.rstrip("/")
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def sign_up_url(self) -> str | None:
        """Where a stranger can sign up; None: not configured."""
        if self.app_env is Environment.PRODUCTION:
            return self.app_url or self.public_url
        return self.app_url or self.public_url or f"http://localhost:{self.simulator_port}"

    @property
    def signed_in_url(self) -> str | None:
        """Where a browser goes on that a link has signed in; None: no app is configured."""
        if self.app_env is Environment.DEVELOPMENT and not self._is_meta:
            return self.app_url or f"http://localhost:{self.simulator_port}/"
        return self.app_url

    @property
    def wa_me_url(self) -> str:
        """Where ``/<number>?text=…`` opens a chat with that number."""
        return "https://wa.me" if self._is_meta else f"{self.whatsapp_api_url}/wa.me"

    @property
    def _is_meta(self) -> bool:
        """Whether the Graph API is the real one, not a simulator."""
        return self.whatsapp_api_url == _META


def _template(text: str | None) -> Template | None:
    if text is None:
        return None
    name, _, language = text.partition(":")
    return Template(name=name, language=language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the environment and ``.env`` say, right or wrong, and which variables are wrong.

    unusable: they are set, to something that cannot be read, is too short or is a placeholder; the
    default stands in for what cannot be read.
    """

    settings: Settings
    missing: frozenset[str]
    unusable: frozenset[str]

    @property
    def wrong(self) -> frozenset[str]:
        return self.missing | self.unusable


def look_at_settings() -> Reading:
    """Return what is there, however wrong."""
    settings, unreadable = _read()
    unusable = unreadable | set(_unfit(settings))
    return Reading(
        settings=settings,
        missing=frozenset(set(_missing(settings)) - unusable),
        unusable=frozenset(unusable),
    )


def read_settings() -> Settings:
    """Return what the environment and ``.env`` say.

    Raise CannotStart, in one line that names every wrong variable and prints no value.
    """
    reading = look_at_settings()
    if reading.wrong:
        raise unset(*reading.wrong)
    return reading.settings


def unset(*names: str) -> CannotStart:
    """Return what to raise when these variables are missing or wrong."""
    listed = ", ".join(sorted(names))
    return CannotStart(f"set {listed} to a real value (.env.example says where to get it).")


def _read() -> tuple[Settings, set[str]]:
    """Return the settings, and the variables whose default stands in for what cannot be read."""
    try:
        return Settings(), set()
    except ValidationError as exc:
        names = {str(error["loc"][0]) for error in exc.errors(include_input=False)}
    defaults = {name: Settings.model_fields[name].default for name in names}
    return Settings(**defaults), _upper(names)


def _unfit(settings: Settings) -> Iterator[str]:
    """Yield the variables that do not hold a real value; only production asks for those."""
    if settings.app_env is Environment.PRODUCTION:
        yield from _upper(name for name in Settings.model_fields if _is_unfit(settings, name))


def _missing(settings: Settings) -> Iterator[str]:
    """Yield the variables that are not set and have to be, perhaps because others are."""
    given = _upper(name for name in Settings.model_fields if _text(settings, name))
    needed: set[str] = set()
    if settings.app_env is Environment.PRODUCTION:
        needed |= _upper(WHATSAPP_VARIABLES)
        if not given & _upper(SUPABASE_VARIABLES):
            needed |= _upper(_OWN_ACCOUNTS_VARIABLES)
    for together in (WHATSAPP_VARIABLES, SUPABASE_VARIABLES):
        if given & _upper(together):
            needed |= _upper(together)
    if given & _upper(_MAIL_VARIABLES):
        needed.add("MAIL_FROM")
    if given & {"LLM_BASE_URL", "LLM_API_KEY"}:
        needed.add("LLM_MODEL")
    yield from needed - given


def _upper(names: Iterable[str]) -> set[str]:
    return {name.upper() for name in names}


def _is_unfit(settings: Settings, name: str) -> bool:
    text = _text(settings, name)
    is_blank = getattr(settings, name) is not None and not text
    too_short = name == "jwt_secret" and 0 < len(text.encode()) < _SHORTEST_JWT_SECRET
    return is_blank or too_short or _PLACEHOLDER.search(text) is not None


def _text(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return "" if value is None else text.strip()
