"""What an e-mail is, and who can send one."""

import re
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from bot.errors import MailRejected

_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, without the angle brackets
_PART = r'[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f\ud800-\udfff]+'
_ADDRESS = re.compile(f"{_PART}@{_PART}")
_UNFIT_FOR_A_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail to one address, in two parts that say the same."""

    to: str
    subject: str
    text: str
    html: str
    id: UUID = field(default_factory=uuid4)  # the same in every try, so that one arrives


class Mailer(Protocol):
    """Hands e-mails over to whoever delivers them."""

    async def send(self, mail: Mail) -> None:
        """Raise MailUnavailable where another try may help and MailRejected where none will."""
        ...


def is_address(text: str) -> bool:
    """Whether *text* is one plain address, without a name and without quotes."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def refuse_injection(mail: Mail) -> None:
    """Raise MailRejected where *mail* would reach more people, or say more, than it seems to."""
    if not is_address(mail.to):
        raise MailRejected("not one plain address")
    if _UNFIT_FOR_A_HEADER.search(mail.subject):
        raise MailRejected("a subject of more than one line")
