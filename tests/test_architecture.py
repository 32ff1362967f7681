"""The direction of the imports, and who may know which vendor."""

import ast
import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in [ROOT / "run.py", *(ROOT / "bot").rglob("*.py")]
}

# One vendor, one owner (or two, where one makes what the other uses).
OWNERS = {
    "aiosmtplib": ("bot.mail.smtp",),
    "asyncpg": ("bot.store", "bot.doctor.database"),
    "argon2": ("bot.accounts.hashing",),
    "supabase": ("bot.store.supabase", "bot.accounts.supabase"),
    "postgrest": ("bot.store.supabase",),
    "supabase_auth": ("bot.accounts.supabase",),
    "jose": ("bot.accounts.tokens", "bot.accounts.supabase_tokens", "bot.accounts.public_keys"),
    "cryptography": ("bot.encryption",),
    "openai": ("bot.chat.completions", "bot.chat.prompt"),
    "prometheus_client": ("bot.metrics",),
    "pydantic_settings": ("bot.settings",),
    "sentry_sdk": ("bot.alarms.sentry",),
    "uvloop": ("run",),
    "aiohttp": (
        "run",
        "bot.alarms.choice",
        "bot.alarms.slack",
        "bot.answering",
        "bot.app",
        "bot.inner_keys",
        "bot.keys",
        "bot.development",
        "bot.doctor",
        "bot.handlers",
        "bot.mail.choice",
        "bot.mail.mailbox_page",
        "bot.mail.resend",
        "bot.whatsapp.graph",
        "bot.simulator",
    ),
}

# What each part may import of the others; a part is a package or a module of bot.
ALLOWED = {
    "models": {"errors"},
    "metrics": {"upkeep", "whatsapp.errors"},
    "tasks": set(),
    "timings": set(),
    "upkeep": {"models"},
    "errors": set(),
    "encryption": set(),
    "inbound": {"models"},
    "phones": {"models"},
    "link_codes": set(),
    "limits": set(),
    "random_tokens": set(),
    "settings": {"errors"},
    "log": {"settings"},
    "dead_letters": {"models", "store.ports", "upkeep", "whatsapp.errors"},
    "retention": {"errors", "store.ports"},
    "whatsapp": {"models", "inbound", "errors"},
    "store": {
        "models",
        "upkeep",
        "errors",
        "limits",
        "phones",
        "link_codes",
        "random_tokens",
        "supabase_keys",
    },
    "accounts": {"models", "errors", "mail", "random_tokens", "store.ports", "supabase_keys"},
    "mail": {"errors"},
    "chat": {
        "models",
        "inbound",
        "errors",
        "link_codes",
        "metrics",
        "store.ports",
        "timings",
        "whatsapp.wire",
        "whatsapp.text",
    },
    "keys": {
        "accounts.links",
        "accounts.ports",
        "chat",
        "limits",
        "mail.postman",
        "metrics",
        "settings",
        "store.ports",
        "whatsapp.graph",
    },
    "handlers": {
        "models",
        "upkeep",
        "encryption",
        "errors",
        "limits",
        "metrics",
        "phones",
        "keys",
        "timings",
        "accounts.ports",
        "link_codes",
        "store.ports",
        "whatsapp.wire",
    },
    "doctor": {
        "alarms.wording",
        "models",
        "upkeep",
        "errors",
        "settings",
        "store.migrate",
        "chat.completions",
        "supabase_keys",
        "whatsapp.fields",
    },
    "alarms": {"errors", "store.ports", "upkeep"},
    "simulator": set(),
    "supabase_keys": set(),
    "homes": {"accounts", "mail.postman", "settings", "store"},
    "inner_keys": {"chat.attention", "homes", "settings"},
    "answering": {"chat", "inner_keys", "keys", "store", "tasks"},
    "app": {
        "accounts",
        "alarms",
        "answering",
        "chat",
        "errors",
        "handlers",
        "homes",
        "inner_keys",
        "keys",
        "limits",
        "mail.choice",
        "metrics",
        "retention",
        "settings",
        "store",
        "tasks",
        "whatsapp",
    },
    "development": {"app", "errors", "mail", "settings", "simulator", "store.embedded"},
}


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, wherever in it."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _parsed(path: Path) -> ast.Module:
    gc.disable()  # a collection within ast.parse breaks it: github.com/python/cpython/issues/106905
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def within(name: str, places: object) -> bool:
    assert isinstance(places, (set, tuple))
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("module", MODULES)
def test_a_vendor_is_known_to_its_owner_alone(module: str) -> None:
    strangers = {
        name
        for name in imports(MODULES[module])
        if (vendor := name.partition(".")[0]) in OWNERS and not within(module, OWNERS[vendor])
    }

    assert strangers == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("bot.")])
def test_imports_point_one_way(module: str) -> None:
    part = module.split(".")[1]
    if part == "__init__":
        return
    wrong = {
        name
        for imported in imports(MODULES[module])
        if imported.startswith("bot.")
        and not within(name := imported.removeprefix("bot."), {part, *ALLOWED[part]})
        and name != part
    }

    assert wrong == set()


def test_production_never_loads_the_simulator_nor_the_embedded_postgres() -> None:
    script = "import run, sys; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    ours = [name for name in loaded.stdout.split() if name.startswith("bot.")]
    assert [n for n in ours if "simulator" in n or "embedded" in n or "development" in n] == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "core", "services", "manager"])
def test_everything_has_a_name_of_its_own(word: str) -> None:
    assert [name for name in MODULES if name.endswith(f".{word}")] == []
