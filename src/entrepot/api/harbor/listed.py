"""Answers that are a page of a list."""

from typing import TypeVar

from litestar import Response

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.paging import page_headers
from entrepot.api.harbor.request import HarborRequest
from entrepot.model.query import ListQuery

T = TypeVar("T")


def listed(request: HarborRequest, items: list[T], total: int, query: ListQuery) -> Response[list[T]]:
    """One page of a list, with the number of all and links to the pages beside it."""
    path = f"{BASE}{request.scope['path']}"
    return Response(items, headers=page_headers(path, request.scope["query_string"], query, total))
