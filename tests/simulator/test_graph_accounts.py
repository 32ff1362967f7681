"""What the Graph API tells of the token and the account behind the number."""

import hmac

from tests.simulator.desk import NUMBER_ID, SECRET, TOKEN, Desk


async def test_a_token_leads_to_the_account_with_the_number(desk: Desk) -> None:
    _, debugged = await desk.get(f"/v25.0/debug_token?input_token={TOKEN}")
    (account, *_) = debugged["data"]["granular_scopes"][0]["target_ids"]

    assert debugged["data"]["is_valid"]
    assert await desk.get(f"/v25.0/{account}/phone_numbers") == (200, {"data": [{"id": NUMBER_ID}]})


async def test_an_app_is_listed_once_it_is_subscribed(desk: Desk) -> None:
    _, debugged = await desk.get(f"/v25.0/debug_token?input_token={TOKEN}")
    account = debugged["data"]["granular_scopes"][0]["target_ids"][0]
    desk.simulator.accounts.subscribed = False
    _, before = await desk.get(f"/v25.0/{account}/subscribed_apps")
    await desk.client.post(
        f"{desk.url}/v25.0/{account}/subscribed_apps",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    _, after = await desk.get(f"/v25.0/{account}/subscribed_apps")

    listed = [app["whatsapp_business_api_data"]["id"] for app in after["data"]]
    assert before == {"data": []}
    assert listed == [debugged["data"]["app_id"]]


async def test_another_account_is_none_of_ours(desk: Desk) -> None:
    status, answer = await desk.get("/v25.0/1/subscribed_apps")

    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


async def test_another_token_is_refused(desk: Desk) -> None:
    status, answer = await desk.get(f"/v25.0/debug_token?input_token={TOKEN}", token="another")

    assert (status, answer["error"]["code"]) == (401, 190)


async def test_a_proof_has_to_be_made_with_the_app_secret(desk: Desk) -> None:
    right = hmac.digest(SECRET.encode(), TOKEN.encode(), "sha256").hex()
    wrong = hmac.digest(b"another", TOKEN.encode(), "sha256").hex()

    assert (await desk.get(f"/v25.0/{NUMBER_ID}?appsecret_proof={right}"))[0] == 200
    status, answer = await desk.get(f"/v25.0/{NUMBER_ID}?appsecret_proof={wrong}")
    assert (status, answer["error"]["code"]) == (400, 100)
