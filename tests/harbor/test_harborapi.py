"""harborapi, a client library that people's scripts use: every method of what is served parses into its models."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harborapi import HarborAsyncClient, models
from harborapi.exceptions import Conflict, Forbidden, NotFound
from house import Harbor
from pushing import push_image

from contracts.access_house import PASSWORD

Connect = Callable[[str], HarborAsyncClient]
GUEST = 3


@pytest.fixture
def connect(harbor: Harbor) -> Connect:
    def connected(name: str) -> HarborAsyncClient:
        made = HarborAsyncClient("http://registry.example/api/v2.0", username=name, secret=PASSWORD, retry=None)
        made.client = harbor.http
        return made

    return connected


@pytest.fixture
def admin(connect: Connect) -> HarborAsyncClient:
    return connect("admin")


async def test_what_the_system_says(admin: HarborAsyncClient, connect: Connect) -> None:
    assert await admin.ping() == "Pong"
    health = await admin.health_check()
    assert health.status == "healthy"
    assert {component.status for component in health.components or []} == {"healthy"}
    info = await admin.get_system_info()
    assert info.harbor_version
    assert info.auth_mode == "db_auth"
    assert (await admin.get_system_volume_info()).storage is not None
    assert (await admin.get_system_certificate()).response.status_code == 404
    statistics = await admin.get_statistics()
    assert (statistics.total_project_count, statistics.public_project_count) == (2, 1)
    assert (await connect("owner").get_statistics()).private_project_count == 1
    assert (await admin.get_permissions()).system
    assert (await admin.get_permissions()).project


async def test_users(admin: HarborAsyncClient, connect: Connect) -> None:
    location = await admin.create_user(
        models.UserCreationReq(
            username="ada", email="ada@example.com", realname="Ada", password="Right-Horse-8", comment="first"
        )
    )
    user = await admin.get_user_by_username("ada")
    assert location.endswith(f"/users/{user.user_id}")
    assert (user.realname, user.email, user.comment) == ("Ada", "ada@example.com", "first")
    assert "ada" in [one.username for one in await admin.get_users()]
    assert [one.username for one in await admin.get_users(query="username=ada")] == ["ada"]
    assert [one.username for one in await admin.search_users_by_username("ad")] == ["ada"]
    with pytest.raises(Conflict):
        await admin.create_user(
            models.UserCreationReq(username="ada", email="b@example.com", realname="B", password="Right-Horse-8")
        )
    assert user.user_id is not None
    await admin.update_user(user.user_id, models.UserProfile(email="new@example.com", realname="A", comment=""))
    assert (await admin.get_user(user.user_id)).email == "new@example.com"
    await admin.set_user_admin(user.user_id, True)
    assert (await admin.get_user(user.user_id)).sysadmin_flag
    await admin.set_user_password(user.user_id, "Right-Horse-9")
    herself = connect("ada")
    herself.authenticate(username="ada", secret="Right-Horse-9")
    await herself.set_user_password(user.user_id, PASSWORD, "Right-Horse-9")
    assert (await connect("ada").get_current_user()).username == "ada"
    assert await connect("owner").get_current_user_permissions("/project/1", relative=True)
    await connect("ada").set_user_cli_secret(user.user_id, "Client-Horse-7")
    herself.authenticate(username="ada", secret="Client-Horse-7")
    assert (await herself.get_current_user()).username == "ada"
    await admin.delete_user(user.user_id)
    with pytest.raises(NotFound):
        await admin.get_user(user.user_id)


async def test_projects_and_their_metadata(admin: HarborAsyncClient, connect: Connect) -> None:
    ours = models.ProjectReq(
        project_name="ours", storage_limit=10_000, metadata=models.ProjectMetadata(public="true", auto_scan="true")
    )
    location = await connect("owner").create_project(ours)
    assert await admin.project_exists("ours")
    assert not await admin.project_exists("theirs")
    project = await admin.get_project("ours")
    assert project.project_id is not None
    assert location.endswith("/projects/ours")
    assert (await admin.get_project(project.project_id)).name == "ours"
    assert project.metadata is not None
    assert (project.metadata.public, project.metadata.auto_scan) == ("true", "true")
    with pytest.raises(Conflict):
        await admin.create_project(ours)
    await admin.update_project("ours", models.ProjectReq(metadata=models.ProjectMetadata(public="false")))
    assert not [one.name for one in await admin.get_projects(public=True) if one.name == "ours"]
    assert [one.name for one in await admin.get_projects(name="our", sort="name", page_size=1)] == ["ours"]
    assert [one.name for one in await connect("owner").get_projects(owner="owner")] == ["ours"]
    summary = await admin.get_project_summary("ours")
    assert summary.project_admin_count == 1
    assert summary.quota is not None
    assert (await admin.get_project_deletable("ours")).deletable
    await admin.set_project_metadata("ours", models.ProjectMetadata(prevent_vul="true"))
    assert (await admin.get_project_metadata("ours")).prevent_vul == "true"
    assert await admin.get_project_metadata_entry("ours", "prevent_vul") == {"prevent_vul": "true"}
    await admin.update_project_metadata_entry("ours", "prevent_vul", {"prevent_vul": "false"})
    assert (await admin.get_project_metadata("ours")).prevent_vul == "false"
    await admin.delete_project_metadata_entry("ours", "prevent_vul")
    with pytest.raises(NotFound):
        await admin.get_project_metadata_entry("ours", "prevent_vul")
    assert [one.name for one in (await admin.search("ours")).project or []] == ["ours"]
    assert await admin.get_project_logs("ours")
    await admin.delete_project("ours")
    assert not await admin.project_exists("ours")
    with pytest.raises(Forbidden):  # Not even that there is none is told.
        await connect("stranger").get_project("ours")


async def test_members(admin: HarborAsyncClient, connect: Connect) -> None:
    owner = connect("owner")
    await owner.add_project_member_user("own", "stranger", GUEST)
    member = next(one for one in await owner.get_project_members("own", entity_name="stranger"))
    assert (member.role_name, member.entity_type) == ("guest", "u")
    assert member.id is not None
    assert (await connect("stranger").get_project("own")).current_user_role_id == GUEST
    await owner.update_project_member_role("own", member.id, 2)
    assert (await owner.get_project_member("own", member.id)).role_id == 2
    await owner.remove_project_member("own", member.id)
    assert not await owner.get_project_members("own", entity_name="stranger")
    with pytest.raises(NotFound):
        await owner.get_project_member("own", member.id)
    group = await admin.create_usergroup(models.UserGroup(group_name="builders", group_type=3))
    group_id = int(group.rsplit("/", 1)[1])
    await owner.add_project_member_group("own", group_id, GUEST)
    assert [one.entity_name for one in await owner.get_project_members("own") if one.entity_type == "g"] == ["builders"]


async def test_groups(admin: HarborAsyncClient) -> None:
    location = await admin.create_usergroup(models.UserGroup(group_name="builders", group_type=3))
    group_id = int(location.rsplit("/", 1)[1])
    assert (await admin.get_usergroup(group_id)).group_name == "builders"
    await admin.update_usergroup(group_id, models.UserGroup(group_name="makers"))
    assert [one.group_name for one in await admin.get_usergroups()] == ["makers"]
    assert [one.group_name for one in await admin.search_usergroups("make")] == ["makers"]
    await admin.delete_usergroup(group_id)
    with pytest.raises(NotFound):
        await admin.get_usergroup(group_id)


async def test_robots(admin: HarborAsyncClient, harbor: Harbor, tmp_path: Path) -> None:
    access = [models.Access(resource="repository", action=action) for action in ("pull", "push")]
    asked = models.RobotCreate(
        name="ci",
        description="builds",
        level="project",
        duration=-1,
        permissions=[models.RobotPermission(kind="project", namespace="own", access=access)],
    )
    made = await admin.create_robot(asked, path=tmp_path / "robot.json")
    assert made.id is not None
    assert made.secret is not None
    assert (tmp_path / "robot.json").exists()
    assert made.name == "robot$own+ci"
    assert (await harbor(made.name, made.secret)("GET", "/v2/own/app/tags/list")).status_code == 404
    robot = await admin.get_robot(made.id)
    assert (robot.description, robot.expires_at, robot.secret) == ("builds", -1, None)
    assert [one.name for one in await admin.get_robots(query="Level=project,ProjectID=1")] == [made.name]
    robot.description = "tests"
    await admin.update_robot(made.id, robot)
    assert (await admin.get_robot(made.id)).description == "tests"
    assert (await admin.refresh_robot_secret(made.id, "Right-Horse-10")).secret is None
    assert (await harbor(made.name, "Right-Horse-10")("GET", "/v2/")).status_code == 200
    assert (await harbor(made.name, made.secret)("GET", "/v2/")).status_code == 401
    await admin.delete_robot(made.id)
    with pytest.raises(NotFound):
        await admin.get_robot(made.id)


async def test_repositories_and_artifacts(admin: HarborAsyncClient, connect: Connect, harbor: Harbor) -> None:
    digest = await push_image(harbor("admin"), "own/team/app", "v1")
    developer = connect("maker")
    assert [one.name for one in await developer.get_repositories("own")] == ["own/team/app"]
    assert [one.name for one in await admin.get_repositories()] == ["own/team/app"]
    await developer.update_repository("own", "team/app", models.Repository(description="an app"))
    repository = await developer.get_repository("own", "team/app")
    assert (repository.description, repository.artifact_count) == ("an app", 1)
    assert repository.base_name == "team/app"

    artifact = await developer.get_artifact("own", "team/app", "v1", with_accessory=True)
    assert (artifact.digest, artifact.type) == (digest, "IMAGE")
    assert [tag.name for tag in artifact.tags or []] == ["v1"]
    assert [one.digest for one in await developer.get_artifacts("own", "team/app", query="tags=v1")] == [digest]
    assert [one.digest for one in await developer.get_project_artifacts("own")] == [digest]
    assert artifact.icon is not None
    icon = await developer.get_icon(artifact.icon)
    assert icon.content is not None
    assert base64.b64decode(icon.content)

    await developer.create_artifact_tag("own", "team/app", "v1", models.Tag(name="v2"))
    with pytest.raises(Conflict):
        await developer.create_artifact_tag("own", "team/app", "v1", models.Tag(name="v2"))
    assert sorted(str(tag.name) for tag in await developer.get_artifact_tags("own", "team/app", digest)) == ["v1", "v2"]
    await admin.delete_artifact_tag("own", "team/app", digest, "v2")
    copied = await admin.copy_artifact("public", "copies", f"own/team/app@{digest}")
    assert copied
    assert (await developer.get_artifact("public", "copies", "v1")).digest == digest
    history = await developer.get_artifact_build_history("own", "team/app", "v1")
    assert [entry.created_by for entry in history] == ["RUN one"]
    assert await developer.get_artifact_accessories("own", "team/app", "v1") == []
    assert not await developer.get_artifact_vulnerability_reports("own", "team/app", "v1")
    await admin.delete_artifact("own", "team/app", digest)
    with pytest.raises(NotFound):
        await admin.get_artifact("own", "team/app", "v1")
    await admin.delete_repository("public", "copies")
    assert await admin.get_repositories() == []


async def test_labels(admin: HarborAsyncClient, harbor: Harbor) -> None:
    await push_image(harbor("admin"), "own/app", "v1")
    location = await admin.create_label(models.Label(name="kept", color="#00ff00", scope="g", description="always"))
    label_id = int(location.rsplit("/", 1)[1])
    label = await admin.get_label(label_id)
    assert (label.name, label.color, label.scope) == ("kept", "#00ff00", "g")
    assert [one.name for one in await admin.get_labels(scope="g")] == ["kept"]
    label.name = "kept-long"
    await admin.update_label(label_id, label)
    await admin.add_artifact_label("own", "app", "v1", models.Label(id=label_id))
    artifact = await admin.get_artifact("own", "app", "v1", with_label=True)
    assert [one.name for one in artifact.labels or []] == ["kept-long"]
    await admin.delete_artifact_label("own", "app", "v1", label_id)
    await admin.delete_label(label_id)
    with pytest.raises(NotFound):
        await admin.get_label(label_id)


async def test_quotas(admin: HarborAsyncClient) -> None:
    project = await admin.get_project("own")
    quotas = await admin.get_quotas(reference="project", reference_id=str(project.project_id))
    assert len(quotas) == 1
    assert quotas[0].id is not None
    await admin.update_quota(
        quotas[0].id, models.QuotaUpdateReq(hard=models.ResourceList.model_validate({"storage": 7}))
    )
    changed = await admin.get_quota(quotas[0].id)
    assert changed.hard is not None
    assert changed.hard.model_dump() == {"storage": 7}


async def test_the_configuration_and_the_allowlist(admin: HarborAsyncClient) -> None:
    config = await admin.get_config()
    assert config.self_registration is not None
    assert (config.self_registration.value, config.self_registration.editable) == (False, True)
    await admin.update_config(models.Configurations(robot_token_duration=9, self_registration=True))
    config = await admin.get_config()
    assert config.robot_token_duration is not None
    assert config.robot_token_duration.value == 9
    items = [models.CVEAllowlistItem(cve_id="CVE-2026-1"), models.CVEAllowlistItem(cve_id="CVE-2026-2")]
    await admin.update_cve_allowlist(models.CVEAllowlist(items=items, expires_at=4_000_000_000))
    allowed = await admin.get_cve_allowlist()
    assert [item.cve_id for item in allowed.items or []] == ["CVE-2026-1", "CVE-2026-2"]


async def test_the_audit(admin: HarborAsyncClient, connect: Connect) -> None:
    await connect("owner").create_project(models.ProjectReq(project_name="ours"))
    logs = await admin.get_audit_logs(query="resource=ours")
    assert [(log.username, log.operation, log.resource_type) for log in logs] == [("owner", "create", "project")]


async def test_retention(admin: HarborAsyncClient, harbor: Harbor) -> None:
    project_id = (await admin.get_project("own")).project_id
    assert project_id is not None
    assert {one.rule_template for one in (await admin.get_retention_metadata()).templates or []} >= {"latestPushedK"}
    rule = models.RetentionRule(
        action="retain",
        template="latestPushedK",
        params={"latestPushedK": 1},
        tag_selectors=[models.RetentionSelector(kind="doublestar", decoration="matches", pattern="**")],
        scope_selectors={
            "repository": [models.RetentionSelector(kind="doublestar", decoration="repoMatches", pattern="**")]
        },
    )
    policy = models.RetentionPolicy(
        algorithm="or",
        rules=[rule],
        trigger=models.RetentionRuleTrigger(kind="Schedule", settings={"cron": "0 0 3 * * *"}),
        scope=models.RetentionPolicyScope(level="project", ref=project_id),
    )
    location = await admin.create_retention_policy(policy)
    number = await admin.get_project_retention_id("own")
    assert location.endswith(f"/retentions/{number}")
    assert number is not None
    read = await admin.get_retention_policy(number)
    assert read.rules is not None
    assert read.rules[0].params == {"latestPushedK": 1}
    assert read.scope is not None
    assert read.scope.ref == project_id
    read.rules[0].params = {"latestPushedK": 2}
    await admin.update_retention_policy(number, read)
    assert ((await admin.get_retention_policy(number)).rules or [])[0].params == {"latestPushedK": 2}

    run = int((await admin.start_retention_execution(number, dry_run=True)).rpartition("/")[2])
    (told,) = await admin.get_retention_executions(number)
    assert (told.id, told.policy_id, told.status, told.trigger, told.dry_run) == (
        run,
        number,
        "InProgress",
        "MANUAL",
        True,
    )
    assert await admin.get_retention_tasks(number, run) == []
    await admin.stop_retention_execution(number, run)
    assert (await admin.get_retention_executions(number))[0].status == "Stopped"
    with pytest.raises(NotFound):
        await admin.get_retention_execution_task_log(number, run, 1)
    await admin.delete_retention_policy(number)
    with pytest.raises(NotFound):
        await admin.get_project_retention_id("own")


async def test_immutable_tag_rules(admin: HarborAsyncClient) -> None:
    rule = models.ImmutableRule(
        action="immutable",
        template="immutable_template",
        tag_selectors=[models.ImmutableSelector(kind="doublestar", decoration="matches", pattern="v*")],
        scope_selectors={
            "repository": [models.ImmutableSelector(kind="doublestar", decoration="repoMatches", pattern="**")]
        },
    )
    location = await admin.create_project_immutable_tag_rule("own", rule)
    number = int(location.rpartition("/")[2])
    (read,) = await admin.get_project_immutable_tag_rules("own")
    assert read.id == number
    assert (read.tag_selectors or [])[0].pattern == "v*"
    with pytest.raises(Conflict):
        await admin.create_project_immutable_tag_rule("own", rule)
    # Its `enable_project_immutable_tagrule` leaves the id out, which Harbor refuses as well.
    await admin.update_project_immutable_tag_rule("own", number, read.model_copy(update={"disabled": True}))
    assert (await admin.get_project_immutable_tag_rules("own"))[0].disabled
    assert await admin.get_project_immutable_tag_rules("own", query="disabled=false") == []
    await admin.delete_project_immutable_tag_rule("own", number)
    assert await admin.get_project_immutable_tag_rules("own") == []


async def test_garbage_collection_and_purges_of_the_audit(admin: HarborAsyncClient) -> None:
    daily = models.ScheduleObj(type="Daily", cron="0 0 3 * * *")
    now = models.ScheduleObj(type="Manual")
    assert (await admin.create_gc_schedule(models.Schedule(schedule=daily))).endswith("/system/gc/schedule")
    planned = await admin.get_gc_schedule()
    assert planned.schedule is not None
    assert (planned.schedule.type, planned.schedule.cron) == (models.Type.daily, "0 0 3 * * *")
    await admin.update_gc_schedule(models.Schedule(schedule=models.ScheduleObj(type="None")))
    location = await admin.create_gc_schedule(models.Schedule(schedule=now, parameters={"dry_run": True}))
    job = await admin.get_gc_job(int(location.rpartition("/")[2]))
    assert (job.job_name, job.job_kind, job.job_status) == ("GARBAGE_COLLECTION", "MANUAL", "Pending")
    assert [each.id for each in await admin.get_gc_jobs()] == [job.id]
    assert await admin.get_gc_log(job.id or 0) == []
    parameters: Any = {"audit_retention_hour": 24, "include_event_types": "create_artifact,other"}
    await admin.create_purge_job_schedule(models.Schedule(schedule=daily, parameters=parameters))
    shown = await admin.get_purge_job_schedule()
    assert shown.schedule is not None
    assert shown.schedule.cron == "0 0 3 * * *"
    await admin.update_purge_job_schedule(models.Schedule(schedule=daily, parameters=parameters))
    location = await admin.create_purge_job_schedule(models.Schedule(schedule=now, parameters=parameters))
    purge = int(location.rpartition("/")[2])
    await admin.stop_purge_job(purge)
    assert (await admin.get_purge_job(purge)).job_status == "Stopped"
    assert [each.id for each in await admin.get_purge_job_history()] == [purge]
    assert await admin.get_purge_job_log(purge) == ""
