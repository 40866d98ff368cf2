"""The vulnerabilities that the system puts up with: `/system/CVEAllowlist`."""

from litestar import get, put
from litestar.params import JSONBody

from entrepot.api.harbor.operation import operation
from entrepot.api.harbor.project_shape import allowlist_shown
from entrepot.api.harbor.projects import allowlist_of
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.project import CVEAllowlist
from entrepot.registry.allowlists import UPDATE


@get("/system/CVEAllowlist", **operation("getSystemCVEAllowlist", "SystemCVEAllowlist", errors=(401, 500)))
async def get_allowlist(request: HarborRequest) -> CVEAllowlist:
    """The vulnerabilities that every project puts up with, unless it has a list of its own."""
    grant = await request.parts.management.signed_in(request.arrival.asker)
    found = await request.parts.allowlists.get(grant)
    return CVEAllowlist() if found is None else allowlist_shown(found, 0)


@put("/system/CVEAllowlist", **operation("putSystemCVEAllowlist", "SystemCVEAllowlist", errors=(401, 403, 500)))
async def put_allowlist(request: HarborRequest, data: JSONBody[CVEAllowlist | None] = None) -> Done:
    """Sets which vulnerabilities every project puts up with, unless it has a list of its own."""
    grant = await request.parts.management.system(request.arrival.asker, UPDATE)
    await request.parts.allowlists.put(grant, allowlist_of(data or CVEAllowlist()))
    return Done()


HANDLERS = [get_allowlist, put_allowlist]
