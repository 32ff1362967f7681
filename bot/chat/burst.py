"""How long to wait for the rest of a burst: people say one thing in several messages."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from bot import link_codes

LONGEST_WAIT = timedelta(seconds=6)  # since the first message of the burst
_TAIL = 40  # characters at the end that tell whether a sentence is finished

# Closing quotes and brackets, WhatsApp's marks, variation selectors, joiners and skin tones.
_TRAILERS = re.compile(
    r"[\s\"')\]}*_~`\u00bb\u2019\u201d\u300d\u300f\u200d\ufe0f\u20e3\U0001f3fb-\U0001f3ff]+$"
)
# . ! ? and the ends of sentences and questions of other scripts, Greek to full-width.
_ENDS = (
    ".!?\u2026\u203c\u203d\u2047\u2048\u2049\u037e\u0589\u055c\u055e\u061f\u06d4\u0964\u0965"
    "\u1362\u1367\u1368\u104a\u104b\u17d4\u2e2e\u3002\uff0e\uff01\uff1f\uff61"
)
_SMILEY = re.compile(r"(?:[:;=xX]['-]?[)(DPp3*oO/]|<3|\^\^|x+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient Ava is; with no wait at all each message is a turn of its own."""

    finished: timedelta = timedelta(seconds=0.8)
    fragment: timedelta = timedelta(seconds=2.0)
    longest: timedelta = timedelta(seconds=6)  # since the first message of the burst
    # How long a status may take to tell what became of a send whose answer was lost. Meta reports
    # "sent" within seconds of accepting, and repeats a delivery that we missed after seconds, then
    # minutes.
    outcome: timedelta = timedelta(minutes=2)

    def after(self, text: str | None) -> timedelta:
        """Return how long to wait for more after this message; None: it is not text."""
        if text and link_codes.code_in(text):
            return timedelta(0)
        return self.finished if not text or _is_finished(text) else self.fragment


def _is_finished(text: str) -> bool:
    text = text[-_TAIL:]
    if re.search(r"(?:^|\s)" + _SMILEY.pattern, text.rstrip()):
        return True
    said = _TRAILERS.sub("", text)
    return not said or said[-1] in _ENDS or unicodedata.category(said[-1]) == "So"
