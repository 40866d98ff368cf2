"""Lists: of tags, of repositories, of what refers to a manifest. Long ones come in pages with a Link to the next."""

import msgspec

from entrepot.api.oci.exchange import Exchange
from entrepot.api.oci.query import (
    LARGEST_PAGE,
    LARGEST_REFERRER_PAGE,
    next_page,
    one,
    page_count,
    page_start,
)
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestInvalid, PageInvalid, RepositoryUnknown
from entrepot.model.grant import CatalogGrant, RepositoryGrant
from entrepot.model.manifest import OCI_INDEX
from entrepot.registry.catalog import Catalog
from entrepot.registry.manifests import Manifests
from entrepot.registry.tags import Tags
from entrepot.wire.asgi import Header

_JSON: Header = (b"content-type", b"application/json")
_INDEX: Header = (b"content-type", OCI_INDEX.encode())
_FRESH: Header = (b"cache-control", b"no-cache")
_FILTERED: Header = (b"oci-filters-applied", b"artifactType")


class ListRoutes:
    """Answers for `tags/list`, `_catalog` and `referrers/<digest>`."""

    def __init__(self, tags: Tags, catalog: Catalog, manifests: Manifests) -> None:
        self._tags = tags
        self._catalog = catalog
        self._manifests = manifests

    async def tags(self, exchange: Exchange, grant: RepositoryGrant, _last: str) -> None:
        """The repository's tags in byte order."""
        query = exchange.query()
        count, after = page_count(query, LARGEST_PAGE), page_start(query)
        # n=0 asks for none, but whether the repository exists is still to be said.
        page = await self._tags.page(grant, after, max(count, 1))
        tags = page.tags[:count]
        headers = [_JSON, _FRESH]
        if page.more and tags:
            headers.append(next_page(f"/v2/{grant.name}/tags/list", n=count, last=tags[-1]))
        await exchange.answer(200, headers, msgspec.json.encode({"name": grant.name.text, "tags": tags}))

    async def catalog(self, exchange: Exchange, grant: CatalogGrant) -> None:
        """The repositories that may be seen, in byte order."""
        query = exchange.query()
        count, after = page_count(query, LARGEST_PAGE), page_start(query)
        page = await self._catalog.page(grant, after, max(count, 1))
        names = page.names[:count]
        headers = [_JSON, _FRESH]
        if page.more and names:
            headers.append(next_page("/v2/_catalog", n=count, last=names[-1]))
        await exchange.answer(200, headers, msgspec.json.encode({"repositories": names}))

    async def referrers(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """An index of the manifests that name this one as their subject; empty if there is no such thing here."""
        subject = Digest.parse(last)
        query = exchange.query()
        artifact_type = one(query, "artifactType", ManifestInvalid)
        count = page_count(query, LARGEST_REFERRER_PAGE)
        text = one(query, "last", PageInvalid)
        after = Digest.parse(text) if text else None
        headers = [_INDEX, _FRESH]
        if artifact_type is not None:
            headers.append(_FILTERED)
        descriptors: list[dict[str, object]] = []
        following = None
        if count:
            try:
                page = await self._manifests.referrers(grant, subject, artifact_type, after, count)
                descriptors, following = page.descriptors, page.last
            except RepositoryUnknown:
                pass  # distribution-spec 1.1, "Listing Referrers": never 404 where referrers can be listed
        if following is not None:
            path = f"/v2/{grant.name}/referrers/{subject}"
            headers.append(next_page(path, artifactType=artifact_type, n=count, last=str(following)))
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}
        await exchange.answer(200, headers, msgspec.json.encode(index))
