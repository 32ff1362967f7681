"""A language model behind any endpoint that speaks OpenAI's chat completions."""

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Self

import httpx
import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.chat.persona import name_of
from bot.chat.prompt import prompt
from bot.errors import ModelUnavailable
from bot.models import Avatar, Turn

_TIMEOUT = 30.0  # seconds, all attempts together
_CONNECT_TIMEOUT = 5.0  # seconds
_RETRIES = 2
_ANSWER_TOKENS = 512
# OpenAI's own newer models refuse max_tokens, and what they think counts as said.
_OPENAI_HOST = "api.openai.com"
_OPENAI_ANSWER_TOKENS = 2048

Spent = Callable[[int, int], None]  # tokens: of the prompt, and of the completion

_THOUGHT = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_LAST_SENTENCE = re.compile(r".*[.!?\u2026\u3002\uff01\uff1f][\"')\u201d]*(?=\s|\Z)", re.DOTALL)


class OpenAIModel:
    """Any endpoint that speaks OpenAI's chat completions."""

    def __init__(
        self,
        client: AsyncOpenAI,
        model: str,
        *,
        answer_limit: tuple[str, int] = ("max_tokens", _ANSWER_TOKENS),
        timeout_seconds: float = _TIMEOUT,
        spent: Spent | None = None,
    ) -> None:
        self._client = client
        self._model = model
        self._limits = dict([answer_limit])
        self._timeout_seconds = timeout_seconds
        self._spent = spent

    @classmethod
    def connect(
        cls,
        base_url: str | None,
        api_key: str | None,
        model: str,
        *,
        timeout_seconds: float = _TIMEOUT,
        spent: Spent | None = None,
    ) -> Self:
        """Without *base_url* it is OpenAI itself; without *api_key* the endpoint needs none.

        *spent* is told what each answer cost, where the endpoint says so.
        """
        url = base_url or f"https://{_OPENAI_HOST}/v1"
        client = AsyncOpenAI(
            base_url=url,
            api_key=api_key or "none",  # the SDK insists on one
            max_retries=_RETRIES,
            timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_TIMEOUT, timeout_seconds)),
        )
        if httpx.URL(url).host == _OPENAI_HOST:
            limit = ("max_completion_tokens", _OPENAI_ANSWER_TOKENS)
            return cls(
                client, model, answer_limit=limit, timeout_seconds=timeout_seconds, spent=spent
            )
        return cls(client, model, timeout_seconds=timeout_seconds, spent=spent)

    async def reply(self, turn: Turn) -> str:
        if turn.avatar is None:
            raise ValueError("a turn without an avatar has nobody to answer it")
        choice = await self._complete(prompt(turn, turn.avatar))
        return _tidied(choice, turn.avatar)

    async def close(self) -> None:
        """Close the connections to the endpoint."""
        await self._client.close()

    async def _complete(self, messages: Iterable[ChatCompletionMessageParam]) -> "_Choice":
        """Ask once, with the SDK's retries.

        The raw answer is parsed here: the SDK itself believes whatever an endpoint sends.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._client.chat.completions.with_raw_response.create(
                    model=self._model, messages=messages, extra_body=self._limits
                )
        except (openai.OpenAIError, httpx.HTTPError, TimeoutError) as exc:
            raise ModelUnavailable(type(exc).__name__) from exc
        self._count(raw.content)
        try:
            return _Completion.model_validate_json(raw.content).choices[0]
        except (ValidationError, IndexError) as exc:
            raise ModelUnavailable("not a chat completion") from exc

    def _count(self, answer: bytes) -> None:
        """Pass on what it cost, whether or not the answer is of use."""
        if self._spent is None:
            return
        try:
            usage = _Bill.model_validate_json(answer).usage
        except ValidationError:
            return
        self._spent(usage.prompt_tokens, usage.completion_tokens)


_Tokens = Annotated[int, Field(ge=0, strict=True)]


class _Usage(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    prompt_tokens: _Tokens
    completion_tokens: _Tokens


class _Bill(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    usage: _Usage


class _Message(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    choices: list[_Choice]


# --- what it answers ------------------------------------------------------------------------


def _tidied(choice: _Choice, avatar: Avatar) -> str:
    """Return what may be sent; raise ModelUnavailable when nothing is left."""
    text = _THOUGHT.sub("", choice.message.content or "", count=1)
    text = _without_name(text.strip(), avatar)
    if not text or choice.message.refusal or choice.finish_reason == "content_filter":
        raise ModelUnavailable("no usable answer")
    return _whole_sentences(text) if choice.finish_reason == "length" else text


def _without_name(text: str, avatar: Avatar) -> str:
    names = "|".join(re.escape(name) for name in {avatar.name.strip(), name_of(avatar)} if name)
    prefix = rf"[*_]*(?:{names})[*_]*\s*:[*_]*\s*"
    found = re.match(prefix, text, re.IGNORECASE)
    return text[found.end() :] if found else text


def _whole_sentences(text: str) -> str:
    if found := _LAST_SENTENCE.match(text):
        return found[0]
    return f"{text.rpartition(' ')[0] or text}\u2026"
