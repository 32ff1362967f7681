"""Everything that is examined, at the same time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.doctor import (
    configuration,
    database,
    model_endpoint,
    supabase_project,
    webhook,
    whatsapp_number,
)
from bot.doctor.findings import Findings, Halted, Subject, failed, ok, warning
from bot.doctor.service import connections
from bot.settings import Reading

_PATIENCE = 10.0  # seconds for one question
_QUESTIONS = 5  # one after the other, at most as slow as that


@dataclass(frozen=True, slots=True)
class _Check:
    """One subject. variables: how the names of what it needs begin."""

    title: str
    variables: tuple[str, ...]
    findings: Findings


async def examine(
    reading: Reading, environ: Mapping[str, str], *, patience: float = _PATIENCE
) -> Sequence[Subject]:
    """Return what was found; *patience* is how many seconds one question may take."""
    if configuration.everything_is_embedded(reading):
        embedded = ok("Nothing is configured: everything is embedded, so nothing is to be checked.")
        return [Subject("Settings", [embedded])]
    settings = reading.settings
    async with connections(patience) as session:
        checks = [
            _Check("Settings", (), configuration.examined(reading, environ)),
            _Check(
                "Database",
                ("DATABASE_URL", "SUPABASE"),
                database.examined(settings, session, patience),
            ),
            _Check("Supabase", ("SUPABASE",), supabase_project.examined(settings, session)),
            _Check("WhatsApp", ("WHATSAPP",), whatsapp_number.examined(settings, session)),
            _Check("Webhook", ("PUBLIC_URL",), webhook.examined(settings, session)),
            _Check("Model", ("LLM",), model_endpoint.examined(settings, patience)),
        ]
        return await asyncio.gather(
            *(_concluded(check, reading.wrong, patience * _QUESTIONS) for check in checks)
        )


async def _concluded(check: _Check, wrong: frozenset[str], seconds: float) -> Subject:
    in_the_way = sorted(name for name in wrong if name.startswith(check.variables))
    if in_the_way:
        names = ", ".join(in_the_way)
        return Subject(check.title, [warning(f"Not examined until {names} can be used.")])
    found = []
    try:
        async with asyncio.timeout(seconds):
            async for finding in check.findings:
                found.append(finding)  # noqa: PERF401 - what was found before the end counts
    except Halted as exc:
        found.append(failed(str(exc)))
    except TimeoutError:
        found.append(failed("This took too long: try again, and look at what is slow."))
    return Subject(check.title, found)
