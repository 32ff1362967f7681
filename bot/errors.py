"""What can go wrong, by what can be done about it.

Vendors' exceptions become one of these where the vendor is called; which HTTP status each one is
stands in ``handlers/problems.py`` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


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


class MalformedKey(MalformedRequest):
    """The Idempotency-Key is no text that can be one."""


class UnsupportedContent(AvaError):
    """The body is of a type the endpoint does not take."""


class NotSignedIn(AvaError):
    """No token, or one that is expired, forged or not ours."""


class TokenReused(NotSignedIn):
    """A refresh token came a second time, so somebody else has it too; its session has ended."""

    def __init__(self, person: UUID, session: UUID) -> None:
        super().__init__("reused")
        self.person = person
        self.session = session


class WrongCredentials(AvaError):
    """E-mail and password do not belong together; never says which one is wrong."""


class Forbidden(AvaError):
    """The person is known, and may not do this."""


class Missing(AvaError):
    """What was asked for does not exist, or not for this person."""


class DeadLink(AvaError):
    """A one-time link that was used, replaced by a newer one or too old, or that never was one."""


class Conflict(AvaError):
    """It exists already, or something it needs does not exist yet."""


# --- asking again later helps ----------------------------------------------------------------


class TooMany(AvaError):
    """The same was asked too often; again_in: when it may be asked again."""

    def __init__(self, again_in: timedelta) -> None:
        super().__init__("too many")
        self.again_in = again_in


class StillRunning(Conflict):
    """The same is being done at this moment."""


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


class AccountsUnavailable(Unavailable):
    """Whoever keeps the accounts did not answer; what was asked may have happened."""


class AccountsTimeout(AccountsUnavailable):
    """Whoever keeps the accounts took too long; what was asked may have happened."""


class ModelUnavailable(Unavailable):
    """The language model gave no usable answer."""


class GraphUnavailable(Unavailable):
    """The Graph API was not reached, and certainly sent nothing."""


class OutcomeUnknown(Unavailable):
    """The request left and no answer came back: the message may have been sent."""


class Postponed(Unavailable):
    """WhatsApp does not take this message yet: Meta said so, or it would be too fast."""


class SendingStopped(Postponed):
    """Nothing leaves our number before an operator has seen to it; whoever waits is woken then."""


class MailUnavailable(Unavailable):
    """An e-mail could not be handed over for now."""


class AnsweredElsewhere(Unavailable):
    """A turn is not what it was: part of it was answered, or its person left; look again."""


# --- what Meta refuses -----------------------------------------------------------------------


class Cure(StrEnum):
    """What helps after a refusal; what Ava does about each is ``refuse`` in migration 022."""

    TRANSIENT = "transient"  # trying again, with backoff
    FEW_TRIES = "few_tries"  # trying again, three times: nobody knows what is wrong
    THROTTLED = "throttled"  # the number sending less, for minutes
    PAIR_RATE = "pair_rate"  # sending this person less: 1, 4, 16, 64 seconds
    OPERATOR = "operator"  # the operator: token, payment, number, rights
    UNREACHABLE = "unreachable"  # nothing, until this person writes
    WINDOW_CLOSED = "window_closed"  # that the person writes; 24 hours have gone by
    OURS = "ours"  # a change of our code: the same request fails again


class SendRefused(AvaError):
    """The Graph API answered with an error, and certainly sent nothing.

    code: Meta's. details: what Meta says about it, which may quote what was sent.
    """

    def __init__(self, code: int, cure: Cure, details: str | None = None) -> None:
        super().__init__(f"Graph API error {code}")
        self.code = code
        self.cure = cure
        self.details = details


# --- asking again does not help ---------------------------------------------------------------


class StoreRejected(AvaError):
    """The database refused a statement: schema and code disagree."""


class AccountsRejected(AvaError):
    """Whoever keeps the accounts refused what the code believed to be right."""


class MailRejected(AvaError):
    """This e-mail will never go; the reason quotes nothing of it."""


class NotConfigured(AvaError):
    """Whoever runs this Ava has not set what this needs; the message names it."""


class CannotStart(AvaError):
    """Ava cannot start; the message is one line for the operator and prints no value."""
