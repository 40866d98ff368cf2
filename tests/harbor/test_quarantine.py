"""What is set aside, as administrators and clients meet it: through the whole application."""

from typing import Any

import httpx
import pytest
from house import Client, Harbor

from contracts.damaging import flipped, replace
from contracts.place import image
from entrepot.model.digest import Digest
from entrepot.model.errors import ObjectMissing
from entrepot.model.manifest import OCI_MANIFEST
from entrepot.tasks.prove import Finding
from entrepot.tasks.scrub import Pace, Scrubber

LAYER = b"a layer " * 100


def scrubber(harbor: Harbor) -> Scrubber:
    return Scrubber(harbor.whole.db, harbor.whole.storage, Pace(rate=None, every=1))


async def push_blob(client: Client, repository: str, content: bytes) -> None:
    answer = await client(
        "POST", f"/v2/{repository}/blobs/uploads/", params={"digest": str(Digest.of(content))}, content=content
    )
    assert answer.status_code == 201, answer.text


async def push_image(client: Client, repository: str, tag: str) -> bytes:
    for content in (b"{}", LAYER):
        await push_blob(client, repository, content)
    body = image(b"{}", LAYER)
    answer = await put_manifest(client, repository, tag, body)
    assert answer.status_code == 201, answer.text
    return body


async def put_manifest(client: Client, repository: str, tag: str, body: bytes) -> httpx.Response:
    return await client(
        "PUT", f"/v2/{repository}/manifests/{tag}", content=body, headers={"Content-Type": OCI_MANIFEST}
    )


async def damage(harbor: Harbor, content: bytes | None) -> None:
    rows = await harbor.whole.db.read(
        lambda tx: tx.all("SELECT key FROM blobs WHERE digest = ?", Digest.of(LAYER).packed)
    )
    await replace(harbor.whole.storage, rows[0][0], content)


def code(answer: httpx.Response) -> Any:
    return answer.json()["errors"][0]["code"]


async def test_what_is_damaged_is_not_there_for_clients_until_it_is_pushed_again(harbor: Harbor) -> None:
    owner, url = harbor("owner"), f"/v2/own/app/blobs/{Digest.of(LAYER)}"
    body = await push_image(owner, "own/app", "latest")
    await damage(harbor, flipped(LAYER))
    await scrubber(harbor).walk()
    assert (await owner("HEAD", url)).status_code == 404
    for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": f'"{Digest.of(LAYER)}"'}):
        answer = await owner("GET", url, headers=headers)
        assert (answer.status_code, code(answer)) == (404, "BLOB_UNKNOWN")
        assert "push it again" in answer.text
    mounted = await owner(
        "POST", "/v2/own/else/blobs/uploads/", params={"mount": str(Digest.of(LAYER)), "from": "own/app"}
    )
    assert mounted.status_code == 202
    refused = await put_manifest(owner, "own/app", "again", body)
    assert (refused.status_code, code(refused)) == (400, "MANIFEST_BLOB_UNKNOWN")
    location = mounted.headers["location"]
    finished = await owner("PUT", location, params={"digest": str(Digest.of(LAYER))}, content=LAYER)
    assert finished.status_code == 201
    assert (await owner("HEAD", url)).status_code == 200
    assert (await owner("GET", url)).content == LAYER
    assert (await put_manifest(owner, "own/app", "again", body)).status_code == 201


async def test_administrators_see_what_is_set_aside_and_which_images_that_concerns(harbor: Harbor) -> None:
    admin = harbor("admin")
    assert await admin.get("/quarantine") == []
    await push_image(harbor("owner"), "own/app", "latest")
    await damage(harbor, None)
    await scrubber(harbor).walk()
    answer = await admin("GET", "/quarantine", params={"q": "fault=blob-missing"})
    assert answer.headers["x-total-count"] == "1"
    [found] = answer.json()
    assert (found["digest"], found["size"]) == (str(Digest.of(LAYER)), len(LAYER))
    assert (found["fault"], found["images"]) == ("blob-missing", ["own/app:latest"])
    assert await admin.get(f"/quarantine/{Digest.of(LAYER)}") == found
    assert (await admin("GET", f"/quarantine/{Digest.of(b'{}')}")).status_code == 404
    assert (await admin("GET", "/quarantine/nonsense")).status_code == 400
    assert await admin.get("/quarantine", q="fault=blob-corrupt") == []
    logs = await admin.get("/auditlog-exts", q="operation=quarantine")
    assert [(one["resource"], one["username"]) for one in logs] == [(str(Digest.of(LAYER)), "entrepot")]
    await push_blob(harbor("owner"), "own/other", LAYER)
    assert await admin.get("/quarantine") == []
    logs = await admin.get("/auditlog-exts", q="operation=heal")
    assert [one["username"] for one in logs] == ["owner"]
    assert all(one["resource_type"] != "blob" for one in await harbor("owner").get("/projects/own/auditlog-exts"))


async def test_who_pulls_what_is_lost_has_it_set_aside(harbor: Harbor) -> None:
    owner, url = harbor("owner"), f"/v2/own/app/blobs/{Digest.of(LAYER)}"
    await push_image(owner, "own/app", "latest")
    await damage(harbor, None)
    assert await scrubber(harbor).look() is False
    with pytest.raises(ObjectMissing):  # The answer has begun: a server ends the connection.
        await owner("GET", url)
    assert await scrubber(harbor).look()
    assert (await owner("HEAD", url)).status_code == 404
    await push_blob(owner, "own/app", LAYER)
    assert (await owner("GET", url)).content == LAYER
    steps = [step async for step in harbor.whole.prover.prove()]
    assert not [step for step in steps if isinstance(step, Finding)]


async def test_a_scrub_is_asked_for_looked_at_and_stopped(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    assert (await owner("POST", "/system/scrub")).status_code == 403
    assert await admin.get("/system/scrub") == []
    path = (await admin.post("/system/scrub", None)).removeprefix("/api/v2.0")
    assert (await admin("POST", "/system/scrub")).status_code == 409
    shown = await admin.get(path)
    assert (shown["job_name"], shown["job_kind"], shown["job_status"]) == ("SCRUB", "MANUAL", "Pending")
    assert await admin.get("/system/scrub") == [shown]
    assert (await admin("GET", f"{path}/log")).text == ""
    assert (await admin("GET", path.replace("scrub", "gc"))).status_code == 404
    assert (await admin("PUT", path)).status_code == 200
    assert (await admin.get(path))["job_status"] == "Stopped"
    assert (await admin("GET", "/system/scrub/9999")).status_code == 404
    logs = await admin.get("/auditlog-exts", q="username=admin,resource_type=job")
    assert [one["operation"] for one in logs] == ["stop", "create"], logs
