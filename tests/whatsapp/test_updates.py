import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bot.errors import Cure
from bot.models import Rename, ReplyStatus, Sender, StatusReport, UpdateKind, Wamid
from bot.whatsapp import wire
from tests.whatsapp.deliveries import (
    OUR_NUMBER,
    deliver,
    delivery,
    envelope,
    message,
    only,
    sample,
)

# --- messages ---------------------------------------------------------------------------------


def test_a_text_message_becomes_an_update_for_its_sender() -> None:
    update = only(sample("text"))

    assert update.key == "message:wamid.AAA"
    assert update.kind is UpdateKind.MESSAGE
    assert update.sender == Sender(wa_id="31600000001", bsuid="NL.4091772")
    assert update.text == "hi"
    assert update.sent_at == datetime(2026, 9, 21, 14, 13, 21, tzinfo=UTC)
    assert json.loads(update.payload)["contact"]["profile"]["name"] == "Ada"


def test_every_entry_change_message_and_status_is_read_and_messages_come_first() -> None:
    result = wire.parse(sample("batch"), phone_number_id=OUR_NUMBER)

    assert [update.key for update in result.updates] == [
        "message:wamid.A1",
        "message:wamid.B1",
        "message:wamid.C1",
        "status:wamid.OUT:sent:31600000001",
    ]
    assert result.ignored == 2


def test_a_contact_is_found_by_a_shared_id_not_by_its_place() -> None:
    first, second, *_ = deliver(sample("batch"))

    assert first.sender == Sender(wa_id="31600000001", bsuid="NL.4091772")
    assert second.sender == Sender(bsuid="BE.77")
    assert json.loads(second.payload)["contact"]["profile"]["name"] == "Ben"


def test_without_metadata_a_message_is_taken_to_be_ours() -> None:
    assert only(delivery(message(), metadata=None)).kind is UpdateKind.MESSAGE


def test_the_plus_of_a_number_is_dropped() -> None:
    assert only(delivery(message(from_="+31600000001"))).sender == Sender(wa_id="31600000001")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "text",
        message(id=None),
        message(id=7),
        message(id=""),
        message(id="wamid.\0"),
        message(id="wamid.\ud800"),
        message(id="w" * 513),
        message(from_=None),
        message(from_="Ada"),
        message(from_="٣١٦"),  # digits, but not ours
        message(from_=31600000001),
        message(from_="3" * 21),
        message(from_=None, from_user_id="NL.\n1"),
        message(group_id="Y2FwX2dyb3Vw"),
    ],
)
def test_an_item_that_cannot_be_answered_is_kept_and_the_others_are_read(broken: object) -> None:
    good = message(id="wamid.GOOD")

    first, second = deliver(delivery(broken, good))

    assert (first.key, first.kind) == ("message:wamid.GOOD", UpdateKind.MESSAGE)
    assert second.kind is UpdateKind.OTHER
    assert second.sender is None
    assert json.loads(second.payload) == {"field": "messages", "item": broken}


@pytest.mark.parametrize(
    "nonsense",
    [
        "-1",
        "",
        "soon",
        "1e9",
        "0",
        "99999999999999999999",
        "1790000001.5",
        "١٧٩",
        True,
        1.5,
        [],
        {},
    ],
)
def test_a_timestamp_of_nonsense_is_no_reason_to_lose_a_message(nonsense: object) -> None:
    update = only(delivery(message(timestamp=nonsense)))

    assert update.kind is UpdateKind.MESSAGE
    assert update.sent_at is None


def test_text_is_made_fit_for_the_database() -> None:
    update = only(delivery(message(text={"body": "a\0b\ud800c😀" + "x" * 100_000})))

    assert update.text is not None
    assert update.text.startswith("ab\N{REPLACEMENT CHARACTER}c😀x")
    assert len(update.text) <= 65_536
    assert update.payload.isascii()


def test_a_copy_has_the_same_key_in_other_company_and_with_its_keys_in_another_order() -> None:
    odd = {"status": "odd", "id": "wamid.O"}
    turned = dict(reversed(odd.items()))

    alone = only(delivery(statuses=[odd]))
    together = deliver(delivery(message(), statuses=[turned]))

    assert together[-1].key == alone.key


# --- statuses ---------------------------------------------------------------------------------


def test_statuses_report_how_far_a_message_has_come() -> None:
    updates = deliver(sample("statuses"))

    reports = [update.report for update in updates]
    assert [report.status for report in reports if report] == [
        ReplyStatus.SENT,
        ReplyStatus.DELIVERED,
        ReplyStatus.READ,
        ReplyStatus.READ,
        ReplyStatus.FAILED,
    ]
    assert [update.key for update in updates] == [
        "status:wamid.OUT:sent:31600000001",
        "status:wamid.OUT:delivered:NL.4091772",
        "status:wamid.OUT:read:31600000001",
        "status:wamid.OUT:played:",
        "status:wamid.LOST:failed:31600000001",
    ]


