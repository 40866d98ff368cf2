"""The application: finds the route, asks who and whether they may, answers errors."""

import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from entrepot.access.gate import Gate
from entrepot.api.oci.blobs import BlobRoutes
from entrepot.api.oci.challenge import challenge
from entrepot.api.oci.errors import WireError, answer_to
from entrepot.api.oci.exchange import ClientGone, Exchange
from entrepot.api.oci.lists import ListRoutes
from entrepot.api.oci.manifests import ManifestRoutes
from entrepot.api.oci.path import Kind, Target, target_of
from entrepot.api.oci.uploads import UploadRoutes
from entrepot.model.errors import (
    BodyCut,
    EntrepotError,
    Invalid,
    NameInvalid,
    ObjectMissing,
    ScopeInsufficient,
    Unauthenticated,
)
from entrepot.model.grant import NOWHERE, RepositoryGrant
from entrepot.model.project import Action
from entrepot.registry.blobs import Blobs
from entrepot.registry.catalog import Catalog
from entrepot.registry.configuration import Configuration
from entrepot.registry.manifests import Manifests
from entrepot.registry.tags import Tags
from entrepot.registry.uploads import Uploads
from entrepot.wire.address import address_of
from entrepot.wire.asgi import Receive, Scope, Send

Handle = Callable[[Exchange, RepositoryGrant, str], Awaitable[None]]

_WANTED = {Action.PULL: "pull", Action.PUSH: "pull,push", Action.DELETE: "delete"}
"""The actions a token is to be asked for: who pushes also looks what is there."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a kind of address: what it is called, what one must be allowed, who answers."""

    label: str
    action: Action
    handle: Handle


