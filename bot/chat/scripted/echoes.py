"""What the scripted avatar takes from the person's words: facts, feelings, and their own phrase."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.chat.languages import plain

Memory = dict[str, str]  # key of ``TOLD`` → what to put there

# How each thing that is remembered is told back.
TOLD = {
    "name": "You're {value}.",
    "home": "You {value}.",
    "work": "You {value}.",
    "likes": "You like {value}.",
    "pet": "Your {value}.",
}

_REST = r"([\w' -]{2,40}?)(?=\s*(?:[.,!?;:)]|$|\s(?:and|but|with|because|so|since|now|too|very)\b))"
_LIKING = r"(?i:\bi (?:really |just )?(?:like|love|enjoy|adore))"
_NATIONALITY = r"Dutch|French|German|Greek|\w+(?:ish|ese|ian|can)\b"
_FACTS = (
    ("name", r"(?i:\bmy name is|\bmy name's|\bi'?m called|\bi am called)\s+(\w+)"),
    ("name", r"(?i:\bcall me)\s+([A-Z]\w+)"),
    ("name", r"(?i:^(?:hi|hey|hello)[,!. ]+(?:i'?m|i am|this is))\s+([A-Z]\w+)"),
    ("name", rf"^(?i:i'?m) (?!{_NATIONALITY})([A-Z][a-z]+)[.!]*$"),
    ("home", rf"(?i:\bi )(live (?:in|near) {_REST})"),
    ("home", rf"(?i:\bi )(come from {_REST})"),
    ("work", rf"(?i:\bi )(work (?:as|at|in|for) {_REST})"),
    ("likes", rf"{_LIKING} (?!(?:you|it|that|this|him|her|to|how|when)\b){_REST}"),
    ("pet", r"(?i:\bmy )((?:dog|cat|rabbit|horse|hamster|parrot)(?:'s name is| is called) \w+)"),
)  # fmt: skip

_GOOD = {
    "happy": "happy", "excited": "excited", "proud": "proud", "relieved": "relieved",
    "great": "great", "amazing": "amazing", "awesome": "awesome", "wonderful": "wonderful",
    "passed": "you passed", "won": "you won", "promotion": "a promotion",
    "promoted": "a promotion", "engaged": "engaged", "in love": "in love",
    "got the job": "you got the job", "good news": "good news", "good day": "a good day",
}  # fmt: skip
_BAD = {
    "sad": "sad", "tired": "tired", "exhausted": "exhausted", "stressed": "stressed",
    "lonely": "lonely", "angry": "angry", "mad": "angry", "anxious": "anxious",
    "scared": "scared", "afraid": "afraid", "sick": "sick", "upset": "upset",
    "worried": "worried", "nervous": "nervous", "bored": "bored", "depressed": "low",
    "awful": "awful", "terrible": "terrible", "heartbroken": "heartbroken",
    "headache": "a headache", "fired": "fired", "broke up": "a break-up",
    "fight": "a fight", "argument": "an argument", "cried": "tears", "crying": "tears",
    "bad day": "a bad day", "rough day": "a rough day", "long day": "a long day",
    "failed": "a failure", "died": "a loss", "passed away": "a loss",
    "not good": "not good", "not great": "not great", "not ok": "not okay",
}  # fmt: skip

_SWAPS = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are",
    "i'm": "you're", "im": "you're", "i've": "you've", "ive": "you've", "i'll": "you'll",
    "i'd": "you'd", "we": "you", "us": "you", "our": "your", "we're": "you're",
    "we've": "you've", "i was": "you were", "you": "me", "your": "my", "yours": "mine",
}  # fmt: skip
_OPENERS = (
    r"(?:(?:and|but|so|also|oh|well|then|because|btw|ok|okay|hi|hey|hello|yes|no|haha)[,!]?\s+)*"
)
_OWN = re.compile(
    rf"{_OPENERS}((?:today|yesterday|tonight|i|i'\w+|im|ive|my|we|we'\w+|our)\b.*)", re.IGNORECASE
)
_NOT_NEWS = re.compile(
    r"(?:my name|call me|i'?m called|i (?:(?:really|just) )?(?:love|like|miss|enjoy|adore) "
    r"|i'?m (?:fine|good|ok|okay|called \w+|[A-Z][a-z]+)$|my \w+(?:'s name is| is called) "
    r"|(?:thanks|thank you|hi+|hey+|hello|good (?:night|morning|evening)|bye|gotta|tell|give|show"
    r"|say|please|let|guess|describe|sing|send|ask|what|who|where|when|why|how|which|do|does|did|can"
    r"|could|would|will|should|is|are)\b)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(?:,| because\b| and\b| but\b| so\b| when\b| which\b| while\b)")
_MOST_WORDS = 14
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Feeling:
    """What somebody feels, in a word that fits a sentence."""

    word: str
    good: bool


def memory_of(texts: Iterable[str]) -> Memory:
    """Return what the person said about themselves; the latest word counts."""
    memory: Memory = {}
    for text in texts:
        for key, pattern in _FACTS:
            if found := re.search(pattern, text.replace("\u2019", "'")):
                memory[key] = _value(key, found[1])
    return memory


def feeling_in(lines: Iterable[str]) -> Feeling | None:
    """Return the feeling that the last line with any speaks of; questions are not asked about."""
    feelings = [found for line in lines if "?" not in line and (found := _feeling(plain(line)))]
    return feelings[-1] if feelings else None


def echo_of(line: str) -> str | None:
    """Return the person's news turned round ("you had a fight with your boss"), if it is short."""
    sentences = re.split(r"(?<=[.!?\u2026])\s+|\n", line.replace("\u2019", "'"))
    return next(filter(None, map(_echo, sentences)), None)


def _echo(sentence: str) -> str | None:
    bare = re.sub(r"[^\w?']+$", "", sentence.strip())
    own = _OWN.fullmatch(bare)
    told = own[1] if own else bare
    if bare.endswith("?") or _NOT_NEWS.match(told) or _NOT_NEWS.match(bare):
        return None
    if len(told.split()) > _MOST_WORDS:
        told = _CLAUSE.split(told, maxsplit=1)[0]
    fits = _FEWEST_WORDS <= len(told.split()) <= _MOST_WORDS
    speaks_of_me = re.search(r"\b(?:you(?:r|'\w+)?|u|ur)\b", told, re.IGNORECASE)
    return _turned(told) if fits and (own or not speaks_of_me) else None


def _feeling(text: str) -> Feeling | None:
    for table, good in ((_BAD, False), (_GOOD, True)):
        for words, label in table.items():
            if found := re.search(rf"\b(not |never |isnt |wasnt |no )?{words}\b", text):
                return (
                    Feeling(f"not {label}", good=False)
                    if good and found[1]
                    else Feeling(label, good)
                )
    return None


def _value(key: str, text: str) -> str:
    if key == "name":
        return text[:1].upper() + text[1:]
    return _turned(text.strip()).replace("'s name is", " is called")


def _turned(text: str) -> str:
    words = re.compile(r"\bi was\b|[\w']+", re.IGNORECASE)
    text = words.sub(lambda word: _SWAPS.get(word[0].lower(), word[0]), text)
    return text[:1].lower() + text[1:] if not text[1:2].isupper() else text
