"""Tokens that prove nothing, by what is wrong with them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

SECRET = "a secret of the tests, 32 or more"


def claims(person: str, *, issuer: str = "ava", **changes: Any) -> dict[str, Any]:
    """What a good token says; a change to None leaves the claim out."""
    now = int(time.time())
    good = {
        "iss": issuer,
        "aud": "authenticated",
        "sub": person,
        "role": "authenticated",
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(payload: Any, *, secret: str = SECRET, digest: str = "sha256", **header: Any) -> str:
    """Sign anything; a library would refuse to."""
    given = {"alg": "HS256", "typ": "JWT"} | header
    return signed(_base64(json.dumps(given)), _base64(json.dumps(payload)), secret, digest)


def signed(header: str, payload: str, secret: str = SECRET, digest: str = "sha256") -> str:
    text = f"{header}.{payload}"
    signature = hmac.new(secret.encode(), text.encode(), getattr(hashlib, digest)).digest()
    return f"{text}.{_base64(signature)}"


def wrong_claims(person: str, issuer: str = "ava") -> dict[str, dict[str, Any]]:
    """What no token may say, whoever signed it."""
    good = claims(person, issuer=issuer)
    nonsense: dict[str, tuple[Any, ...]] = {
        "exp": (0, 1_700_000_000, -1, "soon", "", [], {}, None, True, 1e400, float("nan")),
        "aud": ("anon", "service_role", "", [], ["anon"], {}, 1, None),
        "iss": ("someone", "supabase", f"{issuer}/", f"{issuer}.example.com", "", [], 1, None),
        "sub": ("", "nobody", "1", 1, [], None, f"{person}0", f"{person} or 1=1", "\0"),
        "iat": ("now", [], None),
        "nbf": (99_999_999_999, "later"),
        "role": ("anon", "service_role", "postgres", "", ["authenticated"], {}, 1, None),
        "is_anonymous": (True, "true", 1),
        "session_id": ("", "nobody", 1, [], {}),
    }
    wrong = {
        f"{name} {value!r}".replace(issuer, "…")[:26]: good | {name: value}
        for name, values in nonsense.items()
        for value in values
    }
    missing = {
        f"no {name}": claims(person, issuer=issuer, **{name: None})
        for name in ("exp", "aud", "iss", "sub", "iat", "role")
    }
    return wrong | missing


def attacks(person: str, other: str, issuer: str = "ava") -> dict[str, str]:
    """Tokens in the name of *person*, made by somebody who signed in as *other*."""
    good = claims(person, issuer=issuer)
    header, payload, signature = token(good).split(".")
    _, _, others_signature = token(claims(other, issuer=issuer)).split(".")
    unsigned = {
        f"alg {name}": f"{_base64(json.dumps({'alg': name}))}.{payload}."
        for name in ("none", "None", "NONE", "nOnE", "", "HS256")
    }
    signed_wrong_claims = {
        name: token(payload) for name, payload in wrong_claims(person, issuer).items()
    }
    mangled = {
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{header}.{payload}.{signature}.{signature}",
        "five parts": ".".join([header] * 5),
        "half a signature": f"{header}.{payload}.{signature[:20]}",
        "the signature of another token": f"{header}.{payload}.{others_signature}",
        "only dots": "..",
        "words": "not.a.token",
        "a header that is no JSON": signed(_base64("{"), payload),
        "a header that is a list": signed(_base64('["HS256"]'), payload),
        "an algorithm that is a list": token(good, alg=["HS256"]),
        "a header that must be understood": token(good, crit=["exp"], exp=0),
        "encrypted rather than signed": token(good, alg="dir", enc="A128GCM"),
        "claims that are no JSON": signed(header, _base64("{")),
        "claims that are a list": token([good]),
        "claims that are a text": token("sub"),
        "claims that nest": signed(header, _base64("[" * 3000)),
        "claims that are no text": signed(header, _base64(b"\xff\xfe")),
        "far too long": token(good | {"more": "x" * 20_000}),
    }
    forged = {
        "another secret": token(good, secret="another secret, 32 characters long"),
        "an empty secret": token(good, secret=""),
        "the alphabet of a public key": token(good, alg="RS256"),
        "HS512 with our secret": token(good, alg="HS512", digest="sha512"),
        "HS384 with our secret": token(good, alg="HS384", digest="sha384"),
        "a key of their own in the header": token(
            good, secret="mine", jwk={"kty": "oct", "k": _base64("mine")}, kid="../../dev/null"
        ),
    }
    return unsigned | signed_wrong_claims | mangled | forged


def _base64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