class OciApp:
    """The ASGI application for every path under `/v2/`.

    For each request: the path's form first, then who asks and whether they may, and only then the rest of the
    request and what is there, so that no error tells a stranger anything.
    """

    def __init__(
        self,
        gate: Gate,
        blobs: Blobs,
        uploads: Uploads,
        manifests: Manifests,
        tags: Tags,
        catalog: Catalog,
        configuration: Configuration,
        public_url: str,
    ) -> None:
        """`public_url` is where clients get their tokens; if empty, under whatever address they used."""
        self._gate = gate
        self._configuration = configuration
        self._public_url = public_url
        self._lists = ListRoutes(tags, catalog, manifests)
        self._routes = _routes(
            BlobRoutes(blobs), UploadRoutes(gate, blobs, uploads), ManifestRoutes(manifests), self._lists
        )
        self._log = structlog.get_logger("entrepot.oci")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Raises only once an answer has begun, for the server to break it off."""
        exchange = Exchange(scope, receive, send)
        try:
            try:
                await self._serve(exchange)
            except (EntrepotError, WireError) as error:
                if exchange.started:
                    raise
                await self._refuse(exchange, error)
        except ClientGone:
            self._log.info("a client went away", route=exchange.label)
        except Exception as error:
            if exchange.started:
                raise
            await self._fail(exchange, error)

    async def _serve(self, exchange: Exchange) -> None:
        scope = exchange.scope
        raw_path = scope.get("raw_path")
        target = exchange.target = target_of(raw_path if raw_path is not None else _again_raw(scope["path"]))
        name = target.name
        route = self._routes[target.kind].get(exchange.method) if name is not None else None
        if name is None or route is None:
            await self._serve_nameless(exchange, target)
            return
        exchange.label = route.label
        exchange.wanted = _WANTED[route.action]
        state = scope.get("state")
        if state is not None:
            state["route"] = route.label
        # Proven here, looked up by the grant: one read of the database for both.
        identity = exchange.identity = await self._gate.prove(exchange.authorization, exchange.address)
        if state is not None:
            state["principal"] = identity.principal.name
        origin = NOWHERE
        if route.action is not Action.PULL:
            origin = exchange.origin
            await self._configuration.require_writable()
        grant = await self._gate.repository(identity, name, route.action, origin=origin)
        await route.handle(exchange, grant, target.last)

    async def _serve_nameless(self, exchange: Exchange, target: Target) -> None:
        """What belongs to no repository, and what there is not."""
        kind = target.kind
        if kind is Kind.NOTHING:
            raise WireError(404, "UNSUPPORTED", "there is no such address in the registry's API")
        allowed = self._routes.get(kind, _READING)
        if exchange.method not in allowed:
            headers = [(b"allow", ", ".join(allowed).encode())]
            raise WireError(405, "UNSUPPORTED", f"here one can only {' or '.join(allowed)}", headers)
        exchange.label = kind.value
        exchange.also_wanted = "registry:catalog:*" if kind is Kind.CATALOG else ""
        state = exchange.scope.get("state")
        if state is not None:
            state["route"] = exchange.label
        identity = await self._gate.identify(exchange.authorization, exchange.address)
        if state is not None:
            state["principal"] = identity.principal.name
        if kind is Kind.CATALOG:
            await self._lists.catalog(exchange, await self._gate.catalog(identity))
            return
        if identity.principal.anonymous:
            # Clients learn from this answer how to sign in, and `docker login` whether they did.
            raise Unauthenticated("sign in, for example with docker login")
        await exchange.answer(200, _BASE_HEADERS, b"{}")

    async def _refuse(self, exchange: Exchange, error: EntrepotError | WireError) -> None:
        if isinstance(error, BodyCut):
            self._log.info("a client went away", route=exchange.label)
            return
        status, headers, body = answer_to(error)
        if isinstance(error, Unauthenticated | ScopeInsufficient):
            try:
                headers.append((b"www-authenticate", self._challenge(exchange, error)))
            except Invalid as wrong_host:
                status, headers, body = answer_to(wrong_host)
        headers.extend(exchange.refusal_headers)
        if isinstance(error, ObjectMissing):
            self._log.critical(
                "the store has lost an object that the database lists", path=exchange.scope["path"], exc_info=error
            )
        elif status >= 500:
            self._log.error("a request could not be served", path=exchange.scope["path"], exc_info=error)
        await exchange.refuse(status, headers, body)

    def _challenge(self, exchange: Exchange, error: Unauthenticated | ScopeInsufficient) -> bytes:
        name = exchange.target.name
        scopes = exchange.also_wanted
        if name is not None:
            scopes = f"repository:{name}:{exchange.wanted} {scopes}".rstrip()
        reason = ""
        if isinstance(error, ScopeInsufficient):
            reason = "insufficient_scope"
        elif exchange.headers.get(b"authorization", b"")[:7].lower() == b"bearer ":
            reason = "invalid_token"
        return challenge(address_of(exchange.scope, self._public_url), scopes, reason)

    async def _fail(self, exchange: Exchange, error: Exception) -> None:
        """Answers what nobody foresaw."""
        known_id = (exchange.scope.get("state") or {}).get("request_id")
        request_id = known_id or secrets.token_hex(8)
        self._log.error(
            "a request failed", request_id=request_id, method=exchange.method, route=exchange.label, exc_info=error
        )
        message = f"the registry failed; its log says more under request {request_id}"
        status, headers, body = answer_to(WireError(500, "UNKNOWN", message))
        if known_id is None:
            headers.append((b"x-request-id", request_id.encode()))
        with contextlib.suppress(ClientGone):
            await exchange.refuse(status, headers, body)


_BASE_BODY_TYPE = (b"content-type", b"application/json")
_BASE_HEADERS = (
    _BASE_BODY_TYPE,
    (b"docker-distribution-api-version", b"registry/2.0"),
    (b"cache-control", b"no-store"),
)
_READING = ("GET", "HEAD")


def _routes(
    blobs: BlobRoutes, uploads: UploadRoutes, manifests: ManifestRoutes, lists: ListRoutes
) -> dict[Kind, dict[str, Route]]:
    """Every address in a repository: method, what one must be allowed, who answers."""

    def reading(label: str, handle: Handle) -> dict[str, Route]:
        return {"GET": Route(f"{label}_get", Action.PULL, handle), "HEAD": Route(f"{label}_head", Action.PULL, handle)}

    return {
        Kind.TAGS: reading("tags", lists.tags),
        Kind.REFERRERS: reading("referrers", lists.referrers),
        Kind.MANIFEST: {
            **reading("manifest", manifests.get),
            "PUT": Route("manifest_put", Action.PUSH, manifests.put),
            "DELETE": Route("manifest_delete", Action.DELETE, manifests.delete),
        },
        Kind.BLOB: {
            **reading("blob", blobs.get),
            "DELETE": Route("blob_delete", Action.DELETE, blobs.delete),
        },
        Kind.UPLOADS: {"POST": Route("upload_start", Action.PUSH, uploads.start)},
        Kind.UPLOAD: {
            "GET": Route("upload_status", Action.PUSH, uploads.status),
            "HEAD": Route("upload_status", Action.PUSH, uploads.status),
            "PATCH": Route("upload_append", Action.PUSH, uploads.append),
            "PUT": Route("upload_finish", Action.PUSH, uploads.finish),
            "DELETE": Route("upload_cancel", Action.PUSH, uploads.cancel),
        },
    }


def _again_raw(path: str) -> bytes:
    """A path that the server gave decoded only, as it would have been sent. Raises NameInvalid if that is unclear."""
    if "%" in path:
        raise NameInvalid("no name here has a percent sign")
    return path.encode("utf-8", "surrogatepass")
