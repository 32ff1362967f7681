"""Which passwords are good enough."""

from bot.errors import Fault, Invalid
from bot.models import LONGEST_PASSWORD, SHORTEST_PASSWORD

# Long enough and yet the first ones to be tried.
_COMMON = frozenset(
    (
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "password1",
        "password123",
        "passw0rd",
        "qwertyuiop",
        "qwerty123",
        "iloveyou",
        "1q2w3e4r",
        "abcd1234",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "letmein1",
        "trustno1",
        "welcome1",
        "starwars",
        "whatever",
        "computer",
    )
)


def check_strength(email: str, password: str) -> None:
    """Raise Invalid where *password* would be easy to guess."""
    if fault := _weakness(email, password):
        raise Invalid([Fault("password", fault)])


def _weakness(email: str, password: str) -> str | None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
    if password.lower() in _COMMON or len(set(password)) == 1:
        return "This is one of the first passwords that people try."
    if password.lower() in (email, email.partition("@")[0]):
        return "Do not use your e-mail as your password."
    return None
