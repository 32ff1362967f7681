"""A tool that reads only the document asks for whatever it allows and forbids."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.ava import Ava
from tests.handlers.conftest import Newcomer

pytestmark = [
    pytest.mark.asyncio(loop_scope="package"),
    # What it looks at is the same wherever the data lives.
    pytest.mark.parametrize("shared_home", ["postgres"], indirect=True),
]

# Schemas cannot say which text is a cursor or a link that works, nor that a key is used once.
INEXPRESSIBLE = "positive_data_acceptance"
CONFIG = """
[warnings]  # those about the document; the others want everything to be accepted
fail-on = [
    "missing_deserializer", "unresolvable_reference", "unsupported_regex", "unused_openapi_auth",
]

[phases.coverage]
unexpected-methods = ["TRACE"]

[[operations]]
include-name = "DELETE /account"  # after this nothing else would be let in
enabled = false

[[operations]]
include-name = "POST /auth/signout"  # nor after this
enabled = false

[[operations]]
include-name = "POST /auth/password/reset"  # GET /auth/password/{token} is there as well
checks.allow_header_conformance.enabled = false
"""


@pytest.mark.timeout(180)  # seconds; it shares two cores with other tests
async def test_schemathesis_finds_nothing(ava: Ava, newcomer: Newcomer, tmp_path: Path) -> None:
    person = await newcomer()
    await person.make_avatar()
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cProfile", "-o", "/tmp/pI/s.prof", "-m", "schemathesis.cli", f"--config-file={config}", "run"),
        f"http://127.0.0.1:{ava.settings.port}/openapi.json",
        f"--header=Authorization: Bearer {person.token}",
        *("--phases=coverage,fuzzing", "--max-examples=3", f"--exclude-checks={INEXPRESSIBLE}"),
        *("--seed=1", "--generation-database=none"),
        *("--continue-on-failure", "--no-color"),
        cwd=tmp_path,
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert (await person.ask("GET", "/account"))[0] == 200  # or it was let in nowhere
