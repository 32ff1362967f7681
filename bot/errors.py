"""What can go wrong, by what can be done about it.

Vendors' exceptions become one of these where the vendor is called; which HTTP status each one is
stands in ``handlers/problems.py`` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class AvaError(Exception):
    """Base of everything Ava raises on purpose."""


# --- the caller can do something -------------------------------------------------------------


class BadSignature(AvaError):
    """The delivery is not signed by Meta with our app secret."""


class NotADelivery(AvaError):
    """The signed body is not a JSON object."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: a dotted path and a sentence for people."""

    field: str
    message: str


class Invalid(AvaError):
    """What was asked breaks a rule; ``faults`` say which fields and how."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class MalformedRequest(AvaError):
    """The body is not the JSON object that the endpoint takes."""


class UnsupportedContent(AvaError):
    """The body is of a type the endpoint does not take."""


class NotSignedIn(AvaError):
    """No token, or one that is expired, forged or not ours."""


class WrongCredentials(AvaError):
    """E-mail and password do not belong together; never says which one is wrong."""


class Forbidden(AvaError):
    """The person is known, and may not do this."""


class Missing(AvaError):
    """What was asked for does not exist, or not for this person."""


class Conflict(AvaError):
    """It exists already, or something it needs does not exist yet."""


# --- asking again later helps ----------------------------------------------------------------


class Unavailable(AvaError):
    """Something outside does not work right now. Asking again later is safe and useful.

    again_in: when it is known how long to wait; None lets the one who asks decide.
    """

    def __init__(self, reason: str = "", *, again_in: timedelta | None = None) -> None:
        super().__init__(reason)
        self.again_in = again_in


class StoreUnavailable(Unavailable):
    """The database did not answer; what was asked may have happened."""


class StoreTimeout(StoreUnavailable):
    """The database took too long; what was asked may have happened."""


class ModelUnavailable(Unavailable):
    """The language model gave no usable answer."""


class GraphUnavailable(Unavailable):
    """The Graph API refused for now, and certainly sent nothing."""


class OutcomeUnknown(Unavailable):
    """The request left and no answer came back: the message may have been sent."""


class AnsweredElsewhere(Unavailable):
    """Part of a turn was answered while its reply was composed; look again what is left."""


# --- asking again does not help ---------------------------------------------------------------


class StoreRejected(AvaError):
    """The database refused a statement: schema and code disagree."""


class SendRejected(AvaError):
    """The Graph API will never send this; ``code`` is Meta's error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Graph API error {code}")
        self.code = code


class CannotStart(AvaError):
    """Ava cannot start; the message is one line for the operator and prints no value."""
