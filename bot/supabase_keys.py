"""The two generations of Supabase's API keys.

https://supabase.com/docs/guides/api/api-keys
"""

_NEW = "sb_"
SECRET = "sb_secret_"  # noqa: S105 - how such a key begins


def headers(key: str) -> dict[str, str]:
    """Return what identifies a client. An older key is a token too; a new one goes alone."""
    return {"apikey": key} if key.startswith(_NEW) else _as_token(key)


def _as_token(key: str) -> dict[str, str]:
    return {"apikey": key, "Authorization": f"Bearer {key}"}
