"""The contract asks for everything that a store can do."""

import ast
import functools
import gc
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from bot.store import ports
from tests.store.contract.stores import Store

CONTRACT = Path(__file__).parent
STORE = Path(ports.__file__).parent

PORTS = [
    port
    for _, port in inspect.getmembers(ports, inspect.isclass)
    if port.__module__ == ports.__name__
]
PLACES = {kind: place for place, kind in get_type_hints(Store).items() if kind in PORTS}


def methods(port: type) -> frozenset[str]:
    return frozenset(name for name in vars(port) if not name.startswith("_"))


def parsed(folder: Path) -> Iterator[ast.Module]:
    gc.disable()  # a collection within ast.parse breaks it: github.com/python/cpython/issues/106905
    try:
        yield from [ast.parse(path.read_text()) for path in sorted(folder.glob("*.py"))]
    finally:
        gc.enable()


@functools.cache
def asked() -> set[tuple[str, str]]:
    """The port's place and the method of every ``store.<place>.<method>`` in the contract."""
    return {
        (place, method)
        for module in parsed(CONTRACT)
        for node in ast.walk(module)
        for place, method in _asked_by(node)
    }


def _asked_by(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Attribute(
            value=ast.Attribute(value=ast.Name(id="store"), attr=place), attr=method
        ):
            yield place, method
        case _:
            pass


def calls(node: ast.AST) -> set[str]:
    """The SQL functions that are called by name in *node*, or handed on to be called."""
    return {
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and _is_a_call(call)
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _is_a_call(call: ast.Call) -> bool:
    named = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return named in {"as_bot", "as_person", "_answer"}


def _is_a_port(node: ast.stmt) -> bool:
    """Whether it is a class that does what a port promises, and nothing more."""
    own = {getattr(member, "name", "_") for member in getattr(node, "body", [])}
    public = frozenset(name for name in own if not name.startswith("_"))
    return isinstance(node, ast.ClassDef) and public in map(methods, PORTS)


def test_every_port_has_its_place() -> None:
    without = [port.__name__ for port in PORTS if port not in PLACES]

    assert without == [], f"Give the store of the contract a field for {without}."


@pytest.mark.parametrize(
    ("port", "method"),
    [
        pytest.param(port, method, id=f"{port.__name__}.{method}")
        for port in PORTS
        for method in sorted(methods(port))
    ],
)
def test_the_contract_asks_for_every_method(port: type, method: str) -> None:
    assert (PLACES.get(port), method) in asked(), (
        f"Nothing in tests/store/contract says what {port.__name__}.{method} promises."
    )


def test_every_function_is_called_for_such_a_method() -> None:
    modules = list(parsed(STORE))
    called = set().union(*map(calls, modules))
    for_ports = {
        name
        for module in modules
        for node in module.body
        if _is_a_port(node)
        for name in calls(node)
    }

    assert len(called) > 40
    assert called == for_ports, f"No port's method calls {called - for_ports}."
