"""Writes the list of all pages into docs/pages.md: `python tests/web/page_list.py`."""

from pathlib import Path

from entrepot.web.route import Route
from entrepot.web.routes import ROUTES
from entrepot.web.subject import Place

PAGE = Path(__file__).parents[2] / "docs" / "pages.md"
START = "## Every page\n"
_THINGS = {
    Place.HOUSE: "",
    Place.PROJECT: "/<project>",
    Place.REPOSITORY: "/<repository>",
    Place.ARTIFACT: "/<reference>",
}


def address_of(route: Route) -> str:
    """The address as documentation writes it."""
    thing = _THINGS[route.place]
    return f"{thing}/-/{route.page}" if route.page else thing or "/"


def rows() -> list[str]:
    """A row for each route, in the order of their addresses."""
    told = []
    for route in sorted(ROUTES, key=lambda one: (list(Place).index(one.place), one.page, one.method)):
        sentence = (route.handler.__doc__ or "").strip().partition("\n")[0]
        told.append(f"| `{route.method} {address_of(route)}` | {sentence} |")
    return told


def section() -> str:
    """The end of docs/pages.md."""
    head = [START, "Made by `python tests/web/page_list.py`; a test holds it to the table of routes.\n"]
    return "\n".join([*head, "| page | what it shows or does |", "|---|---|", *rows(), ""])


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8").partition(START)[0]
    PAGE.write_text(before.rstrip("\n") + "\n\n" + section(), encoding="utf-8")
