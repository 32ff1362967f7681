"""E-mails by SMTP, told over a socket."""

import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bot.errors import CannotStart, MailRejected, MailUnavailable
from bot.mail.smtp import Smtp, SmtpServer, smtp_server
from tests.mail.inboxes import PostOffice, serving
from tests.mail.mails import INJECTIONS, MAIL, PRIVATE

SENDER = Address(display_name="Ava für alle", addr_spec="ava@example.com")


@pytest.fixture(name="office")
async def _office() -> AsyncIterator[PostOffice]:
    async with serving(PostOffice()) as office:
        yield office


def server_at(office: PostOffice, *, login: str = "") -> SmtpServer:
    return smtp_server(SecretStr(f"smtp://{login}127.0.0.1:{office.port}"))


@pytest.fixture(name="smtp")
def _smtp(office: PostOffice) -> Smtp:
    return Smtp(server_at(office), sender=SENDER, timeout=5)


async def test_both_parts_arrive_as_they_are(smtp: Smtp, office: PostOffice) -> None:
    await smtp.send(MAIL)

    message = office.only_message()
    text, html = message.iter_parts()
    assert message.get_content_type() == "multipart/alternative"
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().rstrip() == MAIL.html


async def test_the_headers_are_ours_and_not_only_ascii(smtp: Smtp, office: PostOffice) -> None:
    await smtp.send(MAIL)

    message = office.only_message()
    assert message["Subject"] == MAIL.subject
    assert message["From"].addresses == (SENDER,)
    assert (message["To"], office.recipients) == (MAIL.to, [MAIL.to])
    assert message["Date"].datetime.tzinfo is not None
    assert message["Auto-Submitted"] == "auto-generated"


async def test_a_repeat_can_be_recognised_by_its_message_id(smtp: Smtp, office: PostOffice) -> None:
    await smtp.send(MAIL)
    await smtp.send(MAIL)

    first, again = office.messages
    assert first["Message-ID"] == again["Message-ID"] == f"<{MAIL.id}@example.com>"


@pytest.mark.parametrize("injection", INJECTIONS)
async def test_a_header_injection_is_refused_and_nothing_is_sent(
    smtp: Smtp, office: PostOffice, injection: dict[str, Any]
) -> None:
    with pytest.raises(MailRejected):
        await smtp.send(replace(MAIL, **injection))

    assert office.messages == []


async def test_a_non_ascii_address_goes_where_the_server_takes_it() -> None:
    async with serving(PostOffice(), utf8=True) as office:
        await Smtp(server_at(office), sender=SENDER).send(replace(MAIL, to="jörg@example.com"))

    assert office.recipients == ["jörg@example.com"]
    assert "SMTPUTF8" in office.options


async def test_a_non_ascii_address_is_rejected_where_the_server_does_not(smtp: Smtp) -> None:
    with pytest.raises(MailRejected):
        await smtp.send(replace(MAIL, to="jörg@example.com"))


