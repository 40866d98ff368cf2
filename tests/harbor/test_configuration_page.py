"""Every setting of Harbor's configuration is told of, with what it does here."""

from configuration_page import PAGE, page

from entrepot.model.configuration import SETTINGS


def test_the_page_tells_what_is_so() -> None:
    assert PAGE.read_text() == page(), "run python tests/harbor/configuration_page.py"
    assert len(SETTINGS) == 112
