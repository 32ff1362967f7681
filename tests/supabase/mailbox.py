"""One-time tokens, and the mails that carry them."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from tests.supabase.people import Person

# Types of verification that stand for the same token; "email" stands for any.
_FAMILIES = {
    "signup": "confirmation",
    "invite": "confirmation",
    "magiclink": "recovery",
    "recovery": "recovery",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a template has to say it with."""

    email: str
    kind: str  # "signup", "magiclink", "recovery"
    token: str  # six digits
    token_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    person: UUID
    mail: Mail
    at: float  # by the monotonic clock


class Mailbox:
    """Every person has at most one token of each family; a new one replaces the old."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self._issued: dict[tuple[UUID, str], _Issued] = {}

    def issue(self, person: Person, kind: str) -> Mail:
        token = f"{secrets.randbelow(10**6):06d}"
        proof = proof_of(person["email"], token)
        mail = Mail(email=person["email"], kind=kind, token=token, token_hash=proof)
        issued = _Issued(person=person["id"], mail=mail, at=time.monotonic())
        self._issued[person["id"], _FAMILIES[kind]] = issued
        return mail

    def send(self, person: Person, kind: str) -> None:
        self.sent.append(self.issue(person, kind))

    def redeem(self, proof: str, kind: str, *, lifetime: float) -> UUID | None:
        """Return whose token it was, once."""
        for place, issued in self._issued.items():
            if issued.mail.token_hash == proof and kind in ("email", *_kinds(place[1])):
                del self._issued[place]
                return issued.person if time.monotonic() - issued.at <= lifetime else None
        return None


def proof_of(email: str, token: str) -> str:
    return hashlib.sha224((email + token).encode()).hexdigest()


def _kinds(family: str) -> list[str]:
    return [kind for kind, its in _FAMILIES.items() if its == family]
