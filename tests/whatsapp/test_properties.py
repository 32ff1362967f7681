"""What holds of every delivery and of every text, found out with made-up ones."""

import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadSignature, NotADelivery
from bot.models import UpdateKind
from bot.whatsapp import wire
from bot.whatsapp.text import LONGEST, split
from tests.whatsapp.deliveries import OUR_NUMBER, deliver
from tests.whatsapp.generated import DELIVERIES, ITEM, JSON, TEXT, patiently
from tests.whatsapp.test_text import CLUSTERS

# --- deliveries -------------------------------------------------------------------------------

Part = tuple[str, object]  # "messages", "statuses" or "errors", and one item of it

PARTS = st.lists(
    st.tuples(st.sampled_from(["messages", "messages", "statuses", "errors"]), ITEM), max_size=6
)
CONTACTS = st.just([{"wa_id": "31600000001", "user_id": "NL.1", "parent_user_id": "NL.2"}]) | JSON
BODIES = st.binary() | (DELIVERIES | JSON).map(lambda value: json.dumps(value).encode())
PLACES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=6, max_size=6)
TOGETHER = [(0, 0)] * 6


def packed(parts: Sequence[Part], places: Sequence[tuple[int, int]], contacts: object) -> bytes:
    """Return a delivery with each of *parts* in the entry and the change of its place."""
    entries: dict[int, dict[int, dict[str, list[object]]]] = {}
    for (name, item), (entry, change) in zip(parts, places, strict=False):
        entries.setdefault(entry, {}).setdefault(change, {}).setdefault(name, []).append(item)
    shared = {"metadata": {"phone_number_id": OUR_NUMBER}, "contacts": contacts}
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [
                {"changes": [{"field": "messages", "value": shared | v} for v in changes.values()]}
                for changes in entries.values()
            ],
        }
    ).encode()


@patiently
@given(st.binary(max_size=50), TEXT | st.binary().map(bytes.hex), st.binary(max_size=10))
def test_a_signature_is_good_or_bad_and_nothing_else(
    body: bytes, signature: str, secret: bytes
) -> None:
    good = "sha256=" + hmac.digest(b"s" + secret, body, hashlib.sha256).hex()

    wire.verify(body, signature=good, secret=b"s" + secret)
    with pytest.raises(BadSignature):
        wire.verify(body, signature=signature, secret=secret)


@patiently
@given(BODIES, st.binary(max_size=3), st.floats(0, 1))
def test_any_body_is_read_or_is_not_a_delivery(body: bytes, damage: bytes, place: float) -> None:
    cut = round(place * len(body))

    for version in (body, body[:cut] + damage + body[cut:], body[:cut]):
        with contextlib.suppress(NotADelivery):
            for update in deliver(version):
                assert update.payload.isascii()
                assert len(update.key) <= 512
                if update.kind is UpdateKind.MESSAGE:
                    wire.inbound(update.payload)


@patiently
@given(PARTS, PLACES, CONTACTS)
def test_how_items_are_packed_changes_nothing_about_them(
    parts: list[Part], places: list[tuple[int, int]], contacts: object
) -> None:
    apart = deliver(packed(parts, places, contacts))

    assert Counter(apart) == Counter(deliver(packed(parts, TOGETHER, contacts)))


@patiently
@given(PARTS, CONTACTS)
def test_an_item_has_the_same_key_alone_and_in_any_company(
    parts: list[Part], contacts: object
) -> None:
    alone = [deliver(packed([part], TOGETHER, contacts))[0] for part in parts]
    turned = deliver(packed(parts[::-1], TOGETHER, contacts))

    assert Counter(update.key for update in turned) == Counter(update.key for update in alone)


# --- texts ------------------------------------------------------------------------------------

LINKS = ("https://a.eu/b_c", "www.a.eu/é?q=1")  # short enough for the shortest part there is
ATOMS = st.sampled_from([*CLUSTERS, *(f"{link} " for link in LINKS), *"aé.! \n", "。", "word "])
LIMITS = st.sampled_from(sorted(set(LONGEST.values()))) | st.integers(20, 60)


def whole(atoms: Sequence[str]) -> tuple[str, set[int]]:
    """Return the text of *atoms*, and where it may be cut."""
    ends, text = {0}, ""
    for atom in atoms:
        if atom == "word ":  # in the middle, where there is no better place
            ends |= set(range(len(text), len(text) + len(atom)))
        text += atom
        ends |= {len(text), len(text) - len(atom) + len(atom.rstrip())}
    return text, ends


@settings(patiently, max_examples=60)
@given(st.lists(ATOMS, min_size=1, max_size=12), LIMITS)
def test_a_text_is_cut_between_characters_and_links_and_loses_only_white_space(
    some: list[str], limit: int
) -> None:
    text, ends = whole(some * (2 * limit // len("".join(some)) + 1))

    parts = split(text, limit)

    end = 0
    for part in parts:
        start = text.index(part, end)
        assert not text[end:start].strip()
        assert start in ends
        end = start + len(part)
        assert end in ends
        assert len(part.encode("utf-16-le")) <= 2 * limit
    assert not text[end:].strip()
