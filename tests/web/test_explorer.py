"""The explorer of the management API: every operation has its page, made from the document that clients are served."""

import json
import shlex
from urllib.parse import unquote

import pytest
from house import Harbor
from reader import Readers

from entrepot.api.harbor.app import served
from entrepot.web.api_operation import Operation, operations_of
from entrepot.web.api_schema import example_of, kind_of, lines_of

OPERATIONS = operations_of(served)


async def test_the_explorer_lists_what_the_document_tells(reader: Readers) -> None:
    nobody = reader()
    document = (await nobody.get("/api/v2.0/openapi.json")).json()
    told = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    assert told == OPERATIONS.keys()
    page = (await nobody.get("/-/api")).text
    assert [one for one in told if f'href="/-/api/{one}"' not in page] == []


async def test_every_operation_has_a_page(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    for one in OPERATIONS.values():
        answer = await admin.get(f"/-/api/{one.id}")
        assert answer.status_code == 200, one.id
        assert one.path in answer.text, one.id
        assert ("Try it" in answer.text) == (one.method == "GET"), one.id


async def test_operations_are_filtered_by_every_word(reader: Readers) -> None:
    nobody = reader()
    page = (await nobody.get("/-/api", params={"q": "delete ROBOT"})).text
    assert 'href="/-/api/DeleteRobot"' in page
    assert 'href="/-/api/CreateRobot"' not in page
    page = await nobody.get("/-/api", params={"q": "<b>\0nothing"})
    assert page.status_code == 200
    assert "No operation fits" in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize("name", ["getNothing", "..%2f..", "%3Cscript%3E", "a" * 3000, "%00", "getproject"])
async def test_an_operation_that_is_not_there(reader: Readers, name: str) -> None:
    answer = await reader().get(f"/-/api/{name}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


async def test_what_is_tried_is_a_request_of_the_one_who_is_signed_in(reader: Readers, harbor: Harbor) -> None:
    page = "/-/api/getRepository?send=1&path.project_name=own&path.repository_name=a/b"
    target = "/api/v2.0/projects/own/repositories/a%252Fb"
    owner, nobody = await reader().sign_in("owner"), reader()
    assert f'data-try="{target}"' in (await owner.get(page)).text
    assert "data-try" not in (await nobody.get(page)).text
    assert "data-try" not in (await owner.get(page.replace("send=1", "send="))).text
    assert "data-try" not in (await owner.get("/-/api/deleteRepository" + page[page.index("?") :])).text
    assert (await harbor("owner")("GET", "/projects/own")).status_code == 200
    found = await owner.get("/-/api/getProject?send=1&path.project_name_or_id=own")
    assert 'data-try="/api/v2.0/projects/own"' in found.text
    assert (await owner.get("/api/v2.0/projects/own")).json()["name"] == "own"


@pytest.mark.parametrize("value", ["", ".", ".."])
async def test_a_path_is_not_left_by_what_is_filled_in(reader: Readers, value: str) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.get("/-/api/getProject", params={"send": "1", "path.project_name_or_id": value})
    assert answer.status_code == 200
    assert "data-try" not in answer.text


@pytest.mark.parametrize(
    "value", ["a?b#c", "//evil.example", "javascript:x", '"><script>x</script>', "港口", "\0", "a" * 5000]
)
async def test_odd_values_stay_values(reader: Readers, value: str) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.get(
        "/-/api/getProject", params={"send": "1", "path.project_name_or_id": value, "query.none": value}
    )
    assert answer.status_code == 200
    assert "<script>x" not in answer.text
    target = answer.text.partition('data-try="')[2].partition('"')[0]
    assert target.startswith("/api/v2.0/projects/")
    assert target.count("/") == 4
    assert not {"?", "#"} & {*target}


def test_the_command_is_one_that_a_shell_reads_back() -> None:
    create = OPERATIONS["CreateRobot"].command("https://hub.example.org", "it's me", {})
    words = shlex.split(create)
    assert words[:5] == ["curl", "-u", "it's me", "-X", "POST"]
    assert "name" in json.loads(words[words.index("-d") + 1])
    assert words[-1] == "https://hub.example.org/api/v2.0/robots"
    filled = shlex.split(
        OPERATIONS["listArtifacts"].command(
            "http://hub", "me", {"path.project_name": "shop", "query.q": "tags=*", "query.page": ""}
        )
    )
    assert filled[-1].startswith("http://hub/api/v2.0/projects/shop/repositories/REPOSITORY_NAME/artifacts?")
    assert unquote(filled[-1]).endswith("?q=tags=*")


def test_examples_are_taken_by_the_schemas_they_are_of() -> None:
    with_bodies = [one for one in OPERATIONS.values() if one.body]
    assert len(with_bodies) > 20
    for one in with_bodies:
        assert one.body is not None
        told = json.loads(one.body.example)
        assert isinstance(told, dict | list), one.id


def test_nested_schemas_are_lines_further_in() -> None:
    create: Operation = OPERATIONS["CreateRobot"]
    assert create.body is not None
    depths = {(line.depth, line.name) for line in create.body.lines}
    assert {(0, "permissions"), (1, "access"), (2, "resource")} <= depths


def test_a_schema_within_itself_ends() -> None:
    tree = {
        "Tree": {
            "type": "object",
            "properties": {"in": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        }
    }
    schema = {"$ref": "#/components/schemas/Tree"}
    assert [line.name for line in lines_of(schema, tree)] == ["in"]
    assert kind_of(tree["Tree"]["properties"]["in"]) == "[Tree]"  # type: ignore[index]
    assert example_of(schema, tree) is not None
