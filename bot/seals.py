"""What is kept so that only somebody who asks the very same again can read it."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_LENGTH = 32  # bytes; what Fernet takes, and enough for a name that nobody else has


class Box:
    """What is put into it comes out only of one that was made of the same texts."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(urlsafe_b64encode(key))

    def closed(self, content: str) -> str:
        return self._fernet.encrypt(content.encode()).decode()

    def opened(self, closed: str) -> str:
        return self._fernet.decrypt(closed.encode()).decode()


@dataclass(frozen=True, slots=True)
class Seals:
    """Makes names and keys of texts. Without the secret nobody can try which texts they were of,
    even where one is a password."""

    secret: SecretStr

    def name(self, purpose: str, *texts: str) -> str:
        """Return the same for the same texts, and nothing of what they are."""
        return self._derived(purpose, texts).hex()

    def box(self, *texts: str) -> Box:
        return Box(self._derived("box", texts))

    def _derived(self, purpose: str, texts: tuple[str, ...]) -> bytes:
        salt = self.secret.get_secret_value().encode()
        hkdf = HKDF(algorithm=SHA256(), length=_LENGTH, salt=salt, info=purpose.encode())
        return hkdf.derive(json.dumps(texts).encode())
