"""One-time links: who holds one has proved that an e-mail is theirs.

Whoever asks for a link learns nothing about the e-mail: what is written is the same, and a letter
goes out after the answer. Neither e-mail nor token gets into a log.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot.errors import AvaError, DeadLink, MailUnavailable, NotConfigured
from bot.mail import letters
from bot.mail.ports import Mail
from bot.mail.postman import Postman
from bot.models import Account, LinkPurpose
from bot.random_tokens import new_token
from bot.store.ports import OneTimeLinks

log = structlog.get_logger()

# Where a link leads; the pages there are in handlers/link_pages.py.
_PATHS = {
    LinkPurpose.SIGN_IN: "/auth/magic-link/",
    LinkPurpose.SIGN_UP: "/auth/magic-link/",
    LinkPurpose.PASSWORD: "/auth/password/",
}
_LETTERS: dict[LinkPurpose, Callable[[str, str], Mail]] = {
    LinkPurpose.SIGN_IN: letters.sign_in,
    LinkPurpose.PASSWORD: letters.password_reset,
}
_FORGOTTEN = "/auth/password/forgotten"


class Links:
    """Sends them and takes them.

    own_url: where this Ava is reached, without a slash at the end. app_url: where a browser goes on
    that has signed in.
    """

    def __init__(
        self,
        links: OneTimeLinks,
        postman: Postman | None,
        *,
        own_url: str | None,
        app_url: str | None,
    ) -> None:
        self._links = links
        self._postman = postman
        self._own_url = own_url
        self.app_url = app_url

    # --- asked for ---------------------------------------------------------------------------

    async def ask(self, email: str, purpose: LinkPurpose) -> None:
        """Send a link to sign in or to a new password, where somebody has this e-mail."""
        (postman, own_url), token = self._way_out(), new_token()
        if await self._links.ask(email, purpose, token):
            postman.post(_LETTERS[purpose](email, f"{own_url}{_PATHS[purpose]}{token}"))

    async def ask_to_confirm(self, email: str, password_hash: str) -> None:
        """Send a link that makes an account, or to whoever has one a link that signs in."""
        (postman, own_url), token = self._way_out(), new_token()
        known = await self._links.ask(
            email, LinkPurpose.SIGN_UP, token, password_hash=password_hash
        )
        letter = letters.already_there if known else letters.confirmation
        postman.post(letter(email, f"{own_url}{_PATHS[LinkPurpose.SIGN_UP]}{token}"))

    # --- held --------------------------------------------------------------------------------

    async def purpose(self, token: str) -> LinkPurpose | None:
        """Return what a link is good for, None when it is dead. It stays as it is."""
        return await self._links.purpose(token)

    @asynccontextmanager
    async def used(self, token: str, *purposes: LinkPurpose) -> AsyncIterator[Account]:
        """Take a link, if it is for one of *purposes*, and yield whose it is; raise DeadLink.

        Nobody else gets it. Where the block raises nothing came of it, and it works again.
        """
        account = await self._links.use(token, purposes)
        if account is None:
            raise DeadLink
        try:
            yield account
        except AvaError:
            await self._links.give_back(token)
            raise

    # --- after a new password ----------------------------------------------------------------

    async def password_changed(self, account: Account) -> None:
        """Let no earlier link work any more, and tell the person, where e-mails can be sent."""
        await self._links.drop(account.id)
        try:
            postman, own_url = self._way_out()
            postman.post(letters.password_changed(account.email, f"{own_url}{_FORGOTTEN}"))
        except (NotConfigured, MailUnavailable) as exc:
            log.warning("letter.dropped", letter="password_changed", reason=type(exc).__name__)

    def _way_out(self) -> tuple[Postman, str]:
        """Find it before anybody is looked up, or an error would tell who has an account."""
        if self._postman is None:
            raise NotConfigured("This Ava sends no e-mails: RESEND_API_KEY or SMTP_URL is not set.")
        if self._own_url is None:
            raise NotConfigured("This Ava sends no links: PUBLIC_URL is not set.")
        if not self._postman.has_room:
            raise MailUnavailable("no room")
        return self._postman, self._own_url
