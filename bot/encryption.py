"""Keys made of texts, so that only whoever knows the same texts can read what they encrypt."""

import json
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_LENGTH = 32  # bytes; what Fernet takes, and enough for a name that nobody else has


def derived_key(secret: SecretStr, purpose: str, *texts: str) -> bytes:
    """Return the same for the same texts. Without *secret* nobody can try which texts they were,
    even where one is a password."""
    salt = secret.get_secret_value().encode()
    hkdf = HKDF(algorithm=SHA256(), length=_LENGTH, salt=salt, info=purpose.encode())
    return hkdf.derive(json.dumps(texts).encode())


def encrypted(key: bytes, text: str) -> str:
    return _fernet(key).encrypt(text.encode()).decode()


def decrypted(key: bytes, text: str) -> str:
    return _fernet(key).decrypt(text.encode()).decode()


def _fernet(key: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(key))
