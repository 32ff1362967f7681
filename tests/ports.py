"""Ports that nobody else is given between the choice and the use.

The system lends those above 32767 to every connection that is made, so they are none for a server
that starts later. Each process of a run has ports of its own.
"""

import itertools
import os
import socket
from collections.abc import Iterator

_FIRST, _EACH, _PROCESSES = 12000, 2500, 8

_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
_of_this_process = range(_FIRST + _process * _EACH, _FIRST + (_process + 1) * _EACH)
_start = os.getpid() % _EACH  # two runs at the same time seldom meet
_candidates: Iterator[int] = itertools.cycle(
    [*_of_this_process[_start:], *_of_this_process[:_start]]
)


def free_port() -> int:
    return next(port for port in itertools.islice(_candidates, _EACH) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
