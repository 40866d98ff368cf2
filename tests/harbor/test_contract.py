"""The document of what is served, held to the contract."""

import json
from typing import Any

import pytest
from compare import TOLERATED, all_differences, differences
from form import documented
from house import Harbor
from operations_page import CONTRACT, PAGE, page

from entrepot.api.harbor.app import served


@pytest.fixture(scope="module")
def contract() -> Any:
    return json.loads(CONTRACT.read_text())


@pytest.fixture(scope="module")
def told() -> Any:
    return served()


def test_every_operation_is_the_contracts(told: Any, contract: Any) -> None:
    found = differences(told, contract, set(documented(told)))
    assert not found, "\n".join(map(str, found))


def test_every_tolerance_is_needed(told: Any, contract: Any) -> None:
    found = list(all_differences(told, contract, set(documented(told))))
    assert [one.name for one in TOLERATED if not any(one.holds(difference) for difference in found)] == []


def test_the_page_tells_which_operations_are_served(told: Any, contract: Any) -> None:
    assert PAGE.read_text() == page(told, contract), "run python tests/harbor/operations_page.py"


async def test_the_document_is_served(harbor: Harbor, told: Any) -> None:
    answer = await harbor()("GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(told))
