"""``python run.py doctor`` as a whole: what it prints, and what it exits with."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.doctor import report
from run import main
from tests.doctor.deployment import Deployment

ROOT = Path(__file__).parents[2]


async def run(**variables: str) -> tuple[int | None, list[str]]:
    """Run it in a folder without an .env; its exit code and the lines it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "run.py"), "doctor"),
        cwd=ROOT / "tests",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert err == b""
    return process.returncode, out.decode().splitlines()


async def printed(deployment: Deployment) -> tuple[int, list[str]]:
    """The same without a process."""
    subjects = await deployment.examined()
    return report.exit_code(subjects), report.text(subjects, encoding="utf-8").splitlines()


async def test_a_deployment_that_is_well(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.set_variables()

    code = await asyncio.to_thread(main, ["doctor"])  # it has a loop of its own

    lines = capsys.readouterr().out.splitlines()
    assert (code, lines[-1]) == (0, "All is well.")
    assert [line for line in lines if not line.startswith(" ") and line][:-1] == [
        "Settings",
        "Database",
        "Supabase",
        "WhatsApp",
        "Webhook",
        "Model",
    ]
    assert {line[:4] for line in lines if line.startswith(" ")} == {"  ✓ "}


async def test_a_failure_is_the_exit_code(deployment: Deployment) -> None:
    deployment.supabase.applied = []
    deployment.supabase.policy["mailer_autoconfirm"] = False

    code, lines = await printed(deployment)

    assert (code, lines[-1]) == (1, "Not well: 1 failed, 1 to look at.")
    assert [line[:4] for line in lines if line[2:3] in "!✗" and line.startswith(" ")] == [
        "  ✗ ",
        "  ! ",
    ]


async def test_a_warning_is_none(deployment: Deployment) -> None:
    deployment.supabase.policy["mailer_autoconfirm"] = False

    subjects = await deployment.examined()

    assert report.exit_code(subjects) == 0
    assert report.text(subjects, encoding="utf-8").endswith("\n\nWell, with 1 to look at.")


async def test_nobody_is_waited_for_long(deployment: Deployment) -> None:
    deployment.ava.let_go.clear()
    deployment.patience = 0.2

    found = await deployment.complaints()
    deployment.ava.let_go.set()

    (complaint,) = [complaint for complaint in found if complaint.startswith("Webhook")]
    assert "does not answer (no answer in time)" in complaint


async def test_with_nothing_configured_everything_is_embedded(deployment: Deployment) -> None:
    deployment.variables.clear()

    code, lines = await printed(deployment)

    assert (code, lines[-1]) == (0, "All is well.")
    assert "everything is embedded" in lines[1]


async def test_it_runs_where_nothing_else_would_on_any_terminal() -> None:
    code, lines = await run(
        APP_ENV="production", PORT="many", JWT_SECRET="changeme", PYTHONIOENCODING="ascii"
    )

    said = "\n".join(lines)
    assert code == 1
    for name in ("DATABASE_URL is not set", "JWT_SECRET is a placeholder", "PORT is a placeholder"):
        assert f"x {name}" in said
    assert "changeme" not in said


async def test_what_does_not_answer_ends_its_own_subject_only(
    deployment: Deployment, unused_tcp_port: int
) -> None:
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"

    found = await deployment.complaints(
        SUPABASE_URL=nowhere, WHATSAPP_API_URL=nowhere, PUBLIC_URL=nowhere, LLM_BASE_URL=nowhere
    )

    assert [complaint.partition(" ")[0] for complaint in found] == [
        "Database",
        "Supabase",
        "WhatsApp",
        "Webhook",
        "Model",
    ]
    assert all("does not answer" in complaint for complaint in found)


@pytest.mark.parametrize("url", ["http://[", "http://a b", "https://<your-project>.supabase.co"])
async def test_a_url_that_is_none_is_one_finding(deployment: Deployment, url: str) -> None:
    found = await deployment.complaints(SUPABASE_URL=url)

    assert [complaint.partition(":")[0] for complaint in found] == [
        "Database failed",
        "Supabase failed",
    ]


async def test_an_endpoint_whose_url_is_none_is_one_finding(deployment: Deployment) -> None:
    (complaint,) = await deployment.complaints(LLM_BASE_URL="http://[")

    assert complaint.startswith("Model failed: ")
