"""Projects and members, with an event of each change."""

import asyncio
import json

import pytest

from entrepot.access.local import shell_grant
from entrepot.db import repositories, users
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import AlreadyExists, InUse, NameInvalid, PageInvalid, ProjectUnknown, UserUnknown
from entrepot.model.project import Project, Role
from entrepot.registry.projects import Keep, Projects

SHELL = shell_grant()


@pytest.fixture
def projects(database: Database) -> Projects:
    return Projects(database)


@pytest.fixture
async def people(database: Database) -> list[str]:
    names = ["anna", "bert", "carl"]
    for name in names:
        await database.write(lambda tx, name=name: users.insert(tx, name, "x", False))
    return names


async def _events(db: Database) -> list[tuple[str, int, dict[str, object]]]:
    rows = await db.read(lambda tx: tx.all("SELECT name, project_id, detail FROM events ORDER BY id"))
    return [(row[0], row[1], json.loads(row[2])) for row in rows]


async def test_a_project_is_created(projects: Projects, database: Database) -> None:
    project = await projects.create(SHELL, "own")
    assert (project.name, project.public, project.sparse_indexes) == ("own", False, None)
    other = await projects.create(SHELL, "open", public=True, sparse_indexes=True)
    assert (other.public, other.sparse_indexes) == (True, True)
    assert await _events(database) == [
        ("project:created", project.id, {"project": "own", "public": False}),
        ("project:created", other.id, {"project": "open", "public": True}),
    ]
    assert (await projects.list_projects(SHELL)).projects == [other, project]


async def test_a_project_that_cannot_be_created(projects: Projects) -> None:
    await projects.create(SHELL, "own")
    with pytest.raises(AlreadyExists, match="own"):
        await projects.create(SHELL, "own")
    for name in ("", "Own", "own/app", "a__b", "-a", "a" * 256, "a b", "a\0b"):
        with pytest.raises(NameInvalid):
            await projects.create(SHELL, name)


async def test_settings_change_one_by_one_and_are_told_once(projects: Projects, database: Database) -> None:
    project = await projects.create(SHELL, "own", sparse_indexes=False)
    for _ in range(2):
        changed = await projects.change(SHELL, "own", public=True)
        assert (changed.public, changed.sparse_indexes) == (True, False)
    changed = await projects.change(SHELL, "own", sparse_indexes=None)
    assert (changed.id, changed.public, changed.sparse_indexes) == (project.id, True, None)
    assert (await projects.list_projects(SHELL)).projects == [changed]
    assert await projects.change(SHELL, "own", public=Keep.KEEP, sparse_indexes=Keep.KEEP) == changed
    assert [event[2] for event in (await _events(database))[1:]] == [
        {"project": "own", "public": True, "sparse_indexes": False},
        {"project": "own", "public": True, "sparse_indexes": None},
    ]


async def test_members_come_change_and_go(projects: Projects, database: Database, people: list[str]) -> None:
    project = await projects.create(SHELL, "own")
    for name in reversed(people):
        await projects.add_member(SHELL, "own", name, Role.LIMITED_GUEST)
    page = await projects.list_members(SHELL, "own", count=2)
    assert ([member.user for member in page.members], page.more) == (["anna", "bert"], True)
    page = await projects.list_members(SHELL, "own", after="bert", count=2)
    assert ([member.user for member in page.members], page.more) == (["carl"], False)
    for _ in range(2):
        await projects.change_member(SHELL, "own", "anna", Role.PROJECT_ADMIN)
    await projects.remove_member(SHELL, "own", "bert")
    roles = {member.user: member.role for member in (await projects.list_members(SHELL, "own")).members}
    assert roles == {"anna": Role.PROJECT_ADMIN, "carl": Role.LIMITED_GUEST}
    assert (await _events(database))[3:] == [
        ("member:added", project.id, {"project": "own", "user": "anna", "role": "limited-guest"}),
        ("member:changed", project.id, {"project": "own", "user": "anna", "role": "project-admin"}),
        ("member:removed", project.id, {"project": "own", "user": "bert"}),
    ]


async def test_members_that_are_not_there(projects: Projects, database: Database, people: list[str]) -> None:
    await projects.create(SHELL, "own")
    await projects.add_member(SHELL, "own", "anna", Role.GUEST)
    before = await _events(database)
    with pytest.raises(AlreadyExists, match="anna"):
        await projects.add_member(SHELL, "own", "anna", Role.DEVELOPER)
    for name in ("bert", "nobody"):
        with pytest.raises(UserUnknown, match=name):
            await projects.change_member(SHELL, "own", name, Role.GUEST)
        with pytest.raises(UserUnknown, match=name):
            await projects.remove_member(SHELL, "own", name)
    with pytest.raises(UserUnknown, match="nobody"):
        await projects.add_member(SHELL, "own", "nobody", Role.GUEST)
    assert await _events(database) == before


async def test_a_project_that_is_not_there(projects: Projects, people: list[str]) -> None:
    for action in (
        projects.delete(SHELL, "absent"),
        projects.change(SHELL, "absent", public=True),
        projects.add_member(SHELL, "absent", "anna", Role.GUEST),
        projects.change_member(SHELL, "absent", "anna", Role.GUEST),
        projects.remove_member(SHELL, "absent", "anna"),
        projects.list_members(SHELL, "absent"),
    ):
        with pytest.raises(ProjectUnknown, match="absent"):
            await action


