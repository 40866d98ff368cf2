"""Projects, through the whole application."""

import pytest
from house import Harbor


async def test_a_user_makes_a_project_and_is_its_administrator(harbor: Harbor) -> None:
    owner = harbor("stranger")
    location = await owner.post("/projects", {"project_name": "fresh", "metadata": {"public": "false"}})
    project = await owner.get(location.removeprefix("/api/v2.0"))
    assert (project["name"], project["owner_name"], project["current_user_role_id"]) == ("fresh", "stranger", 1)
    assert project["metadata"] == {"public": "false"}
    assert project["repo_count"] == 0
    members = await owner.get(f"/projects/{project['project_id']}/members")
    assert [(one["entity_name"], one["role_name"]) for one in members] == [("stranger", "projectAdmin")]
    again = await owner("POST", "/projects", {"project_name": "fresh"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("name", ["", "Upper", "a b", "a/b", "-a", "a" * 256, "a..b", "💥"])
async def test_a_name_that_cannot_be_is_refused(harbor: Harbor, name: str) -> None:
    answer = await harbor("admin")("POST", "/projects", {"project_name": name})
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["message"]
