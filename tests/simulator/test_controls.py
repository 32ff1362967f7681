"""The test controls, by attribute and over HTTP."""

import pytest

from tests.simulator.desk import ADA, Desk, Json, text_message


async def test_good_weather_is_the_default(desk: Desk) -> None:
    _, controls = await desk.get("/controls")

    assert controls == {
        "allow_list": None,
        "answer_delay_seconds": 0.0,
        "batch": 1,
        "delay_seconds": 0.0,
        "duplicate": 0,
        "hold_statuses": False,
        "linger_seconds": 0.1,
        "pair_rate": False,
        "planned": 0,
        "shuffle": False,
        "skip_delivered": False,
        "window_hours": None,
    }


async def test_switches_can_be_set_over_http(desk: Desk) -> None:
    wish = {"duplicate": 1, "shuffle": True, "delay_seconds": 0.5, "allow_list": [ADA]}
    status, controls = await desk.post("/controls", wish)

    assert status == 200
    assert controls.items() >= wish.items()
    assert desk.simulator.faults.duplicate == 1


async def test_answers_and_failures_can_be_planned_over_http(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    answer = {"code": 130429, "http_status": 429, "times": 2}
    _, controls = await desk.post("/controls", {"answer": answer, "fail": {"code": 131049}})
    status, refusal = await desk.graph(text_message("hello"))

    assert controls["planned"] == 3
    assert (status, refusal["error"]["code"]) == (429, 130429)


async def test_clearing_comes_before_everything_else_in_a_body(desk: Desk) -> None:
    await desk.post("/controls", {"duplicate": 3, "hold_statuses": True})
    _, controls = await desk.post("/controls", {"duplicate": 1, "clear": True})

    assert (controls["duplicate"], controls["hold_statuses"]) == (1, False)


@pytest.mark.parametrize(
    "wish",
    [
        {"batch": 0},
        {"duplicate": True},
        {"shuffle": 1},
        {"delay_seconds": -1},
        {"allow_list": "everybody"},
        {"answer": {}},
        {"answer": {"code": 4, "http_status": 200}},
        {"drop": {"moment": "sometime"}},
        {"fail": 131026},
        {"__class__": "x"},
        {"weather": "good"},
    ],
)
async def test_a_control_that_does_not_exist_changes_nothing(desk: Desk, wish: Json) -> None:
    status, problem = await desk.post("/controls", {"clear": True, "duplicate": 2, **wish})

    assert status == 422
    assert problem["errors"]
    assert desk.simulator.faults.duplicate == 0


async def test_another_site_s_page_cannot_turn_the_controls(desk: Desk) -> None:
    async with desk.client.post(f"{desk.url}/controls", data=b'{"duplicate": 9}') as answer:
        assert answer.status == 415


async def test_faults_can_be_cleared(desk: Desk) -> None:
    faults = desk.simulator.faults
    faults.duplicate, faults.hold_statuses = 3, True
    faults.answer(1, times=9)
    faults.clear()

    assert (faults.duplicate, faults.hold_statuses, faults.planned) == (0, False, 0)
