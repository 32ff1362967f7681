"""Errors in the shape of the Graph API."""

import secrets

from bot.simulator.config import Json

_MESSAGES = {
    0: "AuthException",
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    100: "Invalid parameter",
    104: "An access token is required to request this resource.",
    190: "Invalid OAuth access token - Cannot parse access token",
    368: "Temporarily blocked for policies violations",
    80007: "Rate limit hit",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131030: "Recipient phone number not in allowed list",
    131031: "Business account has been locked",
    131042: "Business eligibility payment issue",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    133010: "Phone number not registered",
}
_STATUSES = {0: 401, 104: 401, 190: 401, 10: 403, 200: 403, 131005: 403}
_STATUSES |= {1: 500, 131000: 500, 131057: 500, 2: 503, 131016: 503, 133004: 503}
_PLAIN = {0, 1, 2, 104, 190}  # Meta writes these without "(#code)"


class GraphError(Exception):
    """The Graph API refuses; throttling comes as 400 without Retry-After, as from Meta."""

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        http_status: int | None = None,
        raw: bytes | None = None,
        subcode: int | None = None,
    ) -> None:
        super().__init__(f"Graph API error {code}")
        self.code = code
        self.details = details
        self.http_status = http_status or _STATUSES.get(code, 400)
        self.raw = raw
        self.subcode = subcode

    def body(self) -> Json:
        # Parameter errors have no error_data: the message itself says what is wrong.
        text = self.details if self.code == 100 and self.details else self._message  # noqa: PLR2004
        error: Json = {
            "message": text if self.code in _PLAIN else f"(#{self.code}) {text}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "A" + secrets.token_urlsafe(17),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details and self.code != 100:  # noqa: PLR2004
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}

    @classmethod
    def no_such_object(cls, method: str, object_id: str) -> "GraphError":
        return cls(
            100,
            f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist,"
            " cannot be loaded due to missing permissions, or does not support this operation",
            subcode=33,
        )

    @property
    def _message(self) -> str:
        return _MESSAGES.get(self.code, "Something went wrong")
