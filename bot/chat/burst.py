"""How long to wait for the rest of a burst: people say one thing in several messages."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from bot import link_codes
from bot.chat.languages import Language, phrases, words

_TAIL = 60  # characters at the end that tell whether more is to come
_LONGEST_OPENING = 40  # characters

# . ! ? and the ends of sentences and questions of other scripts, Greek to full-width.
_ENDS = frozenset(
    ".!?\u203c\u203d\u2047\u2048\u2049\u037e\u0589\u055c\u055e\u061f\u06d4\u0964\u0965"
    "\u1362\u1367\u1368\u104a\u104b\u17d4\u2e2e\u3002\uff0e\uff01\uff1f\uff61"
)
# Commas, colons, dashes and ellipses, also an ellipsis of several full stops.
_LEADS_ON = re.compile(
    r"(?:[,:\u060c\u3001\uff0c\uff1a\uff64\u2010-\u2015\u2025\u2026\u22ef-]|[.\u3002]{2,})$"
)
_JOINERS = frozenset("\u200d\ufe0f\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_QUOTES = "\"')]}*_~`\u00bb\u2019\u201d\u300d\u300f"  # brackets and WhatsApp's marks, too
_SMILEY = r"(?<!\w)(?:[:;=xX]['-]?[)(DPp3*oO/]++|<3++|\^\^|x++)"  # what it takes, it keeps
_BEHIND = re.compile(rf"(?:[\s{re.escape(_QUOTES)}]|{_SMILEY})+$")

# Words that no sentence ends with, with their accents: "mas" is not "más", "e" is not "é".
_CONJUNCTIONS = {
    Language.EN: "and but or because cause cuz coz if unless although",
    Language.NL: "en maar of want omdat als terwijl hoewel",
    Language.DE: "und aber oder weil dass wenn obwohl",
    Language.FR: "et mais que puisque comme",
    Language.ES: "y pero o porque que aunque",
    Language.PT: "e mas ou porque que embora",
    Language.IT: "e ma o però che quindi",
}
_JOINING = frozenset(" ".join(_CONJUNCTIONS.values()).split())

# What somebody says before they come to the point, as ``languages.words`` writes it.
_OPENINGS = {
    Language.EN: r"""
        (?:hey+|hi|hiya|hello)(?: there| you| again)?|good (?:morning|afternoon|evening)|oh|um|well
        wait|hold on|one sec(?:ond)?|listen|look|btw|by the way|also|anyway|so|guess what
        you know what|(?:and|but|no|ok(?:ay)?) (?:wait|also|so|btw)
    """,
    Language.NL: r"""
        hoi|hallo|hee|dag|goe(?:de|ie)(?:morgen|middag|avond)|wacht(?: even)?|luister|nou|trouwens
        ook|bovendien|moet je horen|weet je wat
    """,
    Language.DE: r"""
        hallo|moin|servus|na|guten (?:morgen|tag|abend)|warte(?: mal| kurz)?|moment(?: mal)?|hor mal
        ubrigens|ausserdem|auch|weisst du was
    """,
    Language.FR: r"""
        salut|coucou|bonjour|bonsoir|attend[sz]|attendez|ecoute|dis|au fait|dailleurs|aussi|en plus
        tu sais(?: quoi)?
    """,
    Language.ES: r"""
        hola|buenas(?: tardes)?|buenos dias|espera|un momento|oye|mira|por cierto|ademas|tambien
        sabes que
    """,
    Language.PT: r"""
        oi|ola|bom dia|boa tarde|(?:es)?pera(?: ai)?|escuta|olha|alias|alem disso|tambem|sabe o que
    """,
    Language.IT: r"""
        ciao|salve|buongiorno|buonasera|aspetta|un attimo|senti|ascolta|guarda|a proposito|anche
        inoltre|comunque|sai cosa
    """,
}
_OPENING = phrases("\n".join(_OPENINGS.values()), {})
_ONLY_OPENINGS = re.compile(rf"(?:{_OPENING.pattern}(?: |$)){{1,4}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient Ava is; with no wait at all each message is a turn of its own."""

    finished: timedelta = timedelta(seconds=0.8)
    fragment: timedelta = timedelta(seconds=2.0)
    unfinished: timedelta = timedelta(seconds=4.0)  # after what promises more: "well," or "hey"
    longest: timedelta = timedelta(seconds=6)  # since the first message of the burst
    # How long after the first unanswered message a new one may still join a reply that is being
    # composed.
    joining: timedelta = timedelta(seconds=20)
    # How long a status may take to tell what became of a send whose answer was lost. Meta reports
    # "sent" within seconds of accepting, and repeats a delivery that we missed after seconds, then
    # minutes.
    outcome: timedelta = timedelta(minutes=2)
    # After SIGTERM, for what runs: of the 30 seconds that Heroku gives until SIGKILL.
    drain: timedelta = timedelta(seconds=15)

    def after(self, text: str | None) -> timedelta:
        """Return how long to wait for more after this message; None: it is not text."""
        if not text:
            return self.finished
        if link_codes.code_in(text):
            return timedelta(0)
        return self._after_words(text.rstrip())

    def _after_words(self, text: str) -> timedelta:
        said, signed = _without_emoji(text[-_TAIL:])
        if _LEADS_ON.search(said):
            return self.unfinished
        if not said or said[-1] in _ENDS:
            return self.finished
        if _joins(said) or (len(text) <= _TAIL and _only_opens(said)):
            return self.unfinished
        return self.finished if signed else self.fragment


def _without_emoji(text: str) -> tuple[str, bool]:
    """Return *text* up to its last word or mark, and whether an emoji or smiley came behind."""
    blank = text  # each delivery pays for this; ASCII has no emoji
    if not text.isascii():
        blank = "".join(" " if _is_emoji(char) else char for char in text)
    said = _BEHIND.sub("", blank)
    behind = text[len(said) :]
    return said, any(not char.isspace() and char not in _QUOTES for char in behind)


def _is_emoji(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) == "So"


def _joins(said: str) -> bool:
    return said.rsplit(maxsplit=1)[-1].casefold() in _JOINING


def _only_opens(said: str) -> bool:
    return len(said) <= _LONGEST_OPENING and _ONLY_OPENINGS.fullmatch(words(said)) is not None
