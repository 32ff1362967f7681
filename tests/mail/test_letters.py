"""What Ava writes by e-mail."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from bot.mail import letters
from bot.mail.ports import Mail, refuse_injection

Letter = Callable[[str, str], Mail]

URL = "https://ava.example.com/magic-link/abc?from=mail&x=%22"
WITH_A_ONE_TIME_LINK = [
    letters.sign_in,
    letters.password_reset,
    letters.confirmation,
    letters.already_there,
]
ALL = [*WITH_A_ONE_TIME_LINK, letters.password_changed]


class Reader(HTMLParser):
    """What a mail program shows, loads and opens."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.links: set[str | None] = set()
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self.links.add(values["href"])
        if tag in {"script", "img", "link", "iframe"} or "url(" in (values.get("style") or ""):
            self.loads.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def told(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("letter", ALL)
def test_both_parts_hold_the_link_and_nothing_is_loaded_from_elsewhere(letter: Letter) -> None:
    mail = letter("ada@example.com", URL)

    html = Reader(mail.html)
    assert URL in mail.text.split()
    assert html.links == {URL}
    assert html.loads == []


@pytest.mark.parametrize("letter", ALL)
def test_both_parts_say_the_same(letter: Letter) -> None:
    mail = letter("ada@example.com", URL)

    shown = told(Reader(mail.html).words)
    paragraphs = [told(part) for part in mail.text.split("\n\n")]
    assert [part for part in paragraphs if part not in shown] == []


@pytest.mark.parametrize("letter", WITH_A_ONE_TIME_LINK)
def test_a_one_time_link_comes_with_its_limits_and_what_to_do_if_nobody_asked(
    letter: Letter,
) -> None:
    text = letter("ada@example.com", URL).text

    assert re.search(r"works once, within the next 15 minutes", text)
    assert "ignore this e-mail" in text


def test_the_letter_about_a_new_password_has_a_link_that_does_not_end() -> None:
    text = letters.password_changed("ada@example.com", URL).text

    assert "15 minutes" not in text
    assert "It was not you?" in text


@pytest.mark.parametrize("letter", ALL)
def test_what_is_put_into_the_page_is_escaped(letter: Letter) -> None:
    mail = letter("ada@example.com", 'https://x.example.com/"><script>alert(1)</script>')

    assert "<script" not in mail.html
    assert Reader(mail.html).loads == []


@pytest.mark.parametrize("letter", ALL)
def test_a_letter_goes_to_one_person_and_has_an_id_of_its_own(letter: Letter) -> None:
    first, second = letter("ada@example.com", URL), letter("ada@example.com", URL)

    refuse_injection(first)
    assert first.to == "ada@example.com"
    assert first.id != second.id