@pytest.mark.parametrize("step", ["at_rcpt", "at_data"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [("450 ada@example.com later", MailUnavailable), ("550 no ada@example.com", MailRejected)],
)
async def test_a_refusal_says_whether_another_try_helps_and_quotes_nothing(
    smtp: Smtp, office: PostOffice, step: str, reply: str, kind: type[Exception]
) -> None:
    setattr(office, step, reply)

    with pytest.raises(kind) as raised:
        await smtp.send(MAIL)

    assert str(raised.value) == f"SMTP {reply[:3]}"


async def test_a_server_that_hangs_is_given_up(smtp: Smtp, office: PostOffice) -> None:
    office.hangs = True
    smtp.timeout = 0.2

    with pytest.raises(MailUnavailable):
        await smtp.send(MAIL)


async def test_a_server_that_is_not_there_is_worth_another_try(
    smtp: Smtp, unused_tcp_port: int
) -> None:
    smtp.server = replace(smtp.server, port=unused_tcp_port)

    with pytest.raises(MailUnavailable):
        await smtp.send(MAIL)


# --- signing in and encryption ---------------------------------------------------------------


async def test_user_and_password_are_percent_decoded(office: PostOffice) -> None:
    server = server_at(office, login="ada%40example.com:pass%20word@")

    await Smtp(server, sender=SENDER).send(MAIL)

    assert office.logins == [(b"ada@example.com", b"pass word")]
    assert len(office.messages) == 1


async def test_a_wrong_password_will_never_do(office: PostOffice) -> None:
    with pytest.raises(MailRejected) as raised:
        await Smtp(server_at(office, login="ada:wrong@"), sender=SENDER).send(MAIL)

    assert str(raised.value) == "SMTP 535"


async def test_a_password_is_not_told_to_a_server_that_cannot_encrypt(office: PostOffice) -> None:
    server = replace(server_at(office, login="ada:pass%20word@"), start_tls=True)

    with pytest.raises(MailRejected):
        await Smtp(server, sender=SENDER).send(MAIL)

    assert office.logins == []


async def test_starttls_comes_before_password_and_mail(
    certificate: Callable[[], tuple[ssl.SSLContext, ssl.SSLContext]],
) -> None:
    theirs, ours = certificate()
    async with serving(PostOffice(), tls=theirs) as office:
        server = server_at(office, login="ada:pass%20word@")
        await Smtp(replace(server, start_tls=True), sender=SENDER, tls_context=ours).send(MAIL)

    assert office.encrypted
    assert len(office.logins) == len(office.messages) == 1


async def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    certificate: Callable[[], tuple[ssl.SSLContext, ssl.SSLContext]],
) -> None:
    theirs, _ = certificate()
    async with serving(PostOffice(), tls=theirs) as office:
        smtp = Smtp(replace(server_at(office), start_tls=None), sender=SENDER)
        with pytest.raises(MailUnavailable):
            await smtp.send(MAIL)

    assert office.messages == []


@pytest.fixture(name="certificate")
def _certificate(tmp_path: Path) -> Callable[[], tuple[ssl.SSLContext, ssl.SSLContext]]:
    def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """Return one for a server on this machine and one that trusts it."""
        path = tmp_path / "server.pem"
        path.write_bytes(_self_signed())
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(path)
        return theirs, ssl.create_default_context(cafile=path)

    return contexts


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    here = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("url", "port", "tls", "start_tls"),
    [
        ("smtps://ada:pass@post.example.com", 465, True, False),
        ("smtps://post.example.com:4465/", 4465, True, False),
        ("smtp://ada:pass@post.example.com", 587, False, True),
        ("SMTP://post.example.com:25", 25, False, None),
        ("smtp://ada:pass@localhost:1025", 1025, False, False),
        ("smtp://[::1]:1025", 1025, False, False),
    ],
)
def test_the_url_says_how_safe_the_way_is(
    url: str, port: int, *, tls: bool, start_tls: bool | None
) -> None:
    server = smtp_server(SecretStr(url))

    assert (server.port, server.tls, server.start_tls) == (port, tls, start_tls)


@pytest.mark.parametrize(
    "url",
    [
        "post.example.com",
        "https://post.example.com",
        "smtp://",
        "smtp://ada@post.example.com",
        "smtp://:pass%20word@post.example.com",
        "smtp://ada:pass word#1@post.example.com",
        "smtp://ada:pass/word@post.example.com",
        "smtp://post.example.com:many",
        "smtp://post.example.com:99999",
        "smtp://post.example.com?tls=no",
        "smtp://[post.example.com",
    ],
)
def test_a_bad_url_stops_the_start_in_one_line_without_its_value(url: str) -> None:
    with pytest.raises(CannotStart) as raised:
        smtp_server(SecretStr(url))

    line = str(raised.value)
    assert "SMTP_URL" in line
    assert "\n" not in line
    assert "post.example.com" not in line
    assert not [word for word in PRIVATE if word in line]
