"""How often things may be asked for: the one table of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Act(StrEnum):
    """What may not be asked for without end."""

    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    REFRESH = "refresh"
    SIGN_OUT = "sign_out"
    MAIL_LINK = "mail_link"  # an e-mail with a link, whatever it leads to
    USE_LINK = "use_link"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 - the name of an act
    LINK_CODE = "link_code"
    SAY = "say"
    EXPORT = "export"


class By(StrEnum):
    """Whose acts are counted together. An IPv6 address stands for its network, see ``client``."""

    PERSON = "person"
    EMAIL = "email"
    ADDRESS = "address"
    EMAIL_AND_ADDRESS = "email_and_address"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and each one comes back after its part of the time."""

    times: int
    per: timedelta


Limits = Mapping[Act, Mapping[By, Limit]]

_MINUTE = timedelta(minutes=1)
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)

# An address may be a whole office or a mobile network; an e-mail is one person, or many who guess.
LIMITS: Limits = {
    Act.SIGN_UP: {By.EMAIL: Limit(5, _HOUR), By.ADDRESS: Limit(20, _HOUR)},
    Act.SIGN_IN: {
        By.EMAIL_AND_ADDRESS: Limit(10, _QUARTER),
        By.EMAIL: Limit(100, _HOUR),
        By.ADDRESS: Limit(60, _QUARTER),
    },
    Act.REFRESH: {By.ADDRESS: Limit(600, _QUARTER)},
    Act.SIGN_OUT: {By.PERSON: Limit(30, _HOUR), By.ADDRESS: Limit(600, _QUARTER)},
    Act.MAIL_LINK: {
        By.EMAIL_AND_ADDRESS: Limit(5, _HOUR),  # or anybody could use up somebody's links
        By.EMAIL: Limit(20, _HOUR),
        By.ADDRESS: Limit(20, _HOUR),
    },
    Act.USE_LINK: {By.ADDRESS: Limit(30, _QUARTER)},
    Act.CHANGE_PASSWORD: {By.PERSON: Limit(10, _HOUR), By.ADDRESS: Limit(30, _QUARTER)},
    Act.LINK_CODE: {By.PERSON: Limit(10, _HOUR), By.ADDRESS: Limit(100, _HOUR)},
    Act.SAY: {By.PERSON: Limit(30, _MINUTE), By.ADDRESS: Limit(600, _MINUTE)},
    Act.EXPORT: {By.PERSON: Limit(5, _HOUR), By.ADDRESS: Limit(50, _HOUR)},
}
