"""The rooms below the OCI API, in memory and without rules beyond what the wire format can see."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from entrepot.access.identity import Identity
from entrepot.api.oci.app import OciApp
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUnknown,
    BlobUploadUnknown,
    Denied,
    DigestInvalid,
    ManifestUnknown,
    RangeInvalid,
    RepositoryUnknown,
    ScopeInsufficient,
    SizeInvalid,
    TooManyAttempts,
    Unauthenticated,
)
from entrepot.model.grant import ANONYMOUS, CatalogGrant, Principal, Proof, RepositoryGrant
from entrepot.model.project import Action, Project
from entrepot.model.reference import Reference, RepositoryName, Tag
from entrepot.registry.blobs import Blob, Redirect
from entrepot.registry.catalog import CatalogPage
from entrepot.registry.manifests import ReferrerPage, StoredManifest
from entrepot.registry.tags import TagPage
from entrepot.registry.uploads import Upload
from entrepot.storage.contract import Key

EVERYTHING = frozenset(Action)
PULLING = frozenset({Action.PULL})
OWNER = {"authorization": "Bearer owner"}
READER = {"authorization": "Bearer reader"}
NARROW = {"authorization": "Bearer narrow"}


def _person(name: str) -> Principal:
    return Principal(user_id=7, name=name, admin=False, proof=Proof.TOKEN)


class Gate:
    """The owner may do everything, the reader pull; `narrow` is the owner with a token for library/narrow alone.

    Projects called public may be pulled from by anybody.
    """

    async def prove(self, authorization: str | None, address: str) -> Identity:
        if authorization is None:
            return Identity(principal=ANONYMOUS)
        if authorization == "Basic flood":
            raise TooManyAttempts("wait", retry_after=17)
        scheme, _, name = authorization.partition(" ")
        if scheme != "Bearer" or name not in ("owner", "reader", "narrow"):
            raise Unauthenticated("wrong")
        scope = {"library/narrow": EVERYTHING} if name == "narrow" else None
        return Identity(principal=_person(name), scope=scope)

    identify = prove

    async def repository(
        self, identity: Identity, name: RepositoryName, *actions: Action, origin: Any = None
    ) -> RepositoryGrant:
        public = name.project == "public"
        who = identity.principal
        live = PULLING if public else frozenset[Action]()
        if name.project in ("library", "public") and who.name in ("owner", "narrow"):
            live = EVERYTHING
        elif name.project == "library" and who.name == "reader":
            live = PULLING
        granted = identity.within(name.text, live)
        if not set(actions) <= granted:
            if set(actions) <= live:
                raise ScopeInsufficient("another token could")
            raise Unauthenticated("sign in") if who.anonymous else Denied("no")
        project = Project(id=1, name=name.project, public=public, sparse_indexes=None, created_at=0)
        return RepositoryGrant(principal=who, project=project, name=name, repository_id=1, actions=granted)

    async def catalog(self, identity: Identity) -> CatalogGrant:
        if identity.principal.anonymous:
            raise Unauthenticated("sign in")
        if identity.scope is not None:
            raise ScopeInsufficient("not for that")
        return CatalogGrant(principal=identity.principal, everything=True)


@dataclass
class Content:
    """What the registry holds, by repository name."""

    blobs: dict[tuple[str, Digest], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, Digest], StoredManifest] = field(default_factory=dict)
    tags: dict[tuple[str, str], Digest] = field(default_factory=dict)
    referrers: list[dict[str, object]] = field(default_factory=list)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    suspected: list[Digest] = field(default_factory=list)
    broken: BaseException | None = None
    """Raised by every operation if set."""
    asked_for_push: list[bool] = field(default_factory=list)
    opened: int = 0  # Bytes of blobs that were read.

    def check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def keep_blob(self, repository: str, content: bytes, algorithm: str = "sha256") -> str:
        digest = Digest.of(content, algorithm)
        self.blobs[repository, digest] = content
        return str(digest)


class Blobs:
    def __init__(self, content: Content, redirect: str | None = None, piece: int = 1024) -> None:
        self._content = content
        self._redirect = redirect
        self._piece = piece

    async def find(self, grant: RepositoryGrant, digest: Digest, *, for_push: bool = False) -> Blob:
        self._content.check()
        self._content.asked_for_push.append(for_push)
        if (held := self._content.blobs.get((grant.name.text, digest))) is None:
            raise BlobUnknown("no such blob")
        return Blob(digest, len(held), Key(grant.name.text))

    async def open(self, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, self._piece):
            self._content.check()
            piece = self._content.blobs[str(blob.key), blob.digest][at : min(at + self._piece, end)]
            self._content.opened += len(piece)
            yield piece

    async def redirect(self, blob: Blob) -> Redirect | None:
        return None if self._redirect is None else Redirect(self._redirect)

    async def suspect(self, grant: RepositoryGrant, digest: Digest) -> None:
        self._content.suspected.append(digest)

    async def delete(self, grant: RepositoryGrant, digest: Digest) -> None:
        self._content.check()
        if self._content.blobs.pop((grant.name.text, digest), None) is None:
            raise BlobUnknown("no such blob")

    async def mount(self, grant: RepositoryGrant, source: RepositoryGrant | None, digest: Digest) -> Blob | None:
        self._content.check()
        for (name, held), content in [*self._content.blobs.items()]:
            if held == digest and (source is None or source.name.text == name):
                self._content.blobs[grant.name.text, digest] = content
                return Blob(digest, len(content), Key(grant.name.text))
        return None


class Uploads:
    def __init__(self, content: Content) -> None:
        self._content = content

    def _held(self, upload_id: str) -> bytearray:
        self._content.check()
        if upload_id not in self._content.uploads:
            raise BlobUploadUnknown("no such upload")
        return self._content.uploads[upload_id]

    async def start(self, grant: RepositoryGrant) -> Upload:
        self._content.check()
        upload_id = f"upload-{len(self._content.uploads)}"
        self._content.uploads[upload_id] = bytearray()
        return Upload(upload_id, 0)

    async def status(self, grant: RepositoryGrant, upload_id: str) -> Upload:
        return Upload(upload_id, len(self._held(upload_id)))

    async def append(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        body: AsyncIterator[bytes],
        *,
        start: int | None = None,
        length: int | None = None,
    ) -> Upload:
        held = self._held(upload_id)
        if start is not None and start != len(held):
            raise RangeInvalid("not the end", len(held))
        before = len(held)
        async for piece in body:
            held += piece
        if length is not None and len(held) - before != length:
            raise SizeInvalid("not as announced")
        return Upload(upload_id, len(held))

    async def finish(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        body: AsyncIterator[bytes] | None,
        digest: Digest,
        *,
        start: int | None = None,
        length: int | None = None,
    ) -> Blob:
        if body is not None:
            await self.append(grant, upload_id, body, start=start, length=length)
        return self._keep(grant, bytes(self._held(upload_id)), digest)

    async def cancel(self, grant: RepositoryGrant, upload_id: str) -> None:
        self._held(upload_id)
        del self._content.uploads[upload_id]

    async def put(
        self, grant: RepositoryGrant, body: AsyncIterator[bytes], digest: Digest, *, length: int | None = None
    ) -> Blob:
        self._content.check()
        whole = b"".join([piece async for piece in body])
        if length is not None and len(whole) != length:
            raise SizeInvalid("not as announced")
        return self._keep(grant, whole, digest)

    def _keep(self, grant: RepositoryGrant, content: bytes, digest: Digest) -> Blob:
        if Digest.of(content, digest.algorithm) != digest:
            raise DigestInvalid("other content")
        self._content.blobs[grant.name.text, digest] = content
        return Blob(digest, len(content), Key(grant.name.text))


class Manifests:
    def __init__(self, content: Content) -> None:
        self._content = content

    async def get(self, grant: RepositoryGrant, reference: Reference, *, pull: bool = False) -> StoredManifest:
        self._content.check()
        digest = reference
        if isinstance(reference, Tag):
            found = self._content.tags.get((grant.name.text, reference.text))
            if found is None:
                raise ManifestUnknown("no such tag")
            digest = found
        assert isinstance(digest, Digest)
        stored = self._content.manifests.get((grant.name.text, digest))
        if stored is None:
            raise ManifestUnknown("no such manifest")
        return stored

    async def put(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        media_type: str | None,
        body: bytes,
        also: Sequence[Tag] = (),
    ) -> StoredManifest:
        self._content.check()
        digest = reference if isinstance(reference, Digest) else Digest.of(body)
        if Digest.of(body, digest.algorithm) != digest:
            raise DigestInvalid("other content")
        subject = Digest.of(b"subject") if b"subject" in body else None
        stored = StoredManifest(digest, media_type or "none", body, subject)
        self._content.manifests[grant.name.text, digest] = stored
        for tag in [*also, *([reference] if isinstance(reference, Tag) else [])]:
            self._content.tags[grant.name.text, tag.text] = digest
        return stored

    async def delete(self, grant: RepositoryGrant, reference: Reference) -> None:
        self._content.check()
        held: dict[Any, Any] = self._content.tags if isinstance(reference, Tag) else self._content.manifests
        key = (grant.name.text, reference.text if isinstance(reference, Tag) else reference)
        if held.pop(key, None) is None:
            raise ManifestUnknown("no such manifest")

    async def referrers(
        self, grant: RepositoryGrant, subject: Digest, artifact_type: str | None, after: Digest | None, count: int
    ) -> ReferrerPage:
        self._content.check()
        if grant.name.text == "library/absent":
            raise RepositoryUnknown("no such repository")
        found = [d for d in self._content.referrers if artifact_type in (None, d["artifactType"])]
        found = [d for d in found if after is None or str(d["digest"]) > str(after)]
        last = Digest.parse(str(found[count - 1]["digest"])) if len(found) > count else None
        return ReferrerPage(found[:count], last)


class Tags:
    def __init__(self, content: Content) -> None:
        self._content = content

    async def page(self, grant: RepositoryGrant, after: str, count: int) -> TagPage:
        self._content.check()
        if grant.name.text == "library/absent":
            raise RepositoryUnknown("no such repository")
        names = sorted(tag for name, tag in self._content.tags if name == grant.name.text and tag > after)
        return TagPage(names[:count], len(names) > count)


class Catalog:
    def __init__(self, content: Content) -> None:
        self._content = content

    async def page(self, grant: CatalogGrant, after: str, count: int) -> CatalogPage:
        self._content.check()
        names = sorted({name for name, _ in self._content.tags if name > after})
        return CatalogPage(names[:count], len(names) > count)


class Writable:
    async def require_writable(self) -> None: ...


def make_app(content: Content, *, redirect: str | None = None, public_url: str = "") -> OciApp:
    parts: tuple[Any, ...] = (
        Gate(),
        Blobs(content, redirect),
        Uploads(content),
        Manifests(content),
        Tags(content),
        Catalog(content),
    )
    gate, blobs, uploads, manifests, tags, catalog = parts
    return OciApp(gate, blobs, uploads, manifests, tags, catalog, Writable(), public_url)


@dataclass
class Answer:
    """What came back for one request, as the server would see it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass
