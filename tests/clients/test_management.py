"""Managing the registry by a command line that was written for Harbor."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from .crane import Crane
from .files import some_files
from .harbor_cli import HarborCli
from .program import Refused
from .server import Server

# Each command is a program that takes a second or so to start.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
GIB = 1 << 30


@pytest.fixture
def cli(registry: Server, home: Callable[[], Path]) -> HarborCli:
    """A harbor-cli signed in as the administrator."""
    return HarborCli(registry, home(), registry.user, registry.password)


@pytest.fixture
def project(request: pytest.FixtureRequest, cli: HarborCli) -> str:
    """A private project for this test alone."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    cli.run("project", "create", name, "--public", "false")
    return str(name)


def test_signing_in(registry: Server, cli: HarborCli, home: Callable[[], Path]) -> None:
    assert cli.ask("user", "get-current")["username"] == registry.user
    registry.create_user("mistaken", "Right-Horse-Battery-7")
    with pytest.raises(Refused, match="401"):
        HarborCli(registry, home(), "mistaken", "Wrong-Horse-Battery-7").run("user", "get-current")


def test_the_system(cli: HarborCli) -> None:
    assert cli.ask("system", "health")["status"] == "healthy"
    assert cli.ask("system", "info")["auth_mode"] == "db_auth"
    assert cli.ask("system", "volumes")["storage"][0]["total"] > 0


def test_a_project(cli: HarborCli) -> None:
    made = cli.ask(
        "project", "create", "managed", "--public", "false", "--severity", "high", "--storage-limit", str(GIB)
    )
    assert made["project"]["storage_limit"] == GIB
    with pytest.raises(Refused, match="409"):
        cli.run("project", "create", "managed")
    seen = cli.ask("project", "get", "managed")
    assert (seen["name"], seen["metadata"]["public"], seen["metadata"]["severity"]) == ("managed", "false", "high")

    cli.run("project", "update", "managed", "--public", "true", "--auto-scan", "true")
    cli.run("project", "metadata", "field", "set", "managed", "severity", "low")
    metadata = cli.ask("project", "metadata", "get", f"id:{seen['project_id']}")
    assert (metadata["public"], metadata["severity"], metadata["auto_scan"]) == ("true", "low", "true")

    [quota] = cli.ask("quota", "list", "--reference", "project", "--reference-id", str(seen["project_id"]))
    cli.run("quota", "update", str(quota["id"]), f"storage={2 * GIB}")
    assert cli.ask("project", "summary", "managed")["quota"]["hard"]["storage"] == 2 * GIB

    cli.run("project", "delete", "managed")
    with pytest.raises(Refused):
        cli.run("project", "exists", "managed")


def test_people_and_members(cli: HarborCli, registry: Server, home: Callable[[], Path], project: str) -> None:
    first, second = "Right-Horse-Battery-8", "Right-Horse-Battery-9"
    cli.run("user", "create", "ada", "--password", first, "--email", "ada@example.com", "--realname", "Ada")
    cli.run("user", "update", "ada", "--comment", "builds")
    seen = cli.ask("user", "get", "ada")
    assert (seen["realname"], seen["comment"], seen["sysadmin_flag"]) == ("Ada", "builds", False)

    cli.run("user", "set-password", "ada", "--old-password", first, "--new-password", second)
    ada = HarborCli(registry, home(), "ada", second)
    with pytest.raises(Refused, match="403"):
        ada.run("project", "get", project)
    cli.run("user", "set-admin", "ada")
    assert ada.ask("project", "get", project)["name"] == project
    cli.run("user", "unset-admin", "ada")

    cli.run("project", "member", "add-user", project, "ada", "developer")
    cli.run("project", "member", "update-role", project, "ada", "maintainer")
    [member] = cli.ask("project", "member", "list", project, "--entity", "ada")
    assert (member["entity_name"], member["role_name"]) == ("ada", "maintainer")
    cli.run("project", "member", "remove", project, "ada")

    made = cli.ask("usergroup", "create", "builders", "OIDC")
    cli.run("project", "member", "add-group", project, f"id:{made.rpartition('/')[2]}", "guest")
    [member] = cli.ask("project", "member", "list", project, "--entity", "builders")
    assert (member["entity_type"], member["role_name"]) == ("g", "guest")

    cli.run("user", "delete", "ada")
    with pytest.raises(Refused, match="401"):
        ada.run("user", "get-current")


