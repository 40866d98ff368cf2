"""What belongs to one project, asked for under the path of another, or by who has no right in it.

Holes of other registries that these are: CVE-2019-16919, CVE-2022-31667, CVE-2024-22278, CVE-2019-19030,
CVE-2025-4374; and the way in which CVE-2022-31666, CVE-2022-31668 to CVE-2022-31671 were, for what there is.
"""

import re
from typing import Any

import pytest
from house import Client, Harbor
from pushing import push_image
from rights import PATH_VALUES
from served import SERVED

from contracts.access_house import BY_ROLE, PASSWORD
from entrepot.access.local import shell_grant
from entrepot.db.contract import Transaction

TABLES = (
    "projects",
    "project_metadata",
    "members",
    "robots",
    "robot_permissions",
    "labels",
    "artifact_labels",
    "quotas",
    "cve_allowlists",
    "tags",
    "uploads",
    "user_groups",
)
PULL = {"resource": "repository", "action": "pull"}


def _permission(project: str, *access: dict[str, str]) -> dict[str, Any]:
    return {"kind": "project", "namespace": project, "access": list(access or [PULL])}


async def make(client: Client, project: str) -> dict[str, Any]:
    """What a project can hold, by who administers it; the ids."""
    digest = await push_image(client, f"{project}/app", "1", seed=project)
    member = await client.post(f"/projects/{project}/members", {"role_id": 3, "member_user": {"username": "visitor2"}})
    project_id = (await client.get(f"/projects/{project}"))["project_id"]
    label = {"scope": "p", "project_id": project_id, "name": f"of-{project}", "color": "#112233"}
    label_id = (await client.post("/labels", label)).rpartition("/")[2]
    await client.post(f"/projects/{project}/repositories/app/artifacts/1/labels", {"id": int(label_id)}, 200)
    robot = {"name": "bot", "level": "project", "duration": -1, "permissions": [_permission(project)]}
    made = (await client("POST", "/robots", robot)).json()
    upload = (await client("POST", f"/v2/{project}/app/blobs/uploads/")).headers["location"].rpartition("/")[2]
    return {
        "name": project,
        "project_id": project_id,
        "mid": member.rpartition("/")[2],
        "label_id": label_id,
        "robot_id": made["id"],
        "robot": (made["name"], made["secret"]),
        "digest": digest,
        "upload": upload,
    }


@pytest.fixture
async def two(harbor: Harbor) -> tuple[dict[str, Any], dict[str, Any]]:
    """`own`, which `owner` administers, and `theirs`, which `stranger` does."""
    await harbor.whole.people.create_user(shell_grant(), "visitor2", PASSWORD)
    await harbor("stranger").post("/projects", {"project_name": "theirs"})
    return await make(harbor("owner"), "own"), await make(harbor("stranger"), "theirs")


async def everything(harbor: Harbor) -> Any:
    def question(tx: Transaction) -> Any:
        return {table: tx.all(f"SELECT * FROM {table}") for table in TABLES}

    return await harbor.whole.db.read(question)


