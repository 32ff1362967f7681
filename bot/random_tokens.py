"""Texts that nobody can guess: refresh tokens, and what makes a link in an e-mail work once."""

import hashlib
import secrets


def new_token() -> str:
    """Return 256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what is kept of a token. It is random enough to need no salt."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
