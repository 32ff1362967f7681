"""What Ava says about things it cannot look at or listen to. It never claims to have."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.languages import Language, language_of
from bot.models import Personality, Role, Said, Turn

_RECENT = 12  # lines of history within which the same aside is not said again


@dataclass(frozen=True, slots=True)
class _Thing:
    one: str
    several: str
    cannot: str  # after "I can't"
    sense: str  # key of ``_ELSEWHERE``


_THING = _Thing("something", "some things", "open that", "open")
_THINGS = {
    "image": _Thing("a photo", "photos", "look at photos", "see"),
    "video": _Thing("a video", "videos", "watch videos", "see"),
    "audio": _Thing("a voice message", "voice messages", "listen to voice messages", "hear"),
    "sticker": _Thing("a sticker", "stickers", "see stickers", "see"),
    "document": _Thing("a document", "documents", "open documents", "open"),
    "location": _Thing("a location", "locations", "look at maps", "open"),
    "contacts": _Thing("a contact", "contacts", "open contacts", "open"),
    "order": _Thing("an order", "orders", "open orders", "open"),
}

_ANSWERS = {
    Personality.PLAYFUL: (
        "You sent me {what} and I can't {cannot} yet. The suspense! 🙈 Tell me in words?",
        "Plot twist: {what}, and I can't {cannot} yet 😅 Describe it like I'm sitting in the dark.",
        "Nooo, {what}! I can't {cannot} yet, so you have to be my narrator. Go!",
    ),
    Personality.DOMINANT: (
        "You sent {what}. I can't {cannot} yet. Tell me in words.",
        "I can't {cannot} yet. Put it in a sentence, and make it a good one.",
        "Noted: {what}. I can't {cannot} yet, so you describe it. I'm waiting.",
    ),
    Personality.SHY: (
        "oh, {what}... I'm sorry, I can't {cannot} yet. would you tell me about it?",
        "um, I can't {cannot} yet... but I'd like to know. what is it?",
        "you sent me {what}, that's sweet... I can't {cannot} yet though. maybe in words?",
    ),
    Personality.CARING: (
        "Thank you for sharing {what} with me. I can't {cannot} yet, so tell me about it?",
        "I wish I could, but I can't {cannot} yet. What would you like me to know about it?",
        "You thought of me and sent {what}, how kind. I can't {cannot} yet. Tell me in words?",
    ),
    Personality.INTELLECTUAL: (
        "You've sent {what}, and I can't {cannot} yet. Try the older medium: words?",
        "A limit of mine: I can't {cannot} yet. How would you describe it to somebody far away?",
        "I can't {cannot} yet, so {what} has to become a sentence first. What does it say to you?",
    ),
    Personality.ADVENTUROUS: (
        "Ooh, {what}! I can't {cannot} yet, so take me there in words. What's going on?",
        "I can't {cannot} yet, but I want the whole story. Where are we?",
        "You sent {what}? I can't {cannot} yet. Dare you to describe it in five words!",
    ),
}
_ELSEWHERE = {
    Language.NL: {
        "see": "Ik kan nog geen beelden bekijken. Vertel je me wat erop staat?",
        "hear": "Ik kan nog geen spraakberichten beluisteren. Wil je het me schrijven?",
        "open": "Dat kan ik nog niet openen. Vertel je me wat het is?",
    },
    Language.DE: {
        "see": "Bilder kann ich noch nicht ansehen. Erzählst du mir, was darauf ist?",
        "hear": "Sprachnachrichten kann ich noch nicht anhören. Schreibst du es mir?",
        "open": "Das kann ich noch nicht öffnen. Erzählst du mir, was es ist?",
    },
    Language.FR: {
        "see": "Je ne peux pas encore regarder d'images. Tu me racontes ce qu'on y voit ?",
        "hear": "Je ne peux pas encore écouter de messages vocaux. Tu me l'écris ?",
        "open": "Je ne peux pas encore ouvrir ça. Tu me dis ce que c'est ?",
    },
    Language.ES: {
        "see": "Todavía no puedo ver imágenes. ¿Me cuentas qué se ve?",
        "hear": "Todavía no puedo escuchar notas de voz. ¿Me lo escribes?",
        "open": "Todavía no puedo abrir eso. ¿Me cuentas qué es?",
    },
    Language.PT: {
        "see": "Ainda não consigo ver imagens. Você me conta o que aparece?",
        "hear": "Ainda não consigo ouvir mensagens de voz. Você me escreve?",
        "open": "Ainda não consigo abrir isso. Você me conta o que é?",
    },
    Language.IT: {
        "see": "Non posso ancora guardare immagini. Mi racconti cosa si vede?",
        "hear": "Non posso ancora ascoltare messaggi vocali. Me lo scrivi?",
        "open": "Non posso ancora aprirlo. Mi racconti cos'è?",
    },
}


def answer(turn: Turn, personality: Personality) -> str:
    """Return what to say to a turn without a readable word; not what was said the last times."""
    thing = _thing_in(turn.unanswered)
    language = _language(turn.history)
    if language is not Language.EN:
        return _ELSEWHERE[language][thing.sense]
    what = thing.several if len(turn.unanswered) > 1 else thing.one
    options = [text.format(what=what, cannot=thing.cannot) for text in _ANSWERS[personality]]
    said = [line.line.text for line in turn.history if line.role is Role.ASSISTANT]
    fresh = [text for text in options if text not in said[-2:]]
    return fresh[zlib.crc32(turn.unanswered[-1].id.bytes) % len(fresh)]


def aside(turn: Turn) -> str | None:
    """Return one line about what came along with words; None for stickers and when just said."""
    things = [said for said in turn.unanswered if said.line.attachment not in {None, "sticker"}]
    if not things or not any(said.line.readable for said in turn.unanswered):
        return None
    thing = _thing_in(things)
    language = _language(turn.unanswered)
    if language is Language.EN:
        text = f"(I can't {thing.cannot} yet, so tell me what matters about it.)"
    else:
        text = f"({_ELSEWHERE[language][thing.sense]})"
    recent = (said.line.text for said in turn.history[-_RECENT:] if said.role is Role.ASSISTANT)
    return None if any(text in said for said in recent) else text


def _thing_in(lines: Sequence[Said]) -> _Thing:
    """Return what the lines carry, or the general thing when it is a mixture."""
    kinds = {said.line.attachment for said in lines}
    kind = kinds.pop() or "" if len(kinds) == 1 else ""
    return _THINGS.get(kind, _THING)


def _language(lines: Sequence[Said]) -> Language:
    spoken = [said.line for said in lines if said.role is Role.USER and said.line.readable]
    return language_of(" ".join(line.text for line in spoken[-_RECENT:]))
