"""What all lists do: pages, order, conditions; and what they do not."""

import pytest
from house import Harbor


async def projects(harbor: Harbor, count: int) -> None:
    admin = harbor("admin")
    for number in range(count):
        await admin.post("/projects", {"project_name": f"p-{number:02}", "metadata": {"public": "true"}})


async def names(harbor: Harbor, who: str | None = "admin", **params: object) -> list[str]:
    client = harbor(who) if who else harbor()
    return [project["name"] for project in await client.get("/projects", **params)]


async def test_pages_link_to_those_beside_them(harbor: Harbor) -> None:
    await projects(harbor, 5)
    answer = await harbor("admin")("GET", "/projects", params={"page": 2, "page_size": 2, "q": "name=~p-"})
    assert [project["name"] for project in answer.json()] == ["p-02", "p-03"]
    assert answer.headers["x-total-count"] == "5"
    assert answer.headers["link"] == (
        '</api/v2.0/projects?page=1&page_size=2&q=name=~p->; rel="prev" , '
        '</api/v2.0/projects?page=3&page_size=2&q=name=~p->; rel="next"'
    )
    last = await harbor("admin")("GET", "/projects", params={"page": 4, "page_size": 2, "q": "name=~p-"})
    assert (last.json(), last.headers["x-total-count"], "link" in last.headers) == ([], "5", False)


@pytest.mark.parametrize("size", ["0", "-1"])
async def test_everything_at_once(harbor: Harbor, size: str) -> None:
    await projects(harbor, 12)
    answer = await harbor("admin")("GET", "/projects", params={"page_size": size})
    assert len(answer.json()) == 14
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("name=p-03", ["p-03"]),
        ("name=~P-0", ["p-00", "p-01", "p-02", "p-03"]),
        ("name={p-01 p-03}", ["p-01", "p-03"]),
        ("public=true,name=~p-03", ["p-03"]),
        ("public=false", ["own"]),
        ("owner=nobody", []),
        ("name=~%25", []),
        ("name=~_", []),
        ("nonsense=1,name=p-03", ["p-03"]),
        ("name__icontains=3", ["p-03"]),
        ("creation_time=[~2001-01-01T00:00:00]", []),
        ("project_id=[1~2]", ["own", "public"]),
        ("name=%7Ep-03", ["p-03"]),
    ],
)
async def test_conditions(harbor: Harbor, q: str, found: list[str]) -> None:
    await projects(harbor, 4)
    assert await names(harbor, q=q) == found


@pytest.mark.parametrize(
    "q",
    [
        "name",
        "name=",
        "=x",
        "name=~",
        "name=[a]",
        "name=[~]",
        "name=[a~b~c]",
        "name={",
        "name={}",
        "name=(a b)",
        "project_id=x",
        "creation_time=yesterday",
        "a=b," * 40 + "a=b",
        "name=" + "x" * 5000,
        "public=maybe",
        "project_id=99999999999999999999999999",
    ],
)
async def test_conditions_that_are_none(harbor: Harbor, q: str) -> None:
    answer = await harbor("admin")("GET", "/projects", params={"q": q})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "q",
    [
        "name=x' OR '1'='1",
        "name=x; DROP TABLE users",
        "name=~' UNION SELECT 1--",
        'name="',
        "name=\\",
        "1=1",
        "name=\x00",
    ],
)
async def test_conditions_are_never_sql(harbor: Harbor, q: str) -> None:
    answer = await harbor("admin")("GET", "/projects", params={"q": q})
    assert answer.status_code in (200, 400)
    if answer.status_code == 200 and q != "1=1":
        assert answer.json() == []
    assert await names(harbor) == ["own", "public"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("name", ["own", "p-00", "p-01", "public"]),
        ("-name", ["public", "p-01", "p-00", "own"]),
        ("-project_id", ["p-01", "p-00", "public", "own"]),
        ("public,-name", ["own", "public", "p-01", "p-00"]),
        ("nonsense", ["own", "p-00", "p-01", "public"]),
        ("password_hash", ["own", "p-00", "p-01", "public"]),
        ("name;DROP TABLE users", ["own", "p-00", "p-01", "public"]),
        ("(SELECT 1)", ["own", "p-00", "p-01", "public"]),
    ],
)
async def test_order(harbor: Harbor, sort: str, found: list[str]) -> None:
    await projects(harbor, 2)
    assert await names(harbor, sort=sort) == found


@pytest.mark.parametrize(
    ("page", "size", "status"),
    [("x", "1", 422), ("1", "101", 422), ("1", "9" * 30, 422), ("9" * 12, "1", 422), ("0", "1", 200), ("-5", "1", 200)],
)
async def test_pages_that_are_none(harbor: Harbor, page: str, size: str, status: int) -> None:
    answer = await harbor("admin")("GET", "/projects", params={"page": page, "page_size": size})
    assert answer.status_code == status, answer.text


async def test_everybody_sees_what_they_may_know(harbor: Harbor) -> None:
    assert await names(harbor, None) == ["public"]
    assert await names(harbor, "stranger") == ["public"]
    assert await names(harbor, "peeker") == ["own", "public"]
    assert await names(harbor, "peeker", public="false") == ["own"]
    found = await harbor("stranger").get("/search", q="o")
    assert [project["name"] for project in found["project"]] == []
    told = await harbor("stranger").get("/statistics")
    assert (told["public_project_count"], told["private_project_count"], told["total_project_count"]) == (1, 0, 0)
    told = await harbor("admin").get("/statistics")
    assert (told["public_project_count"], told["private_project_count"], told["total_project_count"]) == (1, 1, 2)
