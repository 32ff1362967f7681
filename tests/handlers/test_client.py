"""Where a request comes from is what the trusted proxies say, and never what the client says."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from bot.handlers import client
from bot.keys import TRUSTED_PROXIES

HERE = "127.0.0.1"  # from where the tests ask, as the proxy in front of Ava would
ADA, EVE, PROXY = "203.0.113.7", "198.51.100.1", "192.0.2.1"


async def heard(trusted: int, *lines: str) -> str:
    """Ask with these X-Forwarded-For; return whom Ava takes that for."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=client.address(request))

    app = web.Application()
    app[TRUSTED_PROXIES] = trusted
    app.add_routes([web.get("/", answer)])
    headers = CIMultiDict([("X-Forwarded-For", line) for line in lines])
    async with TestClient(TestServer(app)) as asking, asking.get("/", headers=headers) as answered:
        return await answered.text()


async def test_without_a_trusted_proxy_nobody_is_believed() -> None:
    assert await heard(0, ADA) == HERE


@pytest.mark.parametrize(
    ("trusted", "lines"),
    [
        (1, [ADA]),
        (1, [f"{EVE}, {ADA}"]),
        (1, [EVE, ADA]),
        (1, [f"{EVE},{EVE}", f"{EVE} ,  {ADA}"]),
        (2, [f"{ADA}, {PROXY}"]),
        (2, [f"{EVE}, {ADA}, {PROXY}"]),
        (2, [EVE, ADA, PROXY]),
    ],
)
async def test_only_what_a_trusted_proxy_added_counts(trusted: int, lines: list[str]) -> None:
    assert await heard(trusted, *lines) == ADA


@pytest.mark.parametrize(
    ("trusted", "lines"),
    [
        (1, []),
        (1, [""]),
        (1, [f"{ADA}, "]),
        (1, [f"{ADA}, unknown"]),
        (1, [f"{ADA}, 1.2.3"]),
        (1, [f"{ADA}, 1.2.3.4:80"]),
        (2, [ADA]),  # it did not come through both of them
    ],
)
async def test_what_is_no_address_is_not_believed(trusted: int, lines: list[str]) -> None:
    assert await heard(trusted, *lines) == HERE


async def test_an_ipv4_address_in_ipv6_is_that_address() -> None:
    assert await heard(1, f"::ffff:{ADA}") == ADA


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        (ADA, ADA),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", ADA),
        ("", ""),
    ],
)
def test_an_ipv6_address_is_counted_with_its_network(address: str, counted_as: str) -> None:
    assert client.neighbourhood(address) == counted_as
