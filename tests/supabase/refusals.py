"""The ways in which Supabase says no, each in the words of the part that says it."""

from collections.abc import Mapping

Body = Mapping[str, object]


class Refusal(Exception):
    """An answer that ends the request, whatever was under way."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def gateway_refusal(message: str, hint: str) -> Refusal:
    return Refusal(401, {"message": message, "hint": hint})


def rest_refusal(
    status: int, code: str, message: str, *, details: str | None = None, hint: str | None = None
) -> Refusal:
    return Refusal(status, {"code": code, "message": message, "details": details, "hint": hint})


def auth_refusal(status: int, code: str, message: str, **more: object) -> Refusal:
    return Refusal(status, {"code": code, "message": message, **more})


def not_imitated(what: str) -> Refusal:
    """Nobody may take the stand-in's ignorance for an answer of Supabase."""
    return rest_refusal(501, "STANDIN", f"the stand-in does not imitate {what}")
