"""What a browser gets."""

import pytest

from tests.ava import Ava

pytestmark = [
    pytest.mark.asyncio(loop_scope="package"),
    # What it looks at is the same wherever the data lives.
    pytest.mark.parametrize("shared_home", ["postgres"], indirect=True),
]


async def test_an_invited_stranger_finds_a_page_without_external_assets(ava: Ava) -> None:
    async with ava.client.get("/") as answer:
        page = await answer.text()

    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "sign up" in page
    assert "src=" not in page
    assert "http" not in page
