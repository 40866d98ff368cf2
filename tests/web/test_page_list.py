"""Every page is documented."""

from page_list import PAGE, START, section

from entrepot.web.routes import ROUTES


def test_the_list_of_pages_is_that_of_the_routes() -> None:
    assert START + PAGE.read_text(encoding="utf-8").partition(START)[2] == section(), "run tests/web/page_list.py"


def test_every_page_says_what_it_does() -> None:
    assert [route.page for route in ROUTES if not route.handler.__doc__] == []
