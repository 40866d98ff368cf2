"""GET, HEAD, PUT and DELETE of a manifest, by tag or by digest."""

from collections.abc import Mapping

from entrepot.api.oci.conditions import TO_BE_CHECKED, is_known, unchanging
from entrepot.api.oci.errors import WireError
from entrepot.api.oci.exchange import Exchange
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestTooLarge, TagInvalid
from entrepot.model.grant import RepositoryGrant
from entrepot.model.manifest import LARGEST_MANIFEST
from entrepot.model.reference import Reference, Tag, parse_reference
from entrepot.registry.manifests import Manifests
from entrepot.wire.asgi import Header

MOST_TAGS = 100
"""As many tags can be set by one PUT."""


class ManifestRoutes:
    """Answers for `/v2/<name>/manifests/<reference>`."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    async def get(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Gives the manifest as it was pushed; what the client would accept makes no difference."""
        reference = parse_reference(last)
        pull = not exchange.head and not looks_only(exchange.headers)
        stored = await self._manifests.get(grant, reference, pull=pull)
        etag, headers = described(grant, reference, stored.digest)
        known = exchange.headers.get(b"if-none-match")
        if known is not None and is_known(known, etag):
            await exchange.answer(304, headers)
            return
        headers.append(content_type(stored.media_type))
        await exchange.answer(200, headers, stored.body)

    async def put(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Takes a manifest, with the tags of the query if it comes by digest."""
        reference = parse_reference(last)
        tags = _tags(exchange, reference)
        media_type = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().decode("latin-1")
        body = await _read(exchange)
        stored = await self._manifests.put(grant, reference, media_type or None, body, tags)
        digest = str(stored.digest)
        headers: list[Header] = [
            (b"location", f"/v2/{grant.name}/manifests/{digest}".encode()),
            (b"docker-content-digest", digest.encode()),
        ]
        if stored.subject is not None:
            headers.append((b"oci-subject", str(stored.subject).encode()))
        headers.extend((b"oci-tag", tag.text.encode()) for tag in tags)
        await exchange.answer(201, headers)

    async def delete(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Removes a tag, or a manifest with its tags."""
        await self._manifests.delete(grant, parse_reference(last))
        await exchange.answer(202, ())


def described(grant: RepositoryGrant, reference: Reference, found: Digest) -> tuple[bytes, list[Header]]:
    """The ETag of the manifest that was found under the reference, and what its answers begin with."""
    digest = str(found).encode()
    etag = b'"%b"' % digest
    kept = unchanging(grant) if type(reference) is Digest else TO_BE_CHECKED
    return etag, [(b"docker-content-digest", digest), (b"etag", etag), *kept]


def content_type(media_type: str) -> Header:
    """The field that says what a manifest is."""
    return (b"content-type", media_type.encode())


def looks_only(headers: Mapping[bytes, bytes]) -> bool:
    """Whether it is another registry that reads in order to copy, which is no pull (as Harbor counts)."""
    return headers.get(b"user-agent", b"") == b"harbor-registry-client"


def _tags(exchange: Exchange, reference: Reference) -> list[Tag]:
    """The tags that the query names, each once. Raises TagInvalid, WireError."""
    texts = exchange.query().get("tag", [])
    if not texts:
        return []
    if not isinstance(reference, Digest):
        raise TagInvalid("?tag= goes with a manifest pushed by digest; this one is pushed by tag")
    if len(texts) > MOST_TAGS:
        raise WireError(414, "TAG_INVALID", f"at most {MOST_TAGS} tags can be set at once")
    return [Tag.parse(text) for text in dict.fromkeys(texts)]


async def _read(exchange: Exchange) -> bytes:
    """The whole content. Raises ManifestTooLarge as soon as it is, SizeInvalid, BodyCut."""
    announced = exchange.body.length
    if announced is not None and announced > LARGEST_MANIFEST:
        raise _too_large()
    read = bytearray()
    async for piece in exchange.body.pieces():
        read += piece
        if len(read) > LARGEST_MANIFEST:
            raise _too_large()
    return bytes(read)


def _too_large() -> ManifestTooLarge:
    return ManifestTooLarge("the manifest is larger than 4 MiB; content belongs into blobs")
