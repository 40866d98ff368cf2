"""Deletions of one name restored one after another, and at the same moment: one is there again, the other explained."""

import asyncio
from typing import Any

import httpx
import pytest
from house import Client, Harbor
from pushing import push_image

ROUNDS = 4


async def delete(client: Client, path: str) -> None:
    assert (await client("DELETE", path)).status_code == 200, path


async def entries(client: Client, kind: str) -> list[int]:
    """The deletions of the kind, the oldest first."""
    return sorted(one["id"] for one in await client.get("/trash", q=f"kind={kind}"))


async def restore(client: Client, entry: int, **wish: Any) -> httpx.Response:
    return await client("POST", f"/trash/{entry}/restore", wish)


async def two_projects(owner: Client, name: str) -> dict[int, str]:
    """What is in the trash of that name: the digest that each project holds, by its deletion."""
    held = {}
    for seed in ("first", "second"):
        assert (await owner("POST", "/projects", {"project_name": name})).status_code == 201
        digest = await push_image(owner, f"{name}/app", "latest", seed=f"{name} {seed}")
        await owner.post("/labels", {"scope": "p", "project_id": await number(owner, name), "name": seed})
        await delete(owner, f"/projects/{name}?force=true")
        held[(await entries(owner, "project"))[-1]] = digest
    return held


async def number(client: Client, name: str) -> int:
    return int((await client.get(f"/projects/{name}"))["project_id"])


async def digest_of(client: Client, repository: str) -> str:
    return (await client("HEAD", f"/v2/{repository}/manifests/latest")).headers["docker-content-digest"]


async def both(one: Client, other: Client, held: dict[int, str]) -> dict[int, httpx.Response]:
    """The answers to restoring two deletions at the same moment."""
    first, second = held
    answers = await asyncio.gather(restore(one, first), restore(other, second))
    return dict(zip((first, second), answers, strict=True))


def explained(answer: httpx.Response, name: str) -> str:
    """The name that is offered instead."""
    assert answer.status_code == 409, answer.text
    free = str(answer.json()["free_name"])
    assert free != name
    assert free in answer.json()["errors"][0]["message"]
    return free


async def test_two_projects_of_one_name_one_after_another(harbor: Harbor) -> None:
    owner = harbor("owner")
    held = await two_projects(owner, "harbor-side")
    first, second = held
    assert (await restore(owner, second)).status_code == 200
    assert await digest_of(owner, "harbor-side/app") == held[second]
    free = explained(await restore(owner, first), "harbor-side")
    assert await entries(owner, "project") == [first], "it waits as it was"
    assert await digest_of(owner, "harbor-side/app") == held[second]
    assert (await restore(owner, first, name=free)).status_code == 200
    assert await digest_of(owner, f"{free}/app") == held[first]
    for name, label in (("harbor-side", "second"), (free, "first")):
        found = await owner.get("/labels", scope="p", project_id=await number(owner, name))
        assert [one["name"] for one in found] == [label]
    assert await entries(owner, "project") == []


@pytest.mark.timeout(180)
async def test_two_projects_of_one_name_at_once(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    for turn in range(ROUNDS):
        name = f"pier-{turn}"
        held = await two_projects(owner, name)
        given = await both(owner, admin, held)
        assert sorted(answer.status_code for answer in given.values()) == [200, 409]
        [won] = [entry for entry, answer in given.items() if answer.status_code == 200]
        [lost] = held.keys() - {won}
        free = explained(given[lost], name)
        assert await digest_of(owner, f"{name}/app") == held[won]
        assert await entries(owner, "project") == [lost]
        names = [one["name"] for one in await admin.get("/projects", page_size=100)]
        assert names.count(name) == 1
        assert free not in names
        # Both at once again under the name that is offered: one more who asks for it has to take another.
        assert (await restore(owner, lost, name=free)).status_code == 200
        assert await digest_of(owner, f"{free}/app") == held[lost]


@pytest.mark.timeout(180)
async def test_a_project_is_restored_while_one_of_its_name_is_made(harbor: Harbor) -> None:
    owner = harbor("owner")
    for turn in range(ROUNDS):
        name = f"quay-{turn}"
        assert (await owner("POST", "/projects", {"project_name": name})).status_code == 201
        digest = await push_image(owner, f"{name}/app", "latest")
        await delete(owner, f"/projects/{name}?force=true")
        [entry] = await entries(owner, "project")
        made, back = await asyncio.gather(
            owner("POST", "/projects", {"project_name": name}), restore(owner, entry), return_exceptions=False
        )
        assert (made.status_code, back.status_code) in ((201, 409), (409, 200))
        if back.status_code == 409:
            free = explained(back, name)
            assert (await owner.get(f"/projects/{name}/repositories")) == []
            assert (await restore(owner, entry, name=free)).status_code == 200
            name = free
        assert await digest_of(owner, f"{name}/app") == digest


async def two_repositories(owner: Client, name: str) -> dict[int, str]:
    """As `two_projects`, of a repository."""
    held = {}
    for seed in ("first", "second"):
        digest = await push_image(owner, f"own/{name}", "latest", seed=f"{name} {seed}")
        await delete(owner, f"/projects/own/repositories/{name}")
        held[(await entries(owner, "repository"))[-1]] = digest
    return held


async def test_two_repositories_of_one_name_one_after_another(harbor: Harbor) -> None:
    owner = harbor("owner")
    held = await two_repositories(owner, "app")
    first, second = held
    assert (await restore(owner, first)).status_code == 200
    free = explained(await restore(owner, second), "own/app")
    assert await digest_of(owner, "own/app") == held[first]
    assert await entries(owner, "repository") == [second]
    assert (await restore(owner, second, name=free)).status_code == 200
    assert (await digest_of(owner, "own/app"), await digest_of(owner, free)) == (held[first], held[second])


@pytest.mark.timeout(180)
async def test_two_repositories_of_one_name_at_once(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    for turn in range(ROUNDS):
        name = f"app-{turn}"
        held = await two_repositories(owner, name)
        given = await both(owner, admin, held)
        assert sorted(answer.status_code for answer in given.values()) == [200, 409]
        [won] = [entry for entry, answer in given.items() if answer.status_code == 200]
        [lost] = held.keys() - {won}
        free = explained(given[lost], f"own/{name}")
        assert await digest_of(owner, f"own/{name}") == held[won]
        found = await owner.get(f"/projects/own/repositories/{name}/artifacts")
        assert [one["digest"] for one in found] == [held[won]]
        # The same name for both at once, which neither had.
        await delete(owner, f"/projects/own/repositories/{name}")
        [again] = {*await entries(owner, "repository")} - {lost}
        answers = await asyncio.gather(restore(owner, lost, name=free), restore(admin, again, name=free))
        assert sorted(answer.status_code for answer in answers) == [200, 409], [one.text for one in answers]
        for entry in await entries(owner, "repository"):
            assert (await restore(owner, entry, name=f"own/{name}-other")).status_code == 200
        assert {await digest_of(owner, free), await digest_of(owner, f"own/{name}-other")} == {*held.values()}


@pytest.mark.timeout(180)
async def test_the_same_deletion_restored_twice_at_once(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    digest = await push_image(owner, "own/app", "latest")
    for path, kind in (("/projects/own/repositories/app", "repository"), ("/projects/own?force=true", "project")):
        for _ in range(ROUNDS):
            await delete(owner, path)
            [entry] = await entries(admin, kind)
            answers = await asyncio.gather(*(restore(admin, entry) for _ in range(3)))
            assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
            assert await digest_of(owner, "own/app") == digest
