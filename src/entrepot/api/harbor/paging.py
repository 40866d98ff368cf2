"""Pages of lists: the parameters, and the headers that tell of the other pages."""

from urllib.parse import parse_qsl, quote

from entrepot.api.harbor.q import parse_q, parse_sort
from entrepot.model.errors import PageInvalid
from entrepot.model.query import ListQuery

LARGEST_PAGE_SIZE = 100
LAST_PAGE = 10**9
_LEGIBLE = "~{}[]()=,:/*-.!'@|"


def list_query(q: str | None, sort: str | None, page: int, page_size: int) -> ListQuery:
    """What part of a list the parameters ask for: a size of 0 or less means everything.

    Raises PageInvalid for a page beyond what there can be or of more than 100 entries, Invalid for `q` and `sort`.
    """
    if page_size > LARGEST_PAGE_SIZE:
        raise PageInvalid(f"page_size is at most {LARGEST_PAGE_SIZE}; 0 gives everything")
    if page > LAST_PAGE:
        raise PageInvalid(f"page is at most {LAST_PAGE}")
    size = max(page_size, 0)
    return ListQuery(conditions=parse_q(q), sort=parse_sort(sort), page=max(page, 1) if size else 1, page_size=size)


def page_headers(path: str, query_string: bytes, query: ListQuery, total: int) -> dict[str, str]:
    """`X-Total-Count`, and `Link` if there is a page before or after this one.

    Harbor writes the links' queries unescaped; here whatever could end the header or the link stays escaped.
    """
    headers = {"X-Total-Count": str(total)}
    links = []
    if query.page_size:
        if query.page > 1 and (query.page - 1) * query.page_size < total:
            links.append(_link(path, query_string, query.page - 1, query.page_size, "prev"))
        if query.page * query.page_size < total:
            links.append(_link(path, query_string, query.page + 1, query.page_size, "next"))
    if links:
        headers["Link"] = " , ".join(links)
    return headers


def _link(path: str, query_string: bytes, page: int, page_size: int, relation: str) -> str:
    kept = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    values = {name: value for name, value in kept if name not in ("page", "page_size")}
    pairs = [*values.items(), ("page", str(page)), ("page_size", str(page_size))]
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe=_LEGIBLE)}" for name, value in sorted(pairs))
    return f'<{quote(path, safe="/%:@$+,;=")}?{text}>; rel="{relation}"'
