"""What Meta's error codes mean, by what can be done about them.

Codes: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
The classes are our judgement; Meta asks to go by the code, never by title or HTTP status.
"""

from bot.errors import Cure


def cure(code: int) -> Cure:
    """Return what helps after *code*; a code that is new is worth a few tries."""
    return _known(code)[0]


def meaning(code: int) -> str:
    """Return what went wrong, in a few words for an operator."""
    return _known(code)[1]


def is_known(code: int) -> bool:
    """Tell whether this is a code that Meta is known to send."""
    return code in _CODES or code in _PERMISSIONS


def _known(code: int) -> tuple[Cure, str]:
    if code in _PERMISSIONS:
        return Cure.OPERATOR, "a permission or the token is missing"
    return _CODES.get(code, (Cure.FEW_TRIES, "a code that Ava does not know"))


_PERMISSIONS = range(200, 300)  # each a permission that is missing; 200 also: no token

_CODES = {
    0: (Cure.OPERATOR, "the token is invalid or has expired"),
    1: (Cure.FEW_TRIES, "invalid request or server error"),
    2: (Cure.TRANSIENT, "outage or overload"),
    3: (Cure.OPERATOR, "the app lacks a capability or permission"),
    4: (Cure.THROTTLED, "the app makes too many calls"),
    10: (Cure.OPERATOR, "a permission is missing"),
    33: (Cure.OPERATOR, "the business number was deleted"),
    100: (Cure.OURS, "a bad, misspelt or too long parameter"),
    104: (Cure.OPERATOR, "a permission is missing"),
    190: (Cure.OPERATOR, "the token has expired"),
    368: (Cure.OPERATOR, "the account is restricted for breaking a policy"),
    80007: (Cure.THROTTLED, "the account makes too many calls"),
    130403: (Cure.UNREACHABLE, "we blocked this person"),
    130429: (Cure.THROTTLED, "the number's throughput is reached"),
    130472: (Cure.UNREACHABLE, "the person is in an experiment without marketing messages"),
    130497: (Cure.UNREACHABLE, "this business may not write to that country"),
    131000: (Cure.FEW_TRIES, "unknown failure"),
    131005: (Cure.OPERATOR, "access denied"),
    131008: (Cure.OURS, "a parameter is missing"),
    131009: (Cure.OURS, "a bad value; for read and typing also a message that is too old"),
    131016: (Cure.TRANSIENT, "service unavailable"),
    131021: (Cure.OURS, "recipient and sender are the same"),
    131026: (Cure.UNREACHABLE, "undeliverable: not on WhatsApp, old app, or they blocked us"),
    131030: (Cure.OPERATOR, "not on the test number's list of recipients"),
    131031: (Cure.OPERATOR, "the account is locked"),
    131037: (Cure.OPERATOR, "the display name is not approved"),
    131042: (Cure.OPERATOR, "a problem with the payment method"),
    131045: (Cure.OPERATOR, "the number's registration or certificate"),
    131047: (Cure.WINDOW_CLOSED, "more than 24 hours since the person wrote"),
    131048: (Cure.OPERATOR, "too many people reported the number as spam"),
    131049: (Cure.UNREACHABLE, "Meta withheld it to keep people engaged; not within 24 hours"),
    131050: (Cure.UNREACHABLE, "the person stopped marketing messages"),
    131051: (Cure.OURS, "a message type that cannot be sent"),
    131052: (Cure.UNREACHABLE, "the person's file could not be fetched"),
    131053: (Cure.OURS, "our file could not be uploaded"),
    131055: (Cure.OURS, "method not allowed"),
    131056: (Cure.PAIR_RATE, "too many messages to this person"),
    131057: (Cure.TRANSIENT, "maintenance, about a minute"),
    131060: (Cure.UNREACHABLE, "the person's message is not available"),
    131062: (Cure.OURS, "this message cannot go to a business-scoped id"),
    131063: (Cure.OPERATOR, "marketing templates are switched off"),
    131064: (Cure.OPERATOR, "too many misclassified templates"),
    132000: (Cure.OURS, "template: wrong number of parameters"),
    132001: (Cure.OURS, "template: no such name or language"),
    132005: (Cure.OURS, "template: too long once filled in"),
    132007: (Cure.OPERATOR, "template: breaks a policy"),
    132012: (Cure.OURS, "template: a parameter of the wrong format"),
    132015: (Cure.OPERATOR, "template: paused"),
    132016: (Cure.OPERATOR, "template: disabled for good"),
    132018: (Cure.OURS, "template: a parameter that cannot be read"),
    132068: (Cure.OPERATOR, "flow: blocked"),
    132069: (Cure.OPERATOR, "flow: throttled"),
    133000: (Cure.OPERATOR, "an earlier deregistration is not complete"),
    133004: (Cure.TRANSIENT, "server temporarily unavailable"),
    133005: (Cure.OPERATOR, "wrong two-step PIN"),
    133006: (Cure.OPERATOR, "the number must be verified again"),
    133008: (Cure.OPERATOR, "too many wrong PINs"),
    133009: (Cure.OPERATOR, "PINs entered too fast"),
    133010: (Cure.OPERATOR, "the number is not registered"),
    133015: (Cure.OPERATOR, "the number was deleted minutes ago"),
    133016: (Cure.OPERATOR, "too many (de)registrations"),
    134011: (Cure.OPERATOR, "the terms of payments are not accepted"),
    134100: (Cure.OPERATOR, "marketing messages API: not for this message"),
    134101: (Cure.OPERATOR, "marketing messages API: the template is being synchronised"),
    134102: (Cure.OPERATOR, "marketing messages API: the template cannot be used"),
    135000: (Cure.OURS, "generic: bad parameters"),
    137000: (Cure.UNREACHABLE, "the person's identity key has changed"),
}
