"""What the Graph API says no with, and what to do about it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from bot.doctor.findings import Finding, failed, warning
from bot.doctor.service import Answer
from bot.whatsapp.fields import mapping

_BAD_TOKEN = failed(
    "WhatsApp does not take WHATSAPP_ACCESS_TOKEN: make a System User token that does not end"
    " (Business Settings > System Users) and set it."
)
_NO_SUCH_NUMBER = failed(
    "This token may not use a number with the id WHATSAPP_PHONE_NUMBER_ID, if there is one: copy"
    " the id (not the number) from WhatsApp > API Setup, and give the System User the WhatsApp"
    " account as an asset."
)
_NO_PERMISSION = failed(
    "WHATSAPP_ACCESS_TOKEN lacks a permission: make it with whatsapp_business_messaging and"
    " whatsapp_business_management."
)
_LATER = warning("WhatsApp cannot say it right now: try again in a minute.")

_REFUSALS = {
    **dict.fromkeys((0, 190), _BAD_TOKEN),
    100: _NO_SUCH_NUMBER,
    **dict.fromkeys((3, 10, *range(200, 300)), _NO_PERMISSION),
    **dict.fromkeys((1, 2, 4, 80007), _LATER),
}


def refusal(answer: Answer) -> Finding | None:
    """Return what stands in the way, None where the answer is one."""
    error = mapping(answer.json).get("error")
    if isinstance(answer.json, dict) and error is None:
        return None
    code = mapping(error).get("code")
    if not isinstance(code, int):
        return failed(
            f"WhatsApp answers HTTP {answer.status} without saying why: check WHATSAPP_API_URL and"
            " WHATSAPP_API_VERSION."
        )
    unknown = failed(f"WhatsApp refuses with error {code}: Meta's list says what that means.")
    return _REFUSALS.get(code, unknown)
