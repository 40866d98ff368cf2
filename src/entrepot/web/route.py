"""Which page is answered by whom: one table, which a test walks with every role."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from entrepot.web.answer import Answer
from entrepot.web.ask import Ask
from entrepot.web.subject import Place

Handler = Callable[[Ask], Awaitable[Answer]]
_VARIABLE = re.compile(r"\\\{([a-z_]+)\\\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A page of a kind of thing, or what its forms do."""

    method: str
    """GET or POST; HEAD is answered as GET."""
    place: Place
    page: str
    """What follows `/-/`, with variable parts in braces: `jobs/{id}`."""
    handler: Handler
    while_read_only: bool = False
    """Whether it may be posted while the registry is read-only."""


def reading(place: Place, page: str, handler: Handler) -> Route:
    """A page."""
    return Route("GET", place, page, handler)


def changing(place: Place, page: str, handler: Handler) -> Route:
    """What a form does."""
    return Route("POST", place, page, handler)


class Table:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[Place, list[tuple[re.Pattern[str], Route]]] = {place: [] for place in Place}
        for route in routes:
            pattern = _VARIABLE.sub(r"(?P<\1>[^/]+)", re.escape(route.page))
            self._routes[route.place].append((re.compile(pattern), route))

    def find(self, method: str, place: Place, page: str) -> tuple[Route | None, dict[str, str], tuple[str, ...]]:
        """The route, the variable parts of its page, and the methods that the page knows; no route if none fits."""
        wanted = "GET" if method == "HEAD" else method
        allowed = []
        for pattern, route in self._routes[place]:
            if match := pattern.fullmatch(page):
                if route.method == wanted:
                    return route, match.groupdict(), ()
                allowed.append(route.method)
        return None, {}, tuple(allowed)
