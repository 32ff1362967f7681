"""What a language model is asked: persona, recent history, then all that is unanswered."""

from collections.abc import Iterable, Sequence
from typing import Literal

from openai.types.chat import ChatCompletionMessageParam

from bot.chat.persona import instructions, one_line
from bot.models import Avatar, Role, Said, Turn

HISTORY_TOKENS = 2000
UNANSWERED_TOKENS = 6000  # more than the longest line, which always fits
LONGEST_QUOTE = 280  # characters
_LONGEST_LINE = 8000  # characters of one message that a model is shown
_BYTES_PER_TOKEN = 4
_TOKENS_PER_LINE = 4  # role and separators


def prompt(turn: Turn, avatar: Avatar) -> list[ChatCompletionMessageParam]:
    """Return the messages for a model: persona, recent history, then all that is unanswered."""
    spoken = [*_newest(turn.history, HISTORY_TOKENS), *_newest(turn.unanswered, UNANSWERED_TOKENS)]
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": instructions(avatar, turn.channel)}
    ]
    for role, text in _merged(spoken):
        if role == "user":
            messages.append({"role": "user", "content": text})
        elif len(messages) > 1:  # many chat templates insist that the user begins
            messages.append({"role": "assistant", "content": text})
    return messages


def _newest(lines: Sequence[Said], tokens: int) -> list[Said]:
    """Return the newest readable lines that fit into *tokens*, oldest first."""
    kept: list[Said] = []
    left = tokens
    for said in filter(_is_readable, reversed(lines)):
        left -= _tokens(_as_told(said))
        if left < 0:
            break
        kept.append(said)
    return kept[::-1]


def _merged(spoken: Iterable[Said]) -> list[tuple[Literal["user", "assistant"], str]]:
    merged: list[tuple[Literal["user", "assistant"], str]] = []
    for said in spoken:
        role: Literal["user", "assistant"] = "user" if said.role is Role.USER else "assistant"
        if merged and merged[-1][0] == role:
            merged[-1] = (role, f"{merged[-1][1]}\n{_as_told(said)}")
        else:
            merged.append((role, _as_told(said)))
    return merged


def _as_told(said: Said) -> str:
    text = said.line.text[:_LONGEST_LINE]
    if said.quoted:
        return f"> {one_line(said.quoted, longest=LONGEST_QUOTE)}\n{text}"
    return text


def _is_readable(said: Said) -> bool:
    return said.line.readable


def _tokens(text: str) -> int:
    return len(text.encode(errors="replace")) // _BYTES_PER_TOKEN + _TOKENS_PER_LINE
