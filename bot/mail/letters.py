"""What Ava writes by e-mail."""

from dataclasses import dataclass
from html import escape

from bot.mail.ports import Mail

_LIFETIME = "The link works once, within the next 15 minutes."

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{subject}</title>
</head>
<body style="margin:0;padding:32px 16px;background:#f5f0ea;color:#261e29">
<div style="max-width:520px;margin:0 auto;padding:28px 32px 24px;background:#fffdfa;\
border:1px solid #e3d9d1;border-radius:20px;font:17px/1.6 Georgia,serif">
<p style="margin:0 0 20px;font-size:24px;font-weight:600;color:#7b2d5b">Ava</p>
{opening}
<p style="margin:24px 0"><a href="{url}" target="_blank" rel="noopener" \
style="display:inline-block;padding:12px 24px;border-radius:24px;background:#7b2d5b;color:#ffffff;\
font:600 16px/1.25 Helvetica,Arial,sans-serif;text-decoration:none">{button}</a></p>
{closing}
<p style="margin:24px 0 0;padding:16px 0 0;border-top:1px solid #e3d9d1;color:#6c6170;\
font:13px/1.5 Helvetica,Arial,sans-serif">If the button does nothing, copy this into your browser:\
<br><a href="{url}" target="_blank" rel="noopener" style="color:#7b2d5b;word-break:break-all">{url}\
</a></p>
</div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """Paragraphs before and after one link."""

    subject: str
    opening: tuple[str, ...]
    button: str
    closing: tuple[str, ...]

    def to(self, address: str, url: str) -> Mail:
        return Mail(to=address, subject=self.subject, text=self._text(url), html=self._html(url))

    def _text(self, url: str) -> str:
        return "\n\n".join((*self.opening, url, *self.closing, "Ava")) + "\n"

    def _html(self, url: str) -> str:
        return _PAGE.format(
            subject=escape(self.subject),
            opening=_paragraphs(self.opening),
            url=escape(url),
            button=escape(self.button),
            closing=_paragraphs(self.closing),
        )


def _paragraphs(texts: tuple[str, ...]) -> str:
    return "\n".join(f'<p style="margin:0 0 12px">{escape(text)}</p>' for text in texts)


_SIGN_IN = _Letter(
    subject="Your link to sign in",
    opening=("Hello!", "Here is the link you asked for. It signs you in without a password:"),
    button="Sign in",
    closing=(
        _LIFETIME,
        "You did not ask for it? Then ignore this e-mail: nobody gets in without the link.",
    ),
)
_PASSWORD_RESET = _Letter(
    subject="Choose a new password",
    opening=("Hello!", "A new password is one step away. Choose it here:"),
    button="Choose a new password",
    closing=(
        _LIFETIME,
        "You did not ask for it? Then ignore this e-mail: your password stays as it is.",
    ),
)
_CONFIRMATION = _Letter(
    subject="Confirm your e-mail",
    opening=(
        "Welcome!",
        "One step is left: confirm that this e-mail is yours, and your account is ready.",
    ),
    button="Confirm my e-mail",
    closing=(
        _LIFETIME,
        "You did not sign up? Then ignore this e-mail: nothing happens without the link.",
        "More such e-mails came than you asked for? Then somebody else tried to sign up as you.",
        "Use the one that came when you did, or choose a new password afterwards.",
    ),
)
_ALREADY_THERE = _Letter(
    subject="You already have an account",
    opening=(
        "Hello!",
        "Somebody, most likely you, wanted to sign up with this e-mail.",
        "There is an account with it already, so here is a link that signs you in:",
    ),
    button="Sign in",
    closing=(
        _LIFETIME,
        "It was not you? Then ignore this e-mail: nobody learned that you have an account.",
    ),
)
_PASSWORD_CHANGED = _Letter(
    subject="Your password was changed",
    opening=(
        "Hello!",
        "The password of your account was just changed. If that was you, all is well.",
        "It was not you? Then ask for a new password at once; the way to it comes by e-mail:",
    ),
    button="Get my account back",
    closing=("Once you have chosen it, everybody else is signed out of your account.",),
)


def sign_in(to: str, url: str) -> Mail:
    """Send *url*, a one-time link that signs in."""
    return _SIGN_IN.to(to, url)


def password_reset(to: str, url: str) -> Mail:
    """Send *url*, a one-time link to a new password."""
    return _PASSWORD_RESET.to(to, url)


def confirmation(to: str, url: str) -> Mail:
    """Send *url*, a one-time link that proves whose e-mail it is."""
    return _CONFIRMATION.to(to, url)


def already_there(to: str, url: str) -> Mail:
    """Answer a sign-up with a known e-mail by *url*, a one-time link that signs in."""
    return _ALREADY_THERE.to(to, url)


def password_changed(to: str, url: str) -> Mail:
    """Tell that the password is a new one; *url*, no one-time link, is where to ask for another.

    It may be read days later.
    """
    return _PASSWORD_CHANGED.to(to, url)