async def test_an_empty_project_is_deleted_with_its_roles(
    projects: Projects, database: Database, people: list[str]
) -> None:
    project = await projects.create(SHELL, "own")
    await projects.add_member(SHELL, "own", "anna", Role.GUEST)
    await database.write(lambda tx: _repository(tx, project))
    await projects.delete(SHELL, "own")
    assert (await _events(database))[-1] == ("project:deleted", project.id, {"project": "own"})
    for table in ("projects", "members"):
        assert await database.read(lambda tx, table=table: tx.all(f"SELECT 1 FROM {table}")) == []
    assert await database.write(lambda tx: repositories.sweep(tx, 10)) == 1
    assert await database.read(lambda tx: tx.all("SELECT 1 FROM repositories")) == []
    assert (await projects.create(SHELL, "own")).id > project.id


def _repository(tx: Transaction, project: Project) -> int:
    row = tx.one(
        "INSERT INTO repositories (project_id, name, description, pull_count, created_at, updated_at, live)"
        " VALUES (?, ?, '', 0, 1, 1, TRUE) RETURNING id",
        project.id,
        f"{project.name}/app",
    )
    assert row is not None
    return int(row[0])


def _manifest(tx: Transaction, repository: int, deleted_at: int | None) -> None:
    tx.run(
        "INSERT INTO manifests (repository_id, digest, media_type, body, kind, config_type, size, attributes,"
        " pushed_at, listed, deleted_at) VALUES (?, ?, 'x', ?, '', '', 0, '', 1, TRUE, ?)",
        repository,
        b"\x01" + bytes(32),
        b"{}",
        deleted_at,
    )


def _link(tx: Transaction, repository: int) -> None:
    row = tx.one(
        "INSERT INTO blobs (digest, size, key, parts, created_at) VALUES (?, 1, 'k', 1, 1) RETURNING id",
        b"\x01" + bytes(32),
    )
    assert row is not None
    tx.run(
        "INSERT INTO repository_blobs (repository_id, blob_id, visible, leased_until) VALUES (?, ?, ?, 1)",
        repository,
        row[0],
        False,
    )


def _upload(tx: Transaction, repository: int) -> None:
    tx.run("INSERT INTO uploads (id, repository_id, owner, size, expires_at) VALUES ('u', ?, 'anna', 0, 1)", repository)


async def test_a_project_with_content_stays(projects: Projects, database: Database) -> None:
    project = await projects.create(SHELL, "own")
    await database.write(lambda tx: _manifest(tx, _repository(tx, project), None))
    with pytest.raises(InUse, match="holds artifacts"):
        await projects.delete(SHELL, "own")
    assert [found.name for found in (await projects.list_projects(SHELL)).projects] == ["own"]
    assert len(await _events(database)) == 1


@pytest.mark.parametrize("fill", [lambda tx, repository: _manifest(tx, repository, 1), _link, _upload])
async def test_what_is_unseen_outlives_its_project(projects: Projects, database: Database, fill) -> None:
    project = await projects.create(SHELL, "own")
    await database.write(lambda tx: fill(tx, _repository(tx, project)))
    await projects.delete(SHELL, "own")
    assert not await database.write(lambda tx: repositories.sweep(tx, 10))
    again = await projects.create(SHELL, "own")
    by = SHELL.principal
    fresh = await database.write(lambda tx: repositories.ensure(tx, again.id, "own/app", by))
    rows = await database.read(lambda tx: tx.all("SELECT id, project_id FROM repositories ORDER BY id"))
    assert [row[1] for row in rows] == [None, again.id]
    assert rows[1][0] == fresh
    with pytest.raises(ProjectUnknown):
        await database.write(lambda tx: repositories.ensure(tx, project.id, "own/app", by))


async def test_a_deletion_while_something_is_pushed(projects: Projects, database: Database) -> None:
    for number in range(10):
        project = await projects.create(SHELL, f"own-{number}")
        pushed, deleted = await asyncio.gather(
            database.write(lambda tx, project=project: _push_first(tx, project)),
            projects.delete(SHELL, project.name),
            return_exceptions=True,
        )
        there = await database.read(
            lambda tx, project=project: tx.one("SELECT 1 FROM projects WHERE id = ?", project.id)
        )
        assert isinstance(deleted, InUse) == (there is not None) == (pushed is True)
        assert pushed is True or isinstance(pushed, ProjectUnknown)


def _push_first(tx: Transaction, project: Project) -> bool:
    _manifest(tx, repositories.ensure(tx, project.id, f"{project.name}/app", SHELL.principal), None)
    return True


async def test_pages_are_bounded(projects: Projects) -> None:
    await projects.create(SHELL, "own")
    for count in (0, 1001):
        with pytest.raises(PageInvalid):
            await projects.list_projects(SHELL, count=count)
        with pytest.raises(PageInvalid):
            await projects.list_members(SHELL, "own", count=count)
