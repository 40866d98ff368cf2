"""Uploads: begun, mounted, continued, asked after, finished, cancelled."""

import re

from entrepot.access.gate import Gate
from entrepot.access.identity import NOBODY
from entrepot.api.oci.exchange import Exchange
from entrepot.api.oci.query import one
from entrepot.api.oci.ranges import sent
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUploadUnknown,
    DigestInvalid,
    NameInvalid,
    RangeInvalid,
    Refused,
    ScopeInsufficient,
    Unknown,
)
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName
from entrepot.registry.blobs import Blobs
from entrepot.registry.uploads import Upload, Uploads
from entrepot.wire.asgi import Header

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}").fullmatch


class UploadRoutes:
    """Answers for `/v2/<name>/blobs/uploads/` and what is below it.

    Every Location is a path: a client resolves it against the address it used, which no proxy can make wrong.
    """

    def __init__(self, gate: Gate, blobs: Blobs, uploads: Uploads) -> None:
        self._gate = gate
        self._blobs = blobs
        self._uploads = uploads

    async def start(self, exchange: Exchange, grant: RepositoryGrant, _last: str) -> None:
        """Mounts a blob, takes one whole, or begins an upload."""
        query = exchange.query()
        if "mount" in query:
            digest = Digest.parse(one(query, "mount", DigestInvalid) or "")
            if await self._mount(exchange, grant, digest, query.get("from")):
                await exchange.answer(201, _blob_headers(grant, digest))
                return
        elif "digest" in query:
            digest = Digest.parse(one(query, "digest", DigestInvalid) or "")
            body = exchange.body
            await self._uploads.put(
                grant, body.pieces(exchange.scope), digest, length=body.length if exchange.has_body else 0
            )
            await exchange.answer(201, _blob_headers(grant, digest))
            return
        upload = await self._uploads.start(grant)
        await exchange.answer(202, _session_headers(grant, upload.id, upload.size))

    async def status(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Says how much of an upload has come."""
        upload = await self._uploads.status(grant, _upload_id(last))
        await exchange.answer(204, _session_headers(grant, upload.id, upload.size))

    async def append(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Takes the next chunk."""
        upload_id = _upload_id(last)
        start, length = _chunk(exchange)
        try:
            upload: Upload = await self._uploads.append(
                grant, upload_id, exchange.body.pieces(exchange.scope), start=start, length=length
            )
        except RangeInvalid as error:
            exchange.refusal_headers = _session_headers(grant, upload_id, error.offset)
            raise
        await exchange.answer(202, _session_headers(grant, upload.id, upload.size))

    async def finish(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Takes the last chunk, if one comes, and makes the upload a blob."""
        upload_id = _upload_id(last)
        text = one(exchange.query(), "digest", DigestInvalid)
        if text is None:
            raise DigestInvalid("say what was uploaded with ?digest=…")
        digest = Digest.parse(text)
        body, start, length = None, None, None
        if exchange.has_body:
            start, length = _chunk(exchange)
            body = exchange.body.pieces(exchange.scope)
        try:
            await self._uploads.finish(grant, upload_id, body, digest, start=start, length=length)
        except RangeInvalid as error:
            exchange.refusal_headers = _session_headers(grant, upload_id, error.offset)
            raise
        await exchange.answer(201, _blob_headers(grant, digest))

    async def cancel(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Gives up an upload."""
        await self._uploads.cancel(grant, _upload_id(last))
        await exchange.answer(204, ())

    async def _mount(
        self, exchange: Exchange, grant: RepositoryGrant, digest: Digest, origins: list[str] | None
    ) -> bool:
        """Whether the blob is now in the repository. Raises ScopeInsufficient if another token could make it so."""
        source = None
        if origins is not None:
            source = await self._source(exchange, origins[0])
            if source is None:
                return False
        return await self._blobs.mount(grant, source, digest) is not None

    async def _source(self, exchange: Exchange, text: str) -> RepositoryGrant | None:
        """The right to pull from the repository named; None if there is none, whatever the reason."""
        try:
            name = RepositoryName.parse(text)
            return await self._gate.repository(exchange.identity, name, Action.PULL)
        except ScopeInsufficient as error:
            # A token for the target alone: enough where anybody may pull; elsewhere the client can get one for both.
            try:
                return await self._gate.repository(NOBODY, name, Action.PULL)
            except (Refused, Unknown):
                exchange.also_wanted = f"repository:{name}:pull"
                raise error from None
        except (NameInvalid, Refused, Unknown):
            return None


def _upload_id(text: str) -> str:
    if not _ID(text):
        raise BlobUploadUnknown("no such upload; begin one with POST to …/blobs/uploads/")
    return text


def _chunk(exchange: Exchange) -> tuple[int | None, int | None]:
    """Where the chunk begins and how long it is, as far as the client says. Raises BlobUploadInvalid, SizeInvalid."""
    length = exchange.body.length
    header = exchange.headers.get(b"content-range")
    return (None, length) if header is None else sent(header, length)


def _session_headers(grant: RepositoryGrant, upload_id: str, size: int) -> list[Header]:
    return [
        (b"location", f"/v2/{grant.name}/blobs/uploads/{upload_id}".encode()),
        # Docker's way to say "nothing yet" is 0-0 too: the header has no form for it.
        (b"range", b"0-%d" % max(size - 1, 0)),
        (b"docker-upload-uuid", upload_id.encode()),
    ]


def _blob_headers(grant: RepositoryGrant, digest: Digest) -> list[Header]:
    text = str(digest)
    return [
        (b"location", f"/v2/{grant.name}/blobs/{text}".encode()),
        (b"docker-content-digest", text.encode()),
    ]
