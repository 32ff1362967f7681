"""Turns that code answers: a model need not, or must not. Crisis language comes first."""

from dataclasses import dataclass

from bot.chat import wording
from bot.chat.gates import ages, consent, crisis, honesty, unseen
from bot.chat.gates.consent import Wish
from bot.chat.languages import Language, language_of
from bot.chat.persona import name_of
from bot.models import Channel, Role, Turn

_RECENT = 8  # lines of history in which help that was offered is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What code has to say about a turn.

    text: the whole answer; None: a model gives it, unless it is_silent. wish: what the person
    wants to be noted. is_urgent: it comes before whatever waits to be sent.
    """

    text: str | None = None
    wish: Wish | None = None
    is_silent: bool = False
    is_urgent: bool = False


def judge(turn: Turn, *, is_silenced: bool = False) -> Verdict:
    """Return what no model may or need decide. is_silenced: they have said STOP before.

    Crisis comes first: help is offered even to those who want no messages.
    """
    texts = _texts(turn)
    wish = consent.wish(texts) if turn.channel is Channel.WHATSAPP else None
    if text := _help(turn, texts):
        return Verdict(text=text, wish=wish, is_urgent=True)
    if wish is Wish.STOP and not is_silenced:
        text = wording.silenced(language_of_turn(turn))
        return Verdict(text=text, wish=wish, is_urgent=True)
    if wish is Wish.START and is_silenced:
        return Verdict(text=wording.unsilenced(language_of_turn(turn), turn.avatar), wish=wish)
    if is_silenced:
        return Verdict(is_silent=True)
    return Verdict(text=answer(turn))


def answer(turn: Turn) -> str | None:
    """Return the whole answer to *turn* where no model may or need give it; crisis comes first."""
    if not turn.unanswered:
        return None
    texts = _texts(turn)
    return (
        _help(turn, texts)
        or ages.refusal(turn)
        or _honest_answer(turn, texts)
        or _without_avatar(turn)
        or _without_words(turn, texts)
    )


def language_of_turn(turn: Turn) -> Language:
    """Return the language of somebody who may just have said "STOP": of their last lines."""
    said = [*(s for s in turn.history if s.role is Role.USER), *turn.unanswered][-_RECENT:]
    return language_of("\n".join(s.line.text for s in said if s.line.readable))


def aside(turn: Turn) -> str | None:
    """Return a line to add to the model's answer: what came with the words and was not seen."""
    return unseen.aside(turn)


def _texts(turn: Turn) -> list[str]:
    return [said.line.text for said in turn.unanswered if said.line.readable]


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
    return None if turn.avatar else wording.without_avatar(language_of_turn(turn))


def _without_words(turn: Turn, texts: list[str]) -> str | None:
    if texts or turn.avatar is None:
        return None
    return unseen.answer(turn, turn.avatar.personality)
