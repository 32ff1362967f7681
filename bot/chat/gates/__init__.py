"""Turns that code answers: a model need not, or must not. Crisis language comes first."""

from bot.chat.gates import ages, crisis, honesty, unseen
from bot.chat.persona import name_of
from bot.models import Role, Turn

_RECENT = 8  # lines of history in which help that was offered is remembered

_NO_AVATAR = (
    "I'd love to talk with you, but I don't exist yet! Make your avatar first, where you signed "
    "up: a name, an age, a personality and looks. Then write to me here again."
)


def answer(turn: Turn) -> str | None:
    """Return the whole answer to *turn* where no model may or need give it; crisis comes first."""
    if not turn.unanswered:
        return None
    texts = [said.line.text for said in turn.unanswered if said.line.readable]
    return (
        _help(turn, texts)
        or ages.refusal(turn)
        or _honest_answer(turn, texts)
        or _without_avatar(turn)
        or _without_words(turn, texts)
    )


def aside(turn: Turn) -> str | None:
    """Return a line to add to the model's answer: what came with the words and was not seen."""
    return unseen.aside(turn)


def _help(turn: Turn, texts: list[str]) -> str | None:
    language = crisis.language_of_crisis(texts)
    if language is None:
        return None
    recent = [said for said in turn.history[-_RECENT:] if said.role is Role.ASSISTANT]
    return crisis.answer(language, again=any(crisis.HELPLINES in s.line.text for s in recent))


def _honest_answer(turn: Turn, texts: list[str]) -> str | None:
    language = next(filter(None, map(honesty.language_of_question, texts)), None)
    if language is None:
        return None
    return honesty.answer(language, name_of(turn.avatar) if turn.avatar else "Ava")


def _without_avatar(turn: Turn) -> str | None:
    return None if turn.avatar else _NO_AVATAR


def _without_words(turn: Turn, texts: list[str]) -> str | None:
    if texts or turn.avatar is None:
        return None
    return unseen.answer(turn, turn.avatar.personality)
