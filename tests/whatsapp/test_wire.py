import hashlib
import hmac
import json
import sys

import pytest
from hypothesis import given

from bot.errors import BadSignature, NotADelivery
from bot.models import UpdateKind
from bot.whatsapp import wire
from tests.whatsapp.deliveries import deliver, delivery, envelope, message, only, sample
from tests.whatsapp.generated import ITEMS, JSON, patiently

SECRET = b"app secret"
BODY = b'{"entry": []}'
SIGNATURE = "sha256=" + hmac.digest(SECRET, BODY, hashlib.sha256).hex()


# --- signature --------------------------------------------------------------------------------


def test_what_meta_signed_with_our_secret_is_accepted() -> None:
    wire.verify(BODY, signature=SIGNATURE, secret=SECRET)


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", SIGNATURE[7:], SIGNATURE[:-1], SIGNATURE + "0", "sha256=é", "\udcff", "\0"],
)
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        wire.verify(BODY, signature=signature, secret=SECRET)


def test_one_changed_byte_is_noticed() -> None:
    with pytest.raises(BadSignature):
        wire.verify(BODY + b" ", signature=SIGNATURE, secret=SECRET)


def test_without_a_secret_nothing_is_accepted() -> None:
    forged = "sha256=" + hmac.digest(b"", BODY, hashlib.sha256).hex()

    with pytest.raises(BadSignature):
        wire.verify(BODY, signature=forged, secret=b"")


# --- deliveries -------------------------------------------------------------------------------


def test_other_fields_echoes_history_errors_and_group_messages_are_kept_and_never_answered() -> (
    None
):
    updates = deliver(sample("others"))

    assert len(updates) == 7
    assert {update.kind for update in updates} == {UpdateKind.OTHER}
    assert all(update.key.startswith("other:") for update in updates)
    assert len({update.key for update in updates}) == 7


@pytest.mark.parametrize(
    "document",
    [
        {"object": "page", "entry": [{"changes": []}]},
        {},
        {"entry": {}},
        {"entry": [None]},
        {"entry": [{"changes": {}}]},
        {"entry": [{"changes": [None]}]},
        {"entry": [{"changes": [{"field": "messages"}]}]},
        {"entry": [{"changes": [{"field": "messages", "value": None}]}]},
        {"entry": [{"changes": [{"field": "messages", "value": {"messages": {}}}]}]},
        {"entry": [{"changes": [{"field": {}, "value": {}}]}]},
    ],
)
def test_an_envelope_of_another_shape_is_kept(document: object) -> None:
    assert only(json.dumps(document).encode()).kind is UpdateKind.OTHER


def test_a_delivery_of_nothing_is_nothing() -> None:
    assert deliver(envelope()) == ()


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"[]", b'"x"', b"1", b"null", b"{", b'{"a": "\xff"}', b"\x00"]
)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotADelivery):
        deliver(body)


@pytest.mark.parametrize(
    "number", ["9" * 5_000, "-" + "9" * 5_000, "1e999", "NaN", "-Infinity", "1" * 20]
)
def test_numbers_that_nobody_can_hold_are_kept_as_they_were_written(number: str) -> None:
    body = delivery(message(extra="NUMBER")).replace(b'"NUMBER"', number.encode())

    update = only(body)

    assert update.text == "hi"
    assert str(json.loads(update.payload)["message"]["extra"]) == number


def test_a_control_character_in_a_string_does_not_cost_the_message() -> None:
    update = only(delivery(message(text={"body": "a-b"})).replace(b"a-b", b"a\x00b"))

    assert update.text == "ab"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_however_deep_is_kept(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    for depth in (50, 200, *range(sys.getrecursionlimit() - 120, sys.getrecursionlimit())):
        nest = opening * depth + "1" + closing * depth
        body = delivery(message(extra="NEST")).replace(b'"NEST"', nest.encode())

        update = only(body)

        assert update.payload.isascii()
        assert update.kind is (UpdateKind.MESSAGE if depth < 100 else UpdateKind.OTHER)


def test_a_body_nested_beyond_reading_is_kept_whole() -> None:
    body = b'{"a":' * 100_000 + b"1" + b"}" * 100_000

    assert json.loads(only(body).payload) == body.decode()


def test_a_thousand_updates_with_a_thousand_contacts_are_all_read() -> None:
    people = [str(31_600_000_000 + n) for n in range(1_000)]
    body = delivery(
        *(message(id=f"wamid.{person}", from_=person) for person in people),
        contacts=[{"wa_id": person} for person in reversed(people)],
    )

    updates = deliver(body)

    assert [update.sender and update.sender.wa_id for update in updates] == people
    assert all("contact" in json.loads(update.payload) for update in updates)


@patiently
@given(ITEMS, ITEMS, JSON | ITEMS)
def test_no_item_is_lost_and_every_message_can_be_read_again(
    messages: list[object], statuses: list[object], contacts: object
) -> None:
    updates = deliver(delivery(*messages, statuses=statuses, contacts=contacts))

    assert len(updates) == len(messages) + len(statuses)
    for update in updates:
        json.loads(update.payload)
        assert update.payload.isascii()
        assert len(update.key) <= 512
        if update.kind is UpdateKind.MESSAGE:
            read = wire.inbound(update.payload)
            assert (f"message:{read.id}", read.sender) == (update.key, update.sender)
