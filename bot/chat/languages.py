"""Which language somebody writes, as far as Ava's own sentences need to know."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

_LONGEST = 4096  # characters looked at; beyond that nobody types
_APOSTROPHES = dict.fromkeys(map(ord, "'`\u00b4\u2018\u2019\u02bc"))


class Language(StrEnum):
    """The languages that Ava's own sentences exist in."""

    EN = "en"
    NL = "nl"
    DE = "de"
    FR = "fr"
    ES = "es"
    PT = "pt"
    IT = "it"


# Frequent words that are rare in the other six, written as ``plain`` writes them.
_WORDS = {
    Language.EN: "the you your is are my i im what this that it with have and not do dont can how",
    Language.NL: "ik je jij het een niet van mijn wat hoe ben heb dat dit maar ook wel deze naar",
    Language.DE: "ich du das der ist nicht und ein eine mein wie mir mich dir bin habe auch heute",
    Language.FR: "je tu le les est pas une mon ma moi toi jai cest suis quoi avec pour dans vous",
    Language.ES: "el yo los es una mi que estoy tengo como por muy pero hola esta hoy quiero eres",
    Language.PT: "eu voce nao um uma meu minha que estou tenho isso muito mas ola hoje quero vc",
    Language.IT: "io il che sono non mi una mio mia ho questo come ciao sei molto oggi della cosa",
}
_STOPWORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def plain(text: str) -> str:
    """Return *text* for matching: lower case, no accents, no apostrophes, single spaces.

    Letters drawn out ("dieeee") are shortened, invisible characters fall away.
    """
    text = text[:_LONGEST].translate(_APOSTROPHES)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)[:_LONGEST]  # one character may become eighteen
        text = "".join(char for char in text if unicodedata.category(char) not in {"Mn", "Cf"})
    text = text.casefold()
    return re.sub(r"([a-z])\1{2,}", r"\1", " ".join(text.split()))


def words(text: str) -> str:
    """Return *text* as ``plain`` does, with nothing but single spaces between the words."""
    return " ".join(re.findall(r"[^\W_]+", plain(text)))


def language_of(text: str) -> Language:
    """Return the language *text* seems to be in; English when there is no telling."""
    said = set(re.findall(r"[a-z]+", plain(text)))
    return max(Language, key=lambda language: len(said & _STOPWORDS[language]))


def phrases(table: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    """Return a pattern that finds any phrase of *table*, in text made by ``plain``.

    One regular expression a line, from the start of a word; a backslash at the end continues it,
    ``<name>`` stands for one of *parts*.
    """
    lines = re.sub(r"\\\n\s*", "", table).split("\n")
    pattern = "|".join(line.strip() for line in lines if line.strip())
    pattern = re.sub(r"(?<!P)<([a-z ]+)>", lambda part: parts[part[1]], pattern)
    return re.compile(rf"\b(?:{pattern})")