def test_repositories_and_artifacts(cli: HarborCli, crane: Crane, registry: Server, project: str) -> None:
    crane.push(f"{registry.address}/{project}/app:1.0.0", some_files())
    digest = crane.digest(f"{registry.address}/{project}/app:1.0.0")
    cli.run("repository", "update", project, "app", "--description", "an app")
    [repository] = cli.ask("repository", "list", project)
    assert (repository["name"], repository["description"]) == (f"{project}/app", "an app")
    assert f"{project}/app" in [one["repository_name"] for one in cli.ask("search", "app")["repository"]]

    artifact = f"{project}/app:1.0.0"
    [listed] = cli.ask("artifact", "list", "--project", project, "--tag", "1.0.0")
    assert listed["artifact"]["digest"] == cli.ask("artifact", "get", artifact)["artifact"]["digest"] == digest
    cli.run("artifact", "tag", "create", artifact, "stable")
    cli.run("artifact", "tag", "delete", artifact, "1.0.0")
    with pytest.raises(Refused, match="404"):
        cli.run("artifact", "get", artifact)

    cli.run("artifact", "copy", f"{project}/app:stable", project, "copied")
    assert crane.digest(f"{registry.address}/{project}/copied:stable") == digest
    cli.run("artifact", "delete", f"{project}/app@{digest}")
    cli.run("repository", "delete", project, "copied")
    operations = {
        (one["resource_type"], one["operation"]) for one in cli.ask("project", "logs", project, "--limit", "50")
    }
    assert operations >= {("artifact", "create"), ("artifact", "delete"), ("repository", "delete"), ("tag", "delete")}
    [last] = cli.ask("auditlog", "list", "--resource", f"{project}/copied", "--operation", "delete", "--limit", "1")
    assert (last["username"], last["resource_type"]) == (registry.user, "repository")


def test_what_is_set_for_all(cli: HarborCli) -> None:
    before = cli.ask("config", "get")["robot_token_duration"]
    cli.run("config", "update", "--robot-token-duration", str(before + 1))  # It sends all of it.
    assert cli.ask("config", "get")["robot_token_duration"] == before + 1
    cli.run("cve-allowlist", "update", "--cve", "CVE-2026-1,CVE-2026-2")
    assert cli.ask("cve-allowlist", "get")["items"] == [{"cve_id": "CVE-2026-1"}, {"cve_id": "CVE-2026-2"}]


def test_a_robot_by_its_file(registry: Server, crane: Crane, home: Callable[[], Path], project: str) -> None:
    crane.push(f"{registry.address}/{project}/app:1", some_files())
    access = [{"resource": "repository", "action": "list"}]
    asked = {
        "name": "lists",
        "level": "project",
        "duration": 1,
        "permissions": [{"kind": "project", "namespace": project, "access": access}],
    }
    url, admin = f"{registry.url}/api/v2.0/robots", (registry.user, registry.password)
    handed_out = httpx.post(url, json=asked, auth=admin, trust_env=False)
    folder = home()
    (folder / "robot.json").write_text(handed_out.text)
    assert handed_out.json()["name"] == f"robot${project}+lists"
    robot = HarborCli(registry, folder, credentials=folder / "robot.json")
    assert [one["name"] for one in robot.ask("repository", "list", project)] == [f"{project}/app"]
    with pytest.raises(Refused, match="403"):
        robot.run("repository", "delete", project, "app")
