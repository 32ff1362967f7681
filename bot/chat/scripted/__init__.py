"""The avatar without a language model: tables, a few rules, and an ear for what was said.

It claims to be no more than that. The same turn always gets the same answer.
"""

import re
import zlib
from collections.abc import Iterable, Iterator

from bot.chat.languages import Language, language_of, plain
from bot.chat.persona import one_line
from bot.chat.scripted.answers import Scene, answers
from bot.chat.scripted.echoes import echo_of, feeling_in, memory_of
from bot.chat.scripted.topics import LISTENING, NEWS, OPENING, TOPICS
from bot.models import Avatar, Role, Turn

_LONGEST_QUOTE = 60  # characters
_LONGEST_LINE = 600  # characters that it listens to
_RECENT = 6  # of its own messages; what is in them is not said again
_ATTEMPTS = 6
_MOST_ANSWERS = 3  # things answered in one message
_SHORT = 3  # words

_ENGLISH_ONLY = {
    Language.NL: "Ik versta je half: zonder taalmodel spreek ik alleen Engels. In English, maybe?",
    Language.DE: "Ich verstehe dich halb: Ohne Sprachmodell kann ich nur Englisch. In English?",
    Language.FR: "Je comprends à moitié : sans modèle de langue, je ne parle qu'anglais. English?",
    Language.ES: "Te entiendo a medias: sin modelo de lenguaje solo hablo inglés. In English?",
    Language.PT: "Entendo pela metade: sem modelo de linguagem, só falo inglês. In English?",
    Language.IT: "Capisco a metà: senza un modello linguistico parlo solo inglese. In English?",
}
_GREETING = re.compile(r"(?:hi+|hey+|hello|yo|heya|hiya|good (?:morning|evening|afternoon))\b")
_GOODBYE = re.compile(
    r"\b(?:bye|goodbye|good ?night|gotta go|see you|ttyl|(?:talk|speak) (?:to you )?(?:later|soon))"
)
_INTRODUCED = re.compile(
    r"\b(?:my name is|im called) \w|\bmy names [^?]*$|\bcall me \w"
    r"|^(?:(?:hi|hey|hello)\W+)?im \w+\W*$"
)
_ASKS = re.compile(
    r"(?:what|who|where|when|why|how|which|do|does|did|can|could|would|will|should|is|are)s?\b"
)


class ScriptedAvatar:
    """A ``LanguageModel`` without a model."""

    async def reply(self, turn: Turn) -> str:
        if turn.avatar is None:
            raise ValueError("a turn without an avatar has nobody to answer it")
        said = _own_words(turn)
        for attempt in range(_ATTEMPTS):
            draft = _compose(_scene(turn, turn.avatar, attempt))
            if draft not in said:
                return draft
        return f"As I said: {draft}" if said[-1] == draft else draft


def _scene(turn: Turn, avatar: Avatar, attempt: int) -> Scene:
    said = [line for line in turn.unanswered if line.line.readable]
    before = [line.line.text[:_LONGEST_LINE] for line in turn.history if line.role is Role.USER]
    lines = tuple(line.line.text[:_LONGEST_LINE] for line in said)
    return Scene(
        avatar=avatar,
        lines=lines,
        text=plain(" . ".join(lines)),
        quoted=next((line.quoted for line in reversed(said) if line.quoted), None),
        memory=memory_of([*before, *lines]),
        earlier=memory_of(before),
        said=" ".join(_own_words(turn)[-_RECENT:]),
        seed=zlib.crc32(turn.unanswered[-1].id.bytes) + attempt,
    )


def _own_words(turn: Turn) -> list[str]:
    return [said.line.text for said in turn.history if said.role is Role.ASSISTANT]


def _compose(scene: Scene) -> str:
    language = language_of(" ".join(scene.lines))
    if language is not Language.EN:
        return _ENGLISH_ONLY[language]
    text = _joined(scene, _parts(scene))
    if scene.quoted:
        return f'About "{one_line(scene.quoted, longest=_LONGEST_QUOTE)}": {text}'
    return text


def _parts(scene: Scene) -> list[str]:
    """Return a greeting, answers to what was asked, what to make of the rest, and a question."""
    given, news = list(answers(scene))[:_MOST_ANSWERS], list(_reaction(scene))
    parts = [*_greeting(scene, alone=not (given or news)), *given, *news]
    if _GOODBYE.search(scene.text):
        parts.append(scene.pick(scene.voice.bye))
    elif not parts:
        parts.append(_at_a_loss(scene))
    elif not parts[-1].endswith("?"):
        parts.append(
            _question(scene) if news else scene.pick(scene.voice.yours if given else OPENING)
        )
    return parts


def _greeting(scene: Scene, *, alone: bool) -> Iterator[str]:
    name = scene.memory.get("name")
    if name and _INTRODUCED.search(scene.text) and not feeling_in(scene.lines):
        yield scene.pick(scene.voice.met, name=name)
    elif alone and _GREETING.match(scene.text):
        yield scene.pick(scene.voice.hello)


def _reaction(scene: Scene) -> Iterator[str]:
    """Yield what to say to the person's own news, if there are any."""
    voice = scene.voice
    if feeling := feeling_in(scene.lines):
        yield scene.pick(voice.glad if feeling.good else voice.sorry, feeling=feeling.word)
        yield from _recap(_echoes(line for line in scene.lines if feeling_in([line]) != feeling))
        return
    echoes = _echoes(scene.lines)
    if len(echoes) > 1:
        yield scene.pick(voice.burst, first=echoes[0], last=echoes[-1])
    elif echoes:
        yield scene.pick(voice.heard, echo=echoes[0])


def _echoes(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(echo for line in lines if (echo := echo_of(line))))


def _recap(echoes: list[str]) -> Iterator[str]:
    if len(echoes) > 1:
        yield f"First {echoes[0]}, then {echoes[-1]}."
    elif echoes:
        yield f"And {echoes[0]}, too."


def _question(scene: Scene) -> str:
    words = set(re.findall(r"[a-z]+", scene.text))
    topical = [ask for keys, asks in TOPICS.items() if words & set(keys.split()) for ask in asks]
    return scene.pick(topical or NEWS)


def _at_a_loss(scene: Scene) -> str:
    last = plain(scene.lines[-1])
    if last.endswith("?") or _ASKS.match(last):
        return scene.pick(scene.voice.unsure)
    if len(last.split()) > _SHORT:
        return scene.pick(LISTENING)
    if pet := scene.earlier.get("pet"):
        return scene.pick((*scene.voice.short, "And how is {pet}?"), pet=pet.rpartition(" ")[2])
    return scene.pick(scene.voice.short)


def _joined(scene: Scene, parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        gap = "... " if text[-1:].isalnum() else " "
        text = f"{text}{gap}{part}" if text else part
    if scene.is_shy:
        return text
    return re.sub(r"(?:^|(?<=[.!?] ))[a-z]", lambda letter: letter[0].upper(), text)