class Raw:
    """A request written byte for byte, which clients' libraries would tidy."""

    method: str = "GET"
    path: bytes = b"/v2/"
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=lambda: [b""])
    host: bytes | None = b"registry.test"
    cut: bool = False
    """Whether the client goes away after the body's pieces."""
    state: dict[str, Any] = field(default_factory=dict)
    pulled: int = 0
    """How many pieces were taken."""
    started: int = 0

    async def to(self, app: Any) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path.decode("utf-8", "replace"),
            "raw_path": self.path,
            "query_string": self.query,
            "headers": [*([(b"host", self.host)] if self.host is not None else []), *self.headers],
            "client": ("192.0.2.7", 4242),
            "server": ("192.0.2.1", 80),
            "state": self.state,
        }
        answer = Answer(0, [], b"", False)

        async def receive() -> dict[str, Any]:
            if self.pulled == len(self.body):
                return {"type": "http.disconnect"}
            self.pulled += 1
            more = self.pulled < len(self.body) or self.cut
            return {"type": "http.request", "body": self.body[self.pulled - 1], "more_body": more}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                assert answer.status == 0, "answered twice"
                answer.status = message["status"]
                for name, value in message["headers"]:
                    assert (type(name), type(value)) == (bytes, bytes)
                    assert b"\r" not in value
                    assert b"\n" not in value
                    answer.headers.append((name.decode(), value.decode()))
            else:
                assert answer.status, "body before head"
                assert not answer.complete, "body after the end"
                answer.body += message.get("body", b"")
                answer.complete = not message.get("more_body", False)

        await app(scope, receive, send)
        if answer.complete and self.method != "HEAD" and answer.status not in (204, 304):
            assert answer.header("content-length") == str(len(answer.body))
        return answer


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
