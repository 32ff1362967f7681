"""HTTP statuses by SQLSTATE, as PostgREST gives them."""

import re

import asyncpg

from tests.supabase.refusals import Refusal, rest_refusal

_STATUSES = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
}
_CLASSES = {
    **dict.fromkeys(("0L", "0P", "28"), 403),
    **dict.fromkeys(("08", "53"), 503),
    **dict.fromkeys(("09", "21", "25", "2D", "38", "39", "3B", "40", "54", "55"), 500),
    **dict.fromkeys(("57", "58", "F0", "HV", "P0", "XX"), 500),
}
_CHOSEN = re.compile(r"PT[1-5]\d\d")  # raised by a function that wants that very status


def refusal_of(error: asyncpg.PostgresError, *, anonymous: bool) -> Refusal:
    code = error.sqlstate or "XX000"
    status = _STATUSES.get(code) or _CLASSES.get(code[:2], 400)
    if code == "42501":
        status = 401 if anonymous else 403
    if code == "22023" and str(error.args[0]).startswith("role "):
        status = 401
    if _CHOSEN.fullmatch(code):
        status = int(code[2:])
    details, hint = error.detail, error.hint
    return rest_refusal(status, code, str(error.args[0]), details=details, hint=hint)
