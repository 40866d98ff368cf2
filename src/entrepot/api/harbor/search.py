"""Search: `/search`."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from entrepot.api.harbor.operation import operation
from entrepot.api.harbor.project_shape import shown
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.system import Search, SearchRepository

LONGEST = 255


@get("/search", **operation("search", "search", errors=(500,)))
async def search(request: HarborRequest, q: Annotated[str, QueryParameter()]) -> Search:
    """Projects and repositories whose names hold the text, of those that the asker may know of."""
    parts = request.parts
    grant = await parts.management.visible(request.arrival.asker)
    projects, repositories = await parts.directory.search(grant, q[:LONGEST])
    counts = await parts.directory.artifact_counts(grant, [found.repository.id for found in repositories])
    return Search(
        project=[shown(view) for view in projects],
        repository=[
            SearchRepository(
                project_id=found.repository.project_id,
                project_name=found.project_name,
                project_public=found.project_public,
                repository_name=found.repository.name,
                pull_count=found.repository.pull_count,
                artifact_count=counts.get(found.repository.id, 0),
            )
            for found in repositories
        ],
    )


HANDLERS = [search]
