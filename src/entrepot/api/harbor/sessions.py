"""What pages ask outside of the management API's paths: signing in and out, and which API there is."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl

from litestar import Response, get, post

from entrepot.api.harbor.request import HarborRequest
from entrepot.model.errors import InUse, Invalid
from entrepot.wire import cookies

_MOST_FIELDS = 10
_JSON = "application/json"


@post("/c/login", status_code=200, include_in_schema=False)
async def login(request: HarborRequest) -> Response[bytes]:
    """Begins a session for the `principal` (a user's name) and `password` of the form; its cookie is `sid`."""
    parts, arrival = request.parts, request.arrival
    form = await _form(request)
    origin = arrival.asker.origin
    identity = await parts.gate.sign_in(form.get("principal", ""), form.get("password", ""), origin.address)
    minutes = await parts.configuration.session_minutes()
    cookie = await parts.sessions.begin(identity, origin, minutes, replacing=arrival.session or None)
    token = await parts.sessions.guard(cookie, arrival.random)
    answer = _empty(cookies.write(cookies.SESSION, cookie, secure=arrival.secure, same_site="Lax"))
    answer.headers[cookies.CSRF_HEADER.decode()] = token
    return answer


@get("/c/log_out", include_in_schema=False)
async def log_out(request: HarborRequest) -> Response[bytes]:
    """Ends the session that the cookie names, if it is one."""
    arrival = request.arrival
    if arrival.session:
        by = replace(arrival.asker.identity.principal, origin=arrival.asker.origin)
        await request.parts.sessions.end(arrival.session, by)
    return _empty(cookies.clear(cookies.SESSION, secure=arrival.secure, same_site="Lax"))


@post("/c/userExists", status_code=200, include_in_schema=False)
async def user_exists(request: HarborRequest) -> Response[bytes]:
    """Whether a user has that name or e-mail address, for who may make an account."""
    parts = request.parts
    form = await _form(request)
    if not await parts.configuration.is_on("self_registration"):
        principal = (await parts.management.signed_in(request.arrival.asker)).principal
        if not principal.admin:
            raise InUse("who may not make accounts need not know which there are")
    target = form.get("target", "")
    if target not in ("username", "email"):
        raise Invalid("the target is username or email")
    known = await parts.accounts.exists(target, form.get("value", ""))
    return Response(json.dumps(known).encode(), media_type=_JSON)


@get("/api/version", include_in_schema=False)
async def version() -> Response[bytes]:
    """The version of the management API."""
    return Response(b'{"version":"v2.0"}\n', media_type=_JSON)


async def _form(request: HarborRequest) -> dict[str, str]:
    """The fields of the body. Raises Invalid."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise Invalid("send a form: Content-Type: application/x-www-form-urlencoded")
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=_MOST_FIELDS, keep_blank_values=True))
    except ValueError as error:
        raise Invalid("the form is malformed") from error


def _empty(cookie: tuple[bytes, bytes]) -> Response[bytes]:
    return Response(b"", headers={"set-cookie": cookie[1].decode("latin-1"), "cache-control": "no-store"})


HANDLERS = [login, log_out, user_exists, version]