def test_a_status_brings_our_own_id_back() -> None:
    sent, *_, played, failed = (update.report for update in deliver(sample("statuses")))

    assert sent is not None
    assert sent.send_id == UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
    assert played is not None
    assert played.send_id is None
    assert failed == StatusReport(
        wamid=Wamid("wamid.LOST"),
        send_id=None,
        status=ReplyStatus.FAILED,
        error_code=131047,
        error_details="More than 24 hours have passed.",
        cure=Cure.WINDOW_CLOSED,
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "wamid.O", "status": "teleported"},
        {"id": "wamid.O", "status": ["sent"]},
        {"id": "wamid.O", "status": "sent", "recipient_id": {"a": 1}},
        {"id": "wamid.O", "status": "sent", "recipient_id": "\n"},
        {"id": None, "status": "sent"},
        7,
    ],
)
def test_a_status_that_cannot_be_read_is_kept(odd: object) -> None:
    update = only(delivery(statuses=[odd]))

    assert update.kind is UpdateKind.OTHER
    assert update.report is None


@pytest.mark.parametrize("errors", [None, {}, [], [7], [{"code": "x"}], [{"code": 2**40}], [{}]])
def test_a_failure_without_a_usable_reason_is_still_a_failure(errors: object) -> None:
    update = only(delivery(statuses=[{"id": "wamid.O", "status": "failed", "errors": errors}]))

    assert update.report is not None
    assert update.report.status is ReplyStatus.FAILED
    assert update.report.error_code is None


# --- who somebody is --------------------------------------------------------------------------


def renames(*items: object) -> bytes:
    return envelope({"field": "user_id_update", "value": {"user_id_update": items}})


def changed_number(**fields: object) -> dict[str, object]:
    system = {"type": "user_changed_number", "wa_id": "31600000002", **fields}
    return message(type="system", text=None, system=system)


def test_every_rename_is_an_update_of_its_own() -> None:
    first = {"user_id": {"previous": "NL.1", "current": "NL.2"}, "timestamp": "1790000020"}
    second = {"user_id": {"previous": "NL.2", "current": "NL.3"}, "wa_id": "31600000001"}

    updates = deliver(renames(first, second))

    assert [update.kind for update in updates] == [UpdateKind.OTHER] * 2
    assert [update.rename for update in updates] == [
        Rename(previous="NL.1", current="NL.2"),
        Rename(previous="NL.2", current="NL.3"),
    ]
    assert updates[0].sent_at == datetime(2026, 9, 21, 14, 13, 40, tzinfo=UTC)
    assert json.loads(updates[1].payload) == {"field": "user_id_update", "item": second}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "NL.2",
        {},
        {"user_id": "NL.2"},
        {"user_id": {"previous": "NL.1"}},
        {"user_id": {"previous": "NL.1", "current": 2}},
        {"user_id": {"previous": "NL.1", "current": "NL.\n"}},
        {"user_id": {"previous": "NL.1", "current": "NL.1"}},
        {"user_id": {"previous": "N" * 513, "current": "NL.1"}},
    ],
)
def test_what_renames_nobody_is_kept(odd: object) -> None:
    update = only(renames(odd))

    assert (update.kind, update.rename) == (UpdateKind.OTHER, None)


@pytest.mark.parametrize("value", [{}, {"user_id_update": []}, {"user_id_update": {}}, None, []])
def test_renames_of_another_shape_are_kept_whole(value: object) -> None:
    update = only(envelope({"field": "user_id_update", "value": value}))

    assert json.loads(update.payload) == {"field": "user_id_update", "value": value}


def test_a_rename_means_nothing_in_another_field() -> None:
    item = {"user_id": {"previous": "NL.1", "current": "NL.2"}}

    assert only(delivery(user_id_update=[item], messages={})).rename is None


def test_a_new_number_is_told_by_the_former_one() -> None:
    assert only(delivery(changed_number())).sender == Sender(wa_id="31600000001")


def test_without_the_former_number_its_old_spelling_or_the_former_id_counts() -> None:
    spelt = {**changed_number(customer="31600000001"), "from": None}
    hidden = {**changed_number(), "from": None, "from_user_id": "NL.1"}

    first, second = deliver(delivery(spelt, {**hidden, "id": "wamid.B"}))

    assert first.sender == Sender(wa_id="31600000001")
    assert second.sender == Sender(bsuid="NL.1")


def test_the_new_ids_in_a_notice_are_never_taken_for_the_former_ones() -> None:
    notice = {**changed_number(user_id="NL.2"), "from": None}
    new_contact = {"wa_id": "31600000002", "user_id": "NL.2"}

    update = only(delivery(notice, contacts=[new_contact]))

    assert (update.kind, update.sender) == (UpdateKind.OTHER, None)
