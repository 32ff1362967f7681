"""Which way e-mails go."""

from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import CannotStart
from bot.mail.choice import opened
from bot.mail.mailbox import Mailbox
from tests.mail.inboxes import PostOffice, serving
from tests.mail.mails import MAIL

NOTHING: dict[str, Any] = {
    "resend_api_key": None,
    "smtp_url": None,
    "mail_from": None,
    "otherwise": None,
}


async def test_without_any_way_there_is_nobody_to_take_letters() -> None:
    async with opened(**NOTHING) as postman:
        assert postman is None


async def test_a_stand_in_gets_what_nobody_is_configured_to_deliver() -> None:
    mailbox = Mailbox()

    async with opened(**NOTHING | {"otherwise": mailbox}) as postman:
        assert postman is not None
        postman.post(MAIL)

    assert [one.mail for one in mailbox.received] == [MAIL]


async def test_what_is_under_way_at_the_end_is_still_delivered_by_smtp() -> None:
    mailbox = Mailbox()

    async with serving(PostOffice()) as office:
        url = SecretStr(f"smtp://127.0.0.1:{office.port}")
        given = {"smtp_url": url, "mail_from": '"Ava, Inc." <ava@example.com>'}
        async with opened(**NOTHING | given | {"otherwise": mailbox}) as postman:
            assert postman is not None
            postman.post(MAIL)

    (sender,) = office.only_message()["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Ava, Inc.", "ava@example.com")
    assert mailbox.received == ()


@pytest.mark.parametrize("way", ["resend_api_key", "smtp_url"])
@pytest.mark.parametrize(
    "mail_from",
    [
        None,
        "@",
        "hidden@",
        "@hidden",
        "ä@hidden.example.com",
        "Ava <ava@hidden.example.com>\r\nBcc: ben@example.com",
        "ava@hidden.example.com, ben@example.com",
    ],
)
async def test_a_sender_that_is_no_address_stops_the_start_without_its_value(
    way: str, mail_from: str | None
) -> None:
    given = {way: SecretStr("smtp://localhost"), "mail_from": mail_from}

    with pytest.raises(CannotStart) as raised:
        async with opened(**NOTHING | given):
            pass

    assert "MAIL_FROM" in str(raised.value)
    assert "hidden" not in str(raised.value)
