"""What WhatsApp delivers becomes a line of the conversation, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.lines import line_of
from bot.inbound import (
    CallPermission,
    Choice,
    ContactCards,
    Content,
    Edited,
    FormAnswer,
    IdentityChanged,
    Location,
    Media,
    MediaKind,
    Order,
    Reaction,
    Revoked,
    Text,
    Unreadable,
    Welcome,
)
from bot.models import Line, Wamid

A_MESSAGE = Wamid("wamid.1")


def media(kind: MediaKind, caption: str | None = None, *, voice: bool = False) -> Media:
    return Media(kind=kind, media_id="1", caption=caption, voice=voice)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (Text(body="hello"), Line(text="hello")),
        (Choice(id="yes", title="Yes, please"), Line(text="Yes, please")),
        (media(MediaKind.IMAGE, "my cat"), Line(text="my cat", attachment="image")),
        (media(MediaKind.VIDEO, "my dog"), Line(text="my dog", attachment="video")),
        (
            Location(latitude=1, longitude=2, name="Cafe", address="Main St 1"),
            Line(text="[location] Cafe, Main St 1"),
        ),
        (ContactCards(names=("Jan", "Piet")), Line(text="[contact] Jan, Piet")),
        (
            Order(text="for tonight", product_count=2),
            Line(text="for tonight", attachment="order"),
        ),
    ],
)
def test_words_are_readable(content: Content, line: Line) -> None:
    assert line_of(content) == line


@pytest.mark.parametrize(
    ("content", "text", "attachment"),
    [
        (media(MediaKind.IMAGE), "[image]", "image"),
        (media(MediaKind.IMAGE, "  "), "[image]", "image"),
        (media(MediaKind.AUDIO), "[audio]", "audio"),
        (media(MediaKind.AUDIO, voice=True), "[voice note]", "audio"),
        (media(MediaKind.STICKER), "[sticker]", "sticker"),
        (
            Media(kind=MediaKind.DOCUMENT, media_id="1", filename="plan.pdf"),
            "[document] plan.pdf",
            "document",
        ),
        (Location(latitude=1, longitude=2), "[location]", "location"),
        (ContactCards(names=()), "[contact]", "contacts"),
        (Order(text=None, product_count=3), "[order: 3 products]", "order"),
        (FormAnswer(name="flow", response="{}"), "[form]", "interactive"),
        (Unreadable(kind="poll"), "[poll]", "poll"),
        (Unreadable(kind="live_location"), "[live location]", "live_location"),
    ],
)
def test_what_holds_no_words_is_shown_but_not_readable(
    content: Content, text: str, attachment: str
) -> None:
    assert line_of(content) == Line(text=text, readable=False, attachment=attachment)


@pytest.mark.parametrize(
    "content",
    [
        Text(body=" \n\t"),
        Text(body="\u200b\u2060"),
        Reaction(to=A_MESSAGE, emoji="\U0001f44d"),
        CallPermission(granted=True),
        IdentityChanged(kind="user_changed_number", new=None),
        Welcome(),
        Edited(original=A_MESSAGE, body="new"),
        Revoked(original=A_MESSAGE),
    ],
)
def test_what_is_no_part_of_a_conversation_gives_no_line(content: Content) -> None:
    assert line_of(content) is None


def test_the_name_of_an_unknown_type_is_kept_short() -> None:
    line = line_of(Unreadable(kind="x" * 5000))

    assert line is not None
    assert len(line.text) < 50


@given(st.text(alphabet=st.characters(codec=None)))
def test_a_line_can_always_be_stored(text: str) -> None:
    contents: list[Content] = [
        Text(body=text),
        media(MediaKind.IMAGE, text),
        Unreadable(kind=text),
        ContactCards(names=(text,)),
        Media(kind=MediaKind.DOCUMENT, media_id="1", filename=text),
    ]

    for line in filter(None, map(line_of, contents)):
        assert "\0" not in line.text
        assert line.text.encode()
