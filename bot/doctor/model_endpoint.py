"""The language model, asked as the bot asks it."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from bot.doctor.findings import Finding, Findings, failed, ok, warning
from bot.errors import ModelUnavailable
from bot.models import (
    Avatar,
    AvatarId,
    Channel,
    Line,
    MessageId,
    Personality,
    PersonId,
    Role,
    Said,
    Turn,
)
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.chat.completions import OpenAIModel

_SLOW = 5.0  # seconds


async def examined(settings: Settings, seconds: float) -> Findings:
    if settings.llm_model is None:
        yield ok("Answers are scripted.")
        return
    # A second and 50 MB, which a scripted avatar does without; the endpoint cannot help the second.
    from bot.chat.completions import OpenAIModel  # noqa: PLC0415

    key = settings.llm_api_key
    started = time.monotonic()
    try:
        await _greet(
            OpenAIModel.connect(
                settings.llm_base_url,
                key.get_secret_value() if key else None,
                settings.llm_model,
                timeout_seconds=seconds,
            )
        )
    except ModelUnavailable as exc:
        yield _explained(exc.__cause__)
    except (ValueError, httpx.InvalidURL):  # from writing the request, which then never left
        yield failed("LLM_BASE_URL or LLM_API_KEY holds what cannot be sent: copy it again.")
    else:
        yield _answered(time.monotonic() - started)


async def _greet(model: "OpenAIModel") -> None:
    try:
        await model.reply(_greeting())
    finally:
        await model.close()


def _greeting() -> Turn:
    avatar = Avatar(
        id=AvatarId(uuid4()),
        name="Mia",
        age=30,
        personality=Personality.CARING,
        created_at=datetime.now(UTC),
    )
    hello = Said(id=MessageId(uuid4()), role=Role.USER, line=Line(text="Hello."))
    return Turn(
        person=PersonId(uuid4()),
        channel=Channel.APP,
        avatar=avatar,
        history=(),
        unanswered=(hello,),
    )


def _answered(seconds: float) -> Finding:
    if seconds > _SLOW:
        return warning(
            f"The model answers, after {seconds:.0f} seconds: people will wait as long. A smaller"
            " one may do."
        )
    return ok("The model answers.")


def _explained(cause: BaseException | None) -> Finding:
    """Say what to do; the SDK's errors know the endpoint's HTTP status."""
    status = getattr(cause, "status_code", None)
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return failed("The model's endpoint refuses LLM_API_KEY: set it to a valid one.")
        case HTTPStatus.NOT_FOUND:
            return failed(
                "The endpoint has no such model, or is none: check LLM_MODEL, and LLM_BASE_URL,"
                " which usually ends with /v1."
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            return failed("The endpoint gives us no more answers: look at quota and bill there.")
        case int():
            return failed(f"The endpoint answers HTTP {status}: check LLM_MODEL and its state.")
        case _ if cause is None:
            return warning("The model gave no usable answer to a greeting: try another one.")
        case _:
            return failed(
                f"The model does not answer ({type(cause).__name__}): check LLM_BASE_URL, and"
                " whether the endpoint is up."
            )
