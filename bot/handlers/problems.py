"""Every error as ``application/problem+json`` (RFC 9457); the one table of HTTP statuses."""

import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web

from bot import errors

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RETRY_AFTER = timedelta(seconds=5)  # where it is not known

_TOOK_TOO_LONG = "It took too long, and may have happened. Try again in a moment."

_NOT_A_KEY = "Send one Idempotency-Key, of 1 to 255 printable ASCII characters without spaces."

_STATUSES: dict[type[errors.AvaError], tuple[HTTPStatus, str]] = {
    errors.BadSignature: (HTTPStatus.UNAUTHORIZED, "The signature does not fit the body."),
    errors.NotADelivery: (HTTPStatus.BAD_REQUEST, "The body is not a JSON object."),
    errors.MalformedRequest: (HTTPStatus.BAD_REQUEST, "The body is not a JSON object."),
    errors.MalformedKey: (HTTPStatus.BAD_REQUEST, _NOT_A_KEY),
    errors.UnsupportedContent: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json."),
    errors.NotSignedIn: (HTTPStatus.UNAUTHORIZED, "Sign in and send the token as a Bearer token."),
    errors.WrongCredentials: (HTTPStatus.UNAUTHORIZED, "E-mail or password is wrong."),
    errors.Forbidden: (HTTPStatus.FORBIDDEN, ""),
    errors.Missing: (HTTPStatus.NOT_FOUND, ""),
    errors.Conflict: (HTTPStatus.CONFLICT, ""),
    errors.DeadLink: (HTTPStatus.GONE, "This link does not work any more. Ask for another one."),
    errors.NotConfigured: (HTTPStatus.NOT_IMPLEMENTED, ""),
    errors.Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, "Some fields are not right."),
    errors.TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "That was too often. Try again later."),
    errors.StoreTimeout: (HTTPStatus.GATEWAY_TIMEOUT, _TOOK_TOO_LONG),
    errors.AccountsTimeout: (HTTPStatus.GATEWAY_TIMEOUT, _TOOK_TOO_LONG),
    errors.Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "Try again in a moment."),
}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as problems. What we did not foresee is logged, and is a plain 500."""
    try:
        return await handler(request)
    except errors.AvaError as exc:
        return problem_of(exc)
    except web.HTTPException as exc:
        if exc.status < HTTPStatus.BAD_REQUEST:
            raise
        kept = {name: exc.headers[name] for name in ("Allow",) if name in exc.headers}
        return problem(HTTPStatus(exc.status), headers=kept)
    except web.RequestPayloadError:
        return problem(HTTPStatus.BAD_REQUEST, "The body is not in its Content-Encoding.")
    except Exception:
        log.exception("request.failed", path=_route(request))
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(
    status: HTTPStatus,
    detail: str = "",
    *,
    headers: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - extension members are any JSON
) -> web.Response:
    """Return {type, title, status, detail?} and the extension members *more*."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return web.json_response(
        body | ({"detail": detail} if detail else {}) | more,
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


def status_of(exc: errors.AvaError) -> HTTPStatus:
    """Return the status that this is answered with."""
    return _meaning(exc)[0]


def problem_of(exc: errors.AvaError) -> web.Response:
    """Return what this is answered with; what is not the caller's fault is logged."""
    status, detail = _meaning(exc)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", reason=type(exc).__name__, cause=type(exc.__cause__).__name__)
    match exc:
        case errors.Invalid(faults=faults):
            found = [{"field": fault.field, "message": fault.message} for fault in faults]
            return problem(status, detail, errors=found)
        case errors.StillRunning():
            return problem(status, str(exc), headers={"Retry-After": _seconds(None)})
        case errors.NotSignedIn() | errors.WrongCredentials():
            return problem(status, detail, headers={"WWW-Authenticate": "Bearer"})
        case errors.BadSignature():
            return problem(status, detail, headers={"WWW-Authenticate": "X-Hub-Signature-256"})
        case errors.Unavailable(again_in=wait) | errors.TooMany(again_in=wait):
            return problem(status, detail, headers={"Retry-After": _seconds(wait)})
        case _:
            return problem(status, detail or str(exc))


def _meaning(exc: errors.AvaError) -> tuple[HTTPStatus, str]:
    return next(
        (_STATUSES[kind] for kind in type(exc).__mro__ if kind in _STATUSES),
        (HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    )


def _seconds(wait: timedelta | None) -> str:
    """Return whole seconds, never too few."""
    return str(max(1, math.ceil((_RETRY_AFTER if wait is None else wait).total_seconds())))


def _route(request: web.Request) -> str:
    """Return the route, not the path: a path may hold what somebody typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
