"""What the operator of a project sets in the dashboard under Authentication."""

from dataclasses import dataclass

LONGEST_PASSWORD = 72  # bytes of it are all that bcrypt looks at


@dataclass(slots=True, kw_only=True)
class Policy:
    """A test may change it while the stand-in runs."""

    autoconfirm: bool = True  # "Confirm email" is off
    signup_enabled: bool = True
    shortest_password: int = 6
    access_token_seconds: int = 3600
    refresh_reuse_seconds: float = 10.0
    link_seconds: float = 3600.0
