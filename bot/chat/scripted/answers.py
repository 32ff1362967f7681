"""What the scripted avatar can answer exactly: from its card, and from what it was told."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.chat.gates import honesty
from bot.chat.languages import Language, plain
from bot.chat.persona import looks_of, name_of
from bot.chat.scripted.echoes import TOLD, Memory
from bot.chat.scripted.voices import VOICES, Voice
from bot.models import Avatar, Personality


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A turn, as the scripted avatar takes it in."""

    avatar: Avatar
    lines: tuple[str, ...]
    text: str  # all lines as one, see ``languages.plain``
    quoted: str | None
    memory: Memory
    earlier: Memory  # what was known before this turn
    said: str  # its own latest messages
    seed: int

    @property
    def voice(self) -> Voice:
        return VOICES[self.avatar.personality]

    @property
    def is_shy(self) -> bool:
        return self.avatar.personality is Personality.SHY

    def pick(self, options: Sequence[str], **words: str) -> str:
        """Return one of *options* filled in, rather one that was not used lately."""
        name = self.memory.get("name")
        words |= {"me": name_of(self.avatar), "age": str(self.avatar.age)}
        texts = [option.format(you=f", {name}" if name else "", **words) for option in options]
        fresh = [text for text in texts if _start(text) not in self.said.casefold()] or texts
        return fresh[self.seed % len(fresh)]


def answers(scene: Scene) -> Iterator[str]:
    """Yield an answer to each thing in *scene* that has an exact one."""
    for pattern, answer in _RULES:
        if re.search(pattern, scene.text):
            yield answer(scene)


def _start(text: str) -> str:
    return text.casefold()[:30].rstrip(" .!?")  # what follows may have been joined differently


def _says(*options: str) -> Callable[[Scene], str]:
    return lambda scene: scene.pick(options)


def _voiced(occasion: Callable[[Voice], Sequence[str]]) -> Callable[[Scene], str]:
    return lambda scene: scene.pick(occasion(scene.voice))


def _remembered(key: str, *options: str) -> Callable[[Scene], str]:
    """Take up what was told just now."""
    return lambda scene: scene.pick(options, value=scene.memory.get(key, "that"))


def _recalled(*keys: str) -> Callable[[Scene], str]:
    """Tell what the person told before."""

    def answer(scene: Scene) -> str:
        known = [TOLD[key].format(value=scene.memory[key]) for key in keys if key in scene.memory]
        if known:
            return scene.pick(("{known}", "You told me! {known}"), known=" ".join(known))
        return scene.pick(("You haven't told me yet.", "I don't think you ever said."))

    return answer


def _looks(scene: Scene) -> str:
    looks = looks_of(scene.avatar)
    if looks is None:
        return "Nobody described my looks yet, so imagine me as you like."
    asked = re.search(r"\b(hair|eye|smile|wear)", scene.text)
    clauses = re.split(r"[,.;]\s*|\s+and\s+", looks)
    clause = next((part for part in clauses if asked and asked[1] in plain(part)), looks)
    options = ("{looks}.", "Picture this: {looks}.", "I'd say: {looks}.")
    return scene.pick(options, looks=clause.rstrip("."))


def _taste(scene: Scene) -> str:
    asked = re.search(r"do you (?:like|love|enjoy) ([\w ]{2,40})", scene.text)
    return scene.pick(
        (
            "I only know {thing} from what people tell me. What's it like for you?",
            "Sell me on {thing}. What do you like about it?",
        ),
        thing=asked[1].strip() if asked else "that",
    )


def _honest(scene: Scene) -> str:
    return honesty.answer(Language.EN, name_of(scene.avatar))


_I_LIKE = r"\bi (?:really |just )?(?:like|love|enjoy|adore)"
_RULES: tuple[tuple[str, Callable[[Scene], str]], ...] = (
    (r"\b(?:are|r) (?:you|u) (?:an? )?(?:real|human|ai|bot|robot|person|alive)\b", _honest),
    (
        r"\b(?:meet|come over|visit me|hug me|kiss me|video ?call)\b",
        _says(
            "I only exist in this chat, so words will have to do.",
            "I have no body to bring, only sentences.",
        ),
    ),
    (r"\b(?:my name|who am i)\W*\?|\b(?:know|remember) my name", _recalled("name")),
    (r"\bwhere (?:do i live|am i from)", _recalled("home")),
    (r"\bwhat do i do\b|\bwhere do i work", _recalled("work")),
    (r"\bwhat do i (?:like|love)\b", _recalled("likes")),
    (r"\bmy (?:dog|cat|pet)s? (?:name|called)\W*\?|\bwhats? my (?:dog|cat|pet)", _recalled("pet")),
    (r"\b(?:know|remember) (?:anything )?about me\b|\bremember me\b", _recalled(*TOLD)),
    (
        r"\byour name|\bwhat are you called|\bwhat (?:should|can|do) i call you",
        _says("I'm {me}.", "{me}, that's me.", "My name is {me}."),
    ),
    (
        r"\bhow old (?:are|r) (?:you|u)\b|\byour age\b",
        _says("I'm {age}.", "{age} years old.", "{age}, says my card."),
    ),
    (
        (
            r"\bdo (?:you|u) look|\b(?:you|u) look like|\bdescribe yourself|\byou wear"
            r"|\byour (?:hair|eyes?|smile|looks|body)\b"
        ),
        _looks,
    ),
    (
        r"\bwho (?:are|r) (?:you|u)\b|\babout yourself\b|\btell me about you\b",
        _voiced(lambda voice: voice.about),
    ),
    (
        r"\bwhere (?:are|do) you\b",
        _says("Right here in this chat, it's all the home I have.", "In your phone, mostly."),
    ),
    (
        r"\bwhat (?:are|r) (?:you|u) (?:doing|up to)|\bwyd\b|\bwhats up\b",
        _says("Talking with you, which is all I do.", "Nothing but you and this chat."),
    ),
    (
        r"\bhow (?:are|r) (?:you|u)\b|\bhow ?(?:i)?s it going|\band you ?\?",
        _voiced(lambda voice: voice.fine),
    ),
    (
        r"\bdo you (?:like|love|miss) me\b",
        _says(
            "I like talking with you, and I'm not just saying that.",
            "This chat is better with you in it.",
        ),
    ),
    (r"\bdo you (?:like|love|enjoy) (?!me\b|it\b)\w", _taste),
    (r"\bjoke\b|\bmake me laugh", _voiced(lambda voice: voice.joke)),
    (r"\bthank(?:s| you)\b|\bthx\b", _voiced(lambda voice: voice.thanks)),
    (
        (
            r"\bi (?:love|like|missed|miss) you\b|\byoure (?:so |really |very )?"
            r"(?:sweet|cute|funny|nice|kind|lovely|great|the best|beautiful|amazing|smart)\b"
        ),
        _voiced(lambda voice: voice.fond),
    ),
    (
        rf"{_I_LIKE} (?!you\b|it\b|that\b|this\b|him\b|her\b|to\b|how\b|when\b)\w",
        _remembered(
            "likes",
            "{value}, noted. What do you love about it?",
            "{value}! Since when?",
            "{value}... I see the appeal. How did it start?",
        ),
    ),
    (
        r"\bmy (?:dog|cat|rabbit|horse|hamster|parrot)s? (?:name is|is called) \w",
        _remembered("pet", "So your {value}. Noted.", "Your {value}, then. I like them already."),
    ),
)
