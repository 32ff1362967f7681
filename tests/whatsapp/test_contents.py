import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbound import (
    CallPermission,
    Choice,
    ContactCards,
    Content,
    Edited,
    FormAnswer,
    IdentityChanged,
    Inbound,
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
from bot.models import Sender, Wamid
from bot.whatsapp.wire import inbound
from tests.whatsapp.deliveries import message, sample
from tests.whatsapp.generated import JSON, patiently

MESSAGES: dict[str, dict[str, Any]] = json.loads(sample("messages"))
QUOTED, ORIGINAL = Wamid("wamid.Q"), Wamid("wamid.O")
NEW_IDS = Sender(wa_id="31600000002", bsuid="NL.9")
CONTENTS: dict[str, Content] = {
    "text": Text(body="hi"),
    "image": Media(kind=MediaKind.IMAGE, media_id="m1", mime_type="image/jpeg", caption="look"),
    "video": Media(kind=MediaKind.VIDEO, media_id="m2", mime_type="video/mp4"),
    "voice note": Media(kind=MediaKind.AUDIO, media_id="m3", mime_type="audio/ogg", voice=True),
    "audio file": Media(kind=MediaKind.AUDIO, media_id="m4", mime_type="audio/mpeg"),
    "document": Media(
        kind=MediaKind.DOCUMENT, media_id="m5", mime_type="application/pdf", filename="cv.pdf"
    ),
    "sticker": Media(kind=MediaKind.STICKER, media_id="m6", mime_type="image/webp"),
    "place": Location(latitude=1.5, longitude=2.0, name="Quay", address="Kade 1"),
    "own position": Location(latitude=-1.5, longitude=179.5),
    "contacts": ContactCards(names=("Cy Dee", "Eve Fay")),
    "requested contact": ContactCards(names=(), requested=True),
    "reaction": Reaction(to=QUOTED, emoji="👍"),
    "reaction emptied": Reaction(to=QUOTED, emoji=None),
    "reaction gone": Reaction(to=QUOTED, emoji=None),
    "button reply": Choice(id="b1", title="Yes"),
    "list reply": Choice(id="r1", title="Tea"),
    "form": FormAnswer(name="flow", response='{"a":1}'),
    "calls allowed": CallPermission(granted=True),
    "calls refused": CallPermission(granted=False),
    "interactive absent": Unreadable(kind="interactive"),
    "template button": Choice(id="STOP", title="No more"),
    "order": Order(text="soon?", product_count=1),
    "new number": IdentityChanged(kind="user_changed_number", new=NEW_IDS),
    "new user id": IdentityChanged(kind="user_changed_user_id", new=Sender(bsuid="NL.9")),
    "new number, long ago": IdentityChanged(
        kind="user_changed_number", new=Sender(wa_id="31600000002")
    ),
    "new identity": IdentityChanged(kind="customer_identity_changed", new=None),
    "unsupported": Unreadable(kind="unsupported"),
    "welcome": Welcome(),
    "edit": Edited(original=ORIGINAL, body="hello"),
    "caption edit": Edited(original=ORIGINAL, body=None),
    "revoke": Revoked(original=ORIGINAL),
    "new type": Unreadable(kind="hologram"),
    "no type": Unreadable(kind="unknown"),
}


def read(contact: object = None, **fields: object) -> Inbound:
    return inbound(json.dumps({"message": message(**fields), "contact": contact}))


def content(item: dict[str, Any]) -> Content:
    return read(**{"type": None, "text": None, **item}).content


def test_every_recorded_message_has_its_content() -> None:
    assert {name: content(item) for name, item in MESSAGES.items()} == CONTENTS


@pytest.mark.parametrize("kind", sorted({item["type"] for item in MESSAGES.values() if item}))
@pytest.mark.parametrize("wrong", [None, 7, "x", [], [7], {}, {"id": 7}, {"type": []}])
def test_a_field_of_another_type_is_unreadable_never_an_error(kind: str, wrong: object) -> None:
    found = content({"type": kind, kind: wrong})

    assert isinstance(found, Unreadable | Welcome | ContactCards | Order)


@patiently
@given(st.sampled_from(sorted(MESSAGES)), JSON, st.data())
def test_any_value_in_any_place_can_be_read(name: str, value: object, data: st.DataObject) -> None:
    item = json.loads(json.dumps(MESSAGES[name]))
    parent: Any = item
    while parent:
        key = data.draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else [0]))
        if not isinstance(parent[key], dict | list) or data.draw(st.booleans()):
            parent[key] = value
            break
        parent = parent[key]

    content(item)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("1", 2), (91, 0), (0, 181), (True, 1), (1, None)]
)
def test_a_place_that_is_not_on_earth_is_unreadable(latitude: object, longitude: object) -> None:
    place = {"latitude": latitude, "longitude": longitude}

    assert content({"type": "location", "location": place}) == Unreadable(kind="location")


def test_the_oldest_spelling_of_a_new_number_counts_first() -> None:
    ids = {"new_wa_id": "31600000002", "wa_id": "31600000001", "user_id": "NL.9"}

    notice = content({"type": "system", "system": {"type": "user_changed_number", **ids}})

    assert notice == IdentityChanged(kind="user_changed_number", new=NEW_IDS)


@pytest.mark.parametrize("kind", ["customer_identity_changed", "user_blocked_us"])
def test_a_notice_that_is_not_about_a_change_of_ids_moves_nobody(kind: str) -> None:
    system = {"type": kind, "wa_id": "31600000002", "user_id": "NL.9"}

    notice = content({"type": "system", "system": system})

    assert notice == IdentityChanged(kind=kind, new=None)


def test_words_are_cleaned_for_the_database_and_capped() -> None:
    words = content({"type": "text", "text": {"body": "a\0\udfff" + "x" * 70_000}})

    assert isinstance(words, Text)
    assert words.body.startswith("a\N{REPLACEMENT CHARACTER}x")
    assert len(words.body) <= 65_536


def test_a_quote_is_known_by_its_id() -> None:
    assert read(context={"from": "15550001111", "id": "wamid.Q"}).quoted == QUOTED


@pytest.mark.parametrize("mark", ["forwarded", "frequently_forwarded"])
def test_a_forwarded_message_says_so_and_quotes_nothing(mark: str) -> None:
    forwarded = read(context={mark: True})

    assert forwarded.forwarded
    assert forwarded.quoted is None


def test_the_ad_that_a_chat_began_with_is_named() -> None:
    assert read(referral={"headline": "Meet Ava", "body": "Now"}).from_ad == "Meet Ava"
    assert read(referral={"body": "Now"}).from_ad == "Now"


def test_the_profile_name_comes_from_the_contact() -> None:
    assert read({"profile": {"name": "Ada"}}).profile_name == "Ada"
    assert read({"profile": "Ada"}).profile_name is None


def test_what_is_not_a_stored_message_is_a_bug() -> None:
    with pytest.raises(ValueError, match="not the payload of a message"):
        inbound('{"status": {}}')
