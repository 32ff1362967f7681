"""Whatever is thrown at the JSON endpoints, they answer with a problem and never with a 500."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.ava import Ava, Person

pytestmark = [
    pytest.mark.asyncio(loop_scope="package"),
    # What it looks at is the same wherever the data lives.
    pytest.mark.parametrize("shared_home", ["postgres"], indirect=True),
]

Refused = Callable[..., Awaitable[tuple[int, list[str]]]]

JSON = {"Content-Type": "application/json"}
SIGN_IN = {"email": "nobody@example.com", "password": "correct horse battery"}
AVATAR = {"name": "Mia", "age": 27, "personality": "playful", "physical_description": "Tall."}
TAKEN: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/auth/signup"): SIGN_IN,
    ("POST", "/auth/signin"): SIGN_IN,
    ("POST", "/avatars"): AVATAR,
    ("PATCH", "/avatars/me"): AVATAR,
    ("PUT", "/preferences/whatsapp"): {"phone": "+31600000099"},
    ("POST", "/messages"): {"content": "Hello."},
}
each_endpoint = pytest.mark.parametrize(("method", "path"), TAKEN)


@pytest.fixture
def refused(ava: Ava, somebody: Person) -> Refused:
    """Ask for something that cannot be; the status and the fields that the problem names."""

    async def ask(method: str, path: str, body: object, **more: str) -> tuple[int, list[str]]:
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = JSON | {"Authorization": f"Bearer {somebody.token}"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        async with ava.client.request(method, path, data=data, headers=headers) as answer:
            problem = await answer.json(content_type="application/problem+json")
            assert problem["type"] == "about:blank"
            assert (problem["status"], problem["title"]) == (answer.status, answer.reason)
            return answer.status, [error["field"] for error in problem.get("errors", [])]

    return ask


# --- bodies ---------------------------------------------------------------------------------


@each_endpoint
async def test_what_is_not_a_json_object_is_a_400(refused: Refused, method: str, path: str) -> None:
    for body in (
        *(b"", b"{", b"nonsense", b"[]", b"[{}]", b'"text"', b"1", b"null", b"{}{}", b"NaN"),
        *(b"\xff\xfe\x00", b"\x80", b"{'a': 1}", b'{"a": 01}'),
        *(b"[" * 60_000, b'{"a":' * 12_000, b"9" * 10_000, b'{"age": ' + b"9" * 5_000 + b"}"),
    ):
        assert (body[:20], await refused(method, path, body)) == (body[:20], (400, []))


@each_endpoint
async def test_a_body_of_another_type_is_a_415(refused: Refused, method: str, path: str) -> None:
    for other in "text/plain", "application/x-www-form-urlencoded", "text/json", ";;", "json", "é":
        assert await refused(method, path, TAKEN[method, path], content_type=other) == (415, [])


@each_endpoint
async def test_every_missing_field_is_named(refused: Refused, method: str, path: str) -> None:
    required = [field for field in TAKEN[method, path] if field != "physical_description"]

    if method != "PATCH":
        assert await refused(method, path, {}) == (422, required)


@each_endpoint
async def test_a_field_too_many_is_named(refused: Refused, method: str, path: str) -> None:
    for name in "user_id", "id", "role", "", "__class__", "a\0b":
        body = TAKEN[method, path] | {name: 1}

        assert await refused(method, path, body) == (422, [name])
    assert (await refused(method, path, {"\ud800": 1}))[0] == 422


@each_endpoint
async def test_a_value_of_the_wrong_type_is_named(refused: Refused, method: str, path: str) -> None:
    deep: object = "x"
    for _ in range(400):
        deep = [deep]
    for field in TAKEN[method, path]:
        for value in None, True, 1.5, [], {}, ["a"], {"a": 1}, float("nan"), float("inf"), deep:
            if (field, value) == ("physical_description", None):
                continue
            body = TAKEN[method, path] | {field: value}

            assert (value, await refused(method, path, body)) == (value, (422, [field]))


@each_endpoint
async def test_what_is_not_text_is_refused_in_every_field(
    refused: Refused, method: str, path: str
) -> None:
    for field in TAKEN[method, path]:
        for text in "a\0b", "\0", "a\ud800b", "\udc00\ud83d":
            body = TAKEN[method, path] | {field: text}

            assert (text, await refused(method, path, body)) == (text, (422, [field]))


@pytest.mark.parametrize(
    ("method", "path", "field", "values"),
    [
        ("POST", "/auth/signup", "email", [f"{'a' * 60}@{'b' * 200}.com"]),
        ("POST", "/auth/signup", "password", ["", "1234567", "correct horse " * 100]),
        ("POST", "/auth/signin", "email", [f"ada@{'a' * 250}.com", ""]),
        ("POST", "/auth/signin", "password", ["", "x" * 1025]),
        ("POST", "/avatars", "name", ["M" * 61, "", "   ", "\u00a0"]),
        ("POST", "/avatars", "age", [19, 121, -(10**30), 10**30]),
        ("POST", "/avatars", "personality", ["", "Playful", "evil", "playful "]),
        ("POST", "/avatars", "physical_description", ["x" * 1001]),
        ("PATCH", "/avatars/me", "name", ["", "M" * 61]),
        ("PATCH", "/avatars/me", "age", [19, "30"]),
        ("PUT", "/preferences/whatsapp", "phone", ["", "+" + "1" * 16, "+" + "1" * 10_000]),
        ("POST", "/messages", "content", ["", " \n\t ", "x" * 4097]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_does_not_fit_is_named(
    refused: Refused, method: str, path: str, field: str, values: list[object]
) -> None:
    for value in values:
        body = TAKEN[method, path] | {field: value}

        assert (value, await refused(method, path, body)) == (value, (422, [field]))


@each_endpoint
async def test_a_body_larger_than_anybody_needs_is_a_413(
    refused: Refused, method: str, path: str
) -> None:
    too_many_fields = TAKEN[method, path] | {str(n): n for n in range(10_000)}

    assert await refused(method, path, too_many_fields) == (413, [])


async def test_a_compressed_body_is_not_unpacked_further_than_that(refused: Refused) -> None:
    bomb = gzip.compress(b" " * (16 << 20))

    assert await refused("POST", "/auth/signin", bomb, content_encoding="gzip") == (413, [])


async def test_a_body_that_is_not_compressed_as_it_says_is_a_400(refused: Refused) -> None:
    assert await refused("POST", "/auth/signin", b"{}", content_encoding="gzip") == (400, [])


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, str, object]:
    """A good body, except that one field may hold anything."""
    method, path = draw(st.sampled_from(list(TAKEN)))
    field = draw(st.sampled_from([*TAKEN[method, path], "more"]))
    return method, path, TAKEN[method, path] | {field: draw(_junk)}


@given(asked=_requests())
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_body_is_an_error_of_ours(somebody: Person, asked: tuple[str, str, Any]) -> None:
    method, path, body = asked

    status, answer = await somebody.ask(method, path, data=json.dumps(body), headers=JSON)

    assert 400 <= status < 500, answer


# --- addresses ------------------------------------------------------------------------------


async def test_an_unknown_path_is_a_404(refused: Refused) -> None:
    for path in "/nothing", "/avatars/you", "/messages/", "/avatars/%00", "/%ff", "/..%2fetc":
        assert await refused("GET", path, {}) == (404, [])


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(ava: Ava) -> None:
    for method, path, allowed in (
        ("GET", "/auth/signup", "POST"),
        ("PUT", "/avatars/me", "DELETE,GET,HEAD,PATCH"),
        ("DELETE", "/messages", "GET,HEAD,POST"),
        ("OPTIONS", "/preferences", "GET,HEAD"),
        ("PROPFIND", "/health", "GET,HEAD"),
    ):
        async with ava.client.request(method, path) as answer:
            assert (answer.status, answer.content_type) == (405, "application/problem+json")
            assert answer.headers["Allow"] == allowed


# --- connections ----------------------------------------------------------------------------


async def test_somebody_who_hangs_up_is_not_an_error_of_ours(ava: Ava) -> None:
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", ava.settings.port)
        writer.write(b"POST /auth/signin HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n")
        writer.write(b"Content-Type: application/json\r\n\r\n{")
        await writer.drain()
        async with ava.client.get("/health") as answer:  # by now the other one is being read
            assert answer.status == 200
        writer.close()
        await writer.wait_closed()
        async with ava.client.get("/health") as answer:
            assert answer.status == 200

    assert [line for line in lines if line["event"] == "request.failed"] == []