async def test_what_is_another_projects_is_not_under_the_path_of_ones_own(
    harbor: Harbor, two: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """CVE-2022-31667 and those like it: every verb, with an id of `theirs` under the path of `own`."""
    own, theirs = two
    owner = harbor("owner")
    artifact = "/projects/own/repositories/app/artifacts/1"
    change = {"role_id": 1, "name": "taken", "color": "#445566", "description": "x", "secret": "Taken-Secret-1"}
    robot = {"name": theirs["robot"][0], "level": "project", "duration": -1, "disable": True}
    before = await everything(harbor)
    tries: list[tuple[str, str, Any]] = [
        *((verb, f"/projects/own/members/{theirs['mid']}", change) for verb in ("GET", "PUT", "DELETE")),
        *((verb, f"/labels/{theirs['label_id']}", change) for verb in ("GET", "PUT", "DELETE")),
        *((verb, f"/robots/{theirs['robot_id']}", change) for verb in ("GET", "PATCH", "DELETE")),
        *(
            ("PUT", f"/robots/{theirs['robot_id']}", {**robot, "permissions": [_permission(place)]})
            for place in ("own", "theirs")
        ),
        ("POST", f"{artifact}/labels", {"id": int(theirs["label_id"])}),
        ("DELETE", f"{artifact}/labels/{theirs['label_id']}", None),
        *((verb, f"/projects/own/repositories/app/artifacts/{theirs['digest']}", None) for verb in ("GET", "DELETE")),
        ("POST", f"/projects/own/repositories/app/artifacts/{theirs['digest']}/tags", {"name": "taken"}),
        ("POST", "/projects/own/repositories/new/artifacts?from=theirs/app:1", None),
        ("POST", f"/projects/own/repositories/new/artifacts?from=theirs/app@{theirs['digest']}", None),
        ("POST", "/projects/theirs/repositories/new/artifacts?from=own/app:1", None),
        ("PUT", "/projects/own", {"cve_allowlist": {"project_id": theirs["project_id"], "items": []}}),
        ("GET", f"/quotas/{theirs['project_id']}", None),
        ("PUT", f"/quotas/{theirs['project_id']}", {"hard": {"storage": -1}}),
        ("GET", f"/labels?scope=p&project_id={theirs['project_id']}", None),
        ("POST", "/labels", {"scope": "p", "project_id": theirs["project_id"], "name": "x", "color": "#112233"}),
        ("GET", f"/robots?q=Level=project,ProjectID={theirs['project_id']}", None),
        ("GET", f"/robots?q=Level%3Dproject%2CProjectID%3D{{{own['project_id']}%20{theirs['project_id']}}}", None),
        ("GET", f"/users/current/permissions?scope=/project/{theirs['project_id']}/../{own['project_id']}", None),
    ]
    for method, path, body in tries:
        answer = await owner(method, path, body if method in ("POST", "PUT", "PATCH") else None)
        told = answer.json() if answer.status_code < 300 else None
        assert answer.status_code in (400, 403, 404) or told == [], (method, path, answer.status_code, answer.text)
        assert "of-theirs" not in answer.text
    assert await everything(harbor) == before


async def test_an_upload_is_of_its_repository_and_of_who_began_it(
    harbor: Harbor, two: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """CVE-2026-32589: the id of an upload opens it to nobody else, in no other repository, by no verb."""
    own, theirs = two
    await harbor.whole.projects.add_member(shell_grant(), "theirs", "owner", BY_ROLE["owner"])
    robot = harbor(*own["robot"])
    digest = "sha256:" + "0" * 64
    places = [
        (harbor("maker"), "own/app", own["upload"]),  # may push there, and did not begin it
        (harbor("keeper"), "own/app", own["upload"]),
        (harbor("admin"), "own/app", own["upload"]),
        (robot, "own/app", own["upload"]),
        (harbor("owner"), "theirs/app", theirs["upload"]),
        (harbor("owner"), "own/other", own["upload"]),  # began it, elsewhere
        (harbor("owner"), "theirs/app", own["upload"]),
        (harbor("stranger"), "theirs/app", own["upload"]),
    ]
    before = await everything(harbor)
    for client, repository, upload in places:
        path = f"/v2/{repository}/blobs/uploads/{upload}"
        for method, more in (
            ("GET", {}),
            ("HEAD", {}),
            ("PATCH", {"content": b"x"}),
            ("PUT", {"content": b"x", "params": {"digest": digest}}),
            ("DELETE", {}),
        ):
            answer = await client(method, path, **more)
            assert answer.status_code == (403 if client is robot else 404), (method, path, answer.text)
    assert await everything(harbor) == before
    mine = await harbor("owner")("GET", f"/v2/own/app/blobs/uploads/{own['upload']}")
    assert (mine.status_code, mine.headers["range"]) == (204, "0-0")


async def test_a_robot_of_one_project_is_nobody_in_another(
    harbor: Harbor, two: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """CVE-2019-16919: whatever it may at home, by every operation that is about a project."""
    _, theirs = two
    grantable = (await harbor("owner").get("/permissions"))["project"]
    robot = {"name": "strong", "level": "project", "duration": -1}
    made = (await harbor("owner")("POST", "/robots", {**robot, "permissions": [_permission("own", *grantable)]})).json()
    strong = harbor(made["name"], made["secret"])
    assert (await strong("GET", "/projects/own/members")).status_code == 200
    before = await everything(harbor)
    values = {
        **PATH_VALUES,
        "project_name_or_id": "theirs",
        "project_name": "theirs",
        "repository_name": "app",
        "reference": "1",
        "tag_name": "1",
        "meta_name": "public",
        "addition": "build_history",
        "digest": theirs["digest"],
        **{key: str(theirs[key]) for key in ("mid", "label_id", "robot_id")},
        "user_id": "1",
        "group_id": "1",
        "id": str(theirs["project_id"]),
    }
    asked = 0
    for name, told in SERVED.items():
        path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], told.path)
        if "theirs" in path or name in ("GetRobotByID", "UpdateRobot", "RefreshSec", "DeleteRobot", "GetLabelByID"):
            method = told.method.upper()
            answer = await strong(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
            assert answer.status_code in (403, 422, 400), (name, answer.status_code, answer.text)
            assert "of-theirs" not in answer.text
            asked += 1
    assert asked > 30
    for method, path in (
        ("GET", "/v2/theirs/app/tags/list"),
        ("GET", "/v2/theirs/app/manifests/1"),
        ("DELETE", "/v2/theirs/app/manifests/1"),
        ("POST", "/v2/theirs/app/blobs/uploads/"),
    ):
        assert (await strong(method, path)).status_code == 403, path
    stronger = {**robot, "name": "next", "permissions": [_permission("theirs")]}
    assert (await strong("POST", "/robots", stronger)).status_code == 403
    everywhere = {**robot, "name": "next", "level": "system", "permissions": [_permission("*")]}
    assert (await strong("POST", "/robots", everywhere)).status_code == 403
    assert await everything(harbor) == before


async def test_who_maintains_a_project_does_not_configure_it(harbor: Harbor) -> None:
    """CVE-2024-22278: by no route, and by no other name of a setting or a project."""
    before = await everything(harbor)
    project_id = (await harbor("owner").get("/projects/own"))["project_id"]
    for who in ("keeper", "maker", "visitor", "peeker", "stranger"):
        for project in ("own", str(project_id)):
            for method, path, body in (
                ("PUT", f"/projects/{project}", {"metadata": {"public": "true"}, "public": True}),
                ("PUT", f"/projects/{project}", {"storage_limit": -1}),
                ("PUT", f"/projects/{project}", {"cve_allowlist": {"items": [{"cve_id": "CVE-2020-1"}]}}),
                ("DELETE", f"/projects/{project}", None),
                ("POST", f"/projects/{project}/metadatas", {"auto_scan": "true"}),
                ("POST", f"/projects/{project}/metadatas/", {"public": "true"}),
                ("PUT", f"/projects/{project}/metadatas/public", {"public": "true"}),
                ("PUT", f"/projects/{project}/metadatas/prevent_vul", {"prevent_vul": "false"}),
                ("DELETE", f"/projects/{project}/metadatas/public", None),
                ("POST", f"/projects/{project}/members", {"role_id": 1, "member_user": {"username": who}}),
            ):
                answer = await harbor(who)(method, path, body)
                assert answer.status_code == 403, (who, method, path, answer.text)
    assert await everything(harbor) == before


async def test_what_a_push_makes_gives_no_role(harbor: Harbor) -> None:
    """CVE-2025-4374: who makes a repository by pushing to it may there what they may elsewhere in the project."""
    before = (await everything(harbor))["members"]
    maker = harbor("maker")
    digest = await push_image(maker, "own/fresh", "1")
    for method, path in (
        ("DELETE", "/projects/own/repositories/fresh"),
        ("DELETE", "/projects/own/repositories/fresh/artifacts/1"),
        ("DELETE", f"/v2/own/fresh/manifests/{digest}"),
        ("DELETE", "/v2/own/fresh/manifests/1"),
    ):
        assert (await maker(method, path)).status_code == 403, path
    await harbor("admin")("GET", "/v2/public/none/manifests/1")
    await harbor("stranger")("GET", "/v2/public/none/manifests/1")
    assert (await everything(harbor))["members"] == before
    assert (await harbor("stranger")("POST", "/v2/public/none/blobs/uploads/")).status_code == 403
