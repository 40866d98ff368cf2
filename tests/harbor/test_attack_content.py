"""What is pushed, under attack: blobs seen from elsewhere, manifests that are two things, content without end.

Holes of other registries that these are: CVE-2024-39897, CVE-2026-35172, CVE-2026-41888, CVE-2026-31801,
GHSA-qq97-vm5h-rrhg, CVE-2017-11468, CVE-2021-3762, CVE-2026-10517, CVE-2025-32019.
"""

import asyncio
import gzip
import io
import json
import socket
import tarfile
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from house import Client, Harbor
from pushing import CONFIG, IMAGE, INDEX, LAYER, digest_of, push_blob, push_image, push_index, push_manifest

from entrepot.model.manifest import LARGEST_MANIFEST

ANY = {"Accept": "*/*"}
MIB = 1 << 20


async def _status(client: Client, method: str, path: str, **more: Any) -> int:
    return (await client(method, path, headers=ANY, **more)).status_code


async def test_a_blob_of_a_private_project_is_nowhere_else(harbor: Harbor) -> None:
    """CVE-2024-39897: neither read nor mounted by who may not pull it, whatever digest they have found out."""
    owner, stranger = harbor("owner"), harbor("stranger")
    await stranger.post("/projects", {"project_name": "theirs"})
    secret, absent = await push_blob(owner, "own/app", b"a secret layer"), digest_of(b"never pushed")
    await push_blob(stranger, "theirs/app", b"something else")
    for digest in (secret, absent):
        for method in ("GET", "HEAD"):
            assert await _status(stranger, method, f"/v2/theirs/app/blobs/{digest}") == 404
            assert await _status(stranger, method, f"/v2/own/app/blobs/{digest}") == 403
            assert await _status(stranger, method, f"/v2/public/app/blobs/{digest}") == 404
        for query in (f"mount={digest}&from=own/app", f"mount={digest}", f"mount={digest}&from=theirs/app"):
            answer = await stranger("POST", f"/v2/theirs/app/blobs/uploads/?{query}")
            assert answer.status_code == 202, (query, answer.text)
        assert await _status(stranger, "GET", f"/v2/theirs/app/blobs/{digest}") == 404
        body = {"schemaVersion": 2, "mediaType": IMAGE, "config": {"mediaType": CONFIG, "digest": digest, "size": 14}}
        for reference in ("1", digest_of(json.dumps({**body, "layers": []}).encode())):
            answer = await stranger(
                "PUT", f"/v2/theirs/app/manifests/{reference}", {**body, "layers": []}, headers={"Content-Type": IMAGE}
            )
            assert answer.status_code in (400, 404), answer.text
    assert await _status(stranger, "GET", f"/icons/{secret}") == await _status(stranger, "GET", f"/icons/{absent}")


async def test_a_blob_that_was_deleted_stays_so_where_others_have_it(harbor: Harbor) -> None:
    """CVE-2026-35172: reading it in one repository does not bring it back in another."""
    owner = harbor("owner")
    digest = await push_blob(owner, "own/one", b"in both")
    await push_blob(owner, "own/two", b"in both")
    one, two = f"/v2/own/one/blobs/{digest}", f"/v2/own/two/blobs/{digest}"
    assert [await _status(owner, "GET", path) for path in (one, two)] == [200, 200]
    assert await _status(owner, "DELETE", one) == 202
    for _ in range(3):
        assert [await _status(owner, method, two) for method in ("GET", "HEAD")] == [200, 200]
        assert [await _status(owner, method, one) for method in ("GET", "HEAD")] == [404, 404]
        await push_blob(owner, "own/two", b"in both")


async def test_read_only_holds_on_every_way(harbor: Harbor) -> None:
    """CVE-2026-41888: what is switched off is off by tag, by digest, for blobs and by the management API."""
    owner, admin = harbor("owner"), harbor("admin")
    digest = await push_image(owner, "own/app", "1")
    blob = await push_blob(owner, "own/app", b"a blob")
    upload = (await owner("POST", "/v2/own/app/blobs/uploads/")).headers["location"]
    assert (await admin("PUT", "/configurations", {"read_only": True})).status_code == 200
    artifact = "/projects/own/repositories/app/artifacts"
    for method, path, body in (
        ("DELETE", "/v2/own/app/manifests/1", None),
        ("DELETE", f"/v2/own/app/manifests/{digest}", None),
        ("DELETE", f"/v2/own/app/blobs/{blob}", None),
        ("POST", "/v2/own/app/blobs/uploads/", None),
        ("POST", f"/v2/own/two/blobs/uploads/?mount={blob}&from=own/app", None),
        ("PATCH", upload, None),
        ("PUT", f"{upload}?digest={blob}", None),
        ("DELETE", upload, None),
        ("PUT", "/v2/own/app/manifests/2", {"schemaVersion": 2}),
        ("DELETE", f"{artifact}/1", None),
        ("DELETE", f"{artifact}/{digest}", None),
        ("DELETE", f"{artifact}/1/tags/1", None),
        ("POST", f"{artifact}/1/tags", {"name": "2"}),
        ("POST", f"{artifact}?from=own/app:1", None),
        ("POST", f"{artifact}/1/labels", {"id": 1}),
        ("PUT", "/projects/own/repositories/app", {"description": "x"}),
        ("DELETE", "/projects/own/repositories/app", None),
        ("DELETE", "/projects/own", None),
    ):
        for client in (owner, admin):
            answer = await client(method, path, body)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED"), (method, path)
    assert await _status(owner, "GET", "/v2/own/app/manifests/1") == 200
    assert await _status(owner, "GET", f"/v2/own/app/blobs/{blob}") == 200


async def test_who_may_make_a_tag_does_not_move_one(harbor: Harbor) -> None:
    """CVE-2026-31801: permission to create by what there is, for each kind of who may do less than push."""
    owner = harbor("owner")
    first = await push_image(owner, "own/app", "latest", "one")
    second = await push_image(owner, "own/app", "2", "two")
    access = [{"resource": "tag", "action": "create"}, {"resource": "artifact", "action": "read"}]
    permission = {"kind": "project", "namespace": "own", "access": access}
    robot = {"name": "tagger", "level": "project", "duration": -1, "permissions": [permission]}
    made = (await owner("POST", "/robots", robot)).json()
    tagger = harbor(made["name"], made["secret"])
    tags = f"/projects/own/repositories/app/artifacts/{second}/tags"
    wanted = [tagger("POST", tags, {"name": name}) for name in ("latest", "2", "fresh", "latest")]
    assert sorted(answer.status_code for answer in await asyncio.gather(*wanted)) == [201, 409, 409, 409]
    for who in (tagger, harbor("visitor"), harbor("peeker"), harbor("stranger")):
        for tag in ("latest", "fresh", "never"):
            manifest = (await owner("GET", "/v2/own/app/manifests/2", headers=ANY)).content
            answer = await who("PUT", f"/v2/own/app/manifests/{tag}", content=manifest, headers={"Content-Type": IMAGE})
            assert answer.status_code == 403, tag
            assert await _status(who, "DELETE", f"/v2/own/app/manifests/{tag}") == 403
            assert await _status(who, "DELETE", f"/projects/own/repositories/app/artifacts/latest/tags/{tag}") == 403
    answer = await owner("HEAD", "/v2/own/app/manifests/latest", headers=ANY)
    assert answer.headers["docker-content-digest"] == first


async def _parts(client: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    child = await push_image(client, "own/app", "child")
    size = len((await client("GET", f"/v2/own/app/manifests/{child}", headers=ANY)).content)
    config, layer = await push_blob(client, "own/app", b"{}"), await push_blob(client, "own/app", b"layer")
    return (
        {"mediaType": CONFIG, "digest": config, "size": 2},
        {"mediaType": LAYER, "digest": layer, "size": 5},
        {"mediaType": IMAGE, "digest": child, "size": size, "platform": {"architecture": "amd64", "os": "linux"}},
    )


async def test_a_manifest_is_one_thing(harbor: Harbor) -> None:
    """GHSA-qq97-vm5h-rrhg: one with both layers and manifests, or of another type than it was sent as."""
    owner = harbor("owner")
    config, layer, child = await _parts(owner)
    image = {"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    docker_list = "application/vnd.docker.distribution.manifest.list.v2+json"
    untyped_image = {key: value for key, value in image.items() if key != "mediaType"}
    untyped_index = {key: value for key, value in index.items() if key != "mediaType"}
    tries: list[tuple[str, Any]] = [
        (IMAGE, {**image, "manifests": [child]}),
        (IMAGE, {**image, "manifests": []}),
        (INDEX, {**index, "layers": [layer]}),
        (INDEX, {**index, "config": config}),
        (INDEX, {**index, "layers": [], "config": config}),
        (IMAGE, {**untyped_image, "manifests": [child]}),
        (INDEX, {**untyped_index, "config": config, "layers": [layer]}),
        (IMAGE, index),
        (INDEX, image),
        (IMAGE, untyped_index),
        (INDEX, untyped_image),
        (docker, image),
        (docker_list, index),
        (docker, {**image, "mediaType": docker_list}),
        ("application/json", untyped_image),
        ("text/html", untyped_image),
        ("text/html", {**image, "mediaType": "text/html"}),
        (f"{IMAGE}x", image),
        (IMAGE, [image]),
        (IMAGE, {**image, "schemaVersion": 1, "fsLayers": [], "history": [], "signatures": []}),
        (docker.replace("v2", "v1"), {"schemaVersion": 1, "fsLayers": []}),
    ]
    for media_type, body in tries:
        for content in (json.dumps(body).encode(), json.dumps(body).replace('"l', '"\\u006c').encode()):
            answer = await owner(
                "PUT", "/v2/own/app/manifests/evil", content=content, headers={"Content-Type": media_type}
            )
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID"), body
    twice = b'{"layers":[],' + json.dumps({**index}).encode()[1:]
    answer = await owner("PUT", "/v2/own/app/manifests/evil", content=twice, headers={"Content-Type": INDEX})
    assert answer.status_code == 400
    assert await _status(owner, "GET", "/v2/own/app/manifests/evil") == 404
    await push_manifest(owner, "own/app", "good", image)
    await push_index(owner, "own/app", "also", child["digest"])
    for accept in (IMAGE, INDEX, docker, "text/html", "*/*"):
        answer = await owner("GET", "/v2/own/app/manifests/good", headers={"Accept": accept})
        assert answer.headers["content-type"] == IMAGE
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_manifest_without_end_is_not_read_to_it(harbor: Harbor) -> None:
    """CVE-2017-11468: refused at its limit, whether it says how long it is or not, in little memory.

    What is thrown away afterwards, so that a client reads the answer, is bounded too.
    """
    owner = harbor("owner")
    piece, sent = b" " * 65536, 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 256 * MIB:
            sent += len(piece)
            yield piece

    headers = {"Content-Type": IMAGE}
    await owner("PUT", "/v2/own/app/manifests/1", content=b"{}", headers=headers)
    tracemalloc.start()
    answer = await owner("PUT", "/v2/own/app/manifests/1", content=endless(), headers=headers)
    assert (answer.status_code, sent <= LARGEST_MANIFEST + 10 * MIB) == (413, True)
    sent = 0
    headers["Content-Length"] = str(256 * MIB)
    answer = await owner("PUT", "/v2/own/app/manifests/1", content=endless(), headers=headers)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, sent <= 10 * MIB) == (413, True)
    assert held < 3 * LARGEST_MANIFEST
    exactly = json.dumps({"schemaVersion": 2}).encode().ljust(LARGEST_MANIFEST)
    for content, status in ((exactly, 400), (exactly + b" ", 413)):
        answer = await owner("PUT", "/v2/own/app/manifests/1", content=content, headers={"Content-Type": IMAGE})
        assert answer.status_code == status


def _member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, link
    return member


def _archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(held.getvalue())


async def _push_chart(client: Client, tag: str, archive: bytes) -> None:
    kind = "application/vnd.cncf.helm.config.v1+json"
    config = json.dumps({"name": "chart", "version": "1.0.0", "apiVersion": "v2"}).encode()
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {"mediaType": kind, "digest": await push_blob(client, "own/chart", config), "size": len(config)},
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "digest": await push_blob(client, "own/chart", archive),
                "size": len(archive),
            }
        ],
    }
    await push_manifest(client, "own/chart", tag, body)


async def test_no_archive_leads_out_of_itself(harbor: Harbor, tmp_path: Path) -> None:
    """CVE-2021-3762: a member's name or link is never a path here; what is no plain file is nothing."""
    outside = tmp_path / "outside"
    outside.write_text("planted outside")
    device, link, hard = tarfile.CHRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
    good = (_member("chart/README.md", b"read me"), b"read me")
    corpus = {
        "link": [(_member("chart/README.md", kind=link, link=str(outside)), b"")],
        "hard-link": [(_member("chart/README.md", kind=hard, link=str(outside)), b"")],
        "link-up": [(_member("chart/README.md", kind=link, link="../../../../etc/passwd"), b"")],
        "linked-folder": [(_member("chart", kind=link, link=str(tmp_path)), b""), good],
        "device": [(_member("chart/README.md", kind=device), b"")],
        "pipe": [(_member("chart/README.md", kind=tarfile.FIFOTYPE), b"")],
        "up": [(_member(f"../../../../{outside}", b"taken"), b"taken"), good],
        "absolute": [(_member(str(outside), b"taken"), b"taken"), good],
        "up-inside": [(_member("chart/../chart/README.md", b"taken"), b"taken"), good],
        "many": [(_member(f"chart/{number}"), b"") for number in range(12_000)],
        "deep": [(_member("chart/" + "a/" * 20_000, b"x"), b"x"), good],
    }
    owner = harbor("owner")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    for tag, members in corpus.items():
        await _push_chart(owner, tag, _archive(*members))
        answer = await owner("GET", f"/projects/own/repositories/chart/artifacts/{tag}/additions/readme.md")
        assert answer.status_code in (200, 404, 400, 422), (tag, answer.text)
        if answer.status_code == 200:
            assert answer.text in ("read me", ""), tag
        assert "planted" not in answer.text
        assert "root:" not in answer.text
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert outside.read_text() == "planted outside"


async def test_no_url_of_a_manifest_is_followed(harbor: Harbor) -> None:
    """CVE-2026-10517: a layer that lies elsewhere, a subject, an annotation: nobody is asked for them."""
    owner = harbor("owner")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        config, layer, _ = await _parts(owner)
        foreign = {
            "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "digest": "sha256:" + "0" * 64,
        }
        body = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": {**config, "urls": [url]},
            "layers": [{**layer, "urls": [url]}, {**foreign, "size": 5, "urls": [url]}],
            "annotations": {"org.opencontainers.image.source": url, "io.goharbor.artifact.v1alpha1.icon": url},
        }
        digest = await push_manifest(owner, "own/app", "1", body)
        artifact = f"/projects/own/repositories/app/artifacts/{digest}"
        for path in (artifact, f"{artifact}/additions/build_history", f"/v2/own/app/blobs/{foreign['digest']}"):
            assert await _status(owner, "GET", path) < 500
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_no_text_that_was_written_runs_in_a_page(harbor: Harbor) -> None:
    """CVE-2025-32019: what people write comes back as data, and what a browser could show cannot run."""
    script = "<script>alert(1)</script>[x](javascript:alert(1))<img src=x onerror=alert(1)>"
    owner = harbor("owner")
    await push_image(owner, "own/app", "1", annotations={"org.opencontainers.image.title": script})
    await _push_chart(owner, "1", _archive((_member("chart/README.md", script.encode()), script.encode())))
    await owner("PUT", "/projects/own/repositories/app", {"description": script})
    project = (await owner.get("/projects/own"))["project_id"]
    label = {"scope": "p", "project_id": project, "name": script[:60], "description": script, "color": "#112233"}
    await owner("POST", "/labels", label)
    shown = 0
    for path in (
        "/projects/own/repositories/app",
        "/projects/own/repositories",
        "/projects/own/repositories/app/artifacts/1",
        "/projects/own/repositories/chart/artifacts/1/additions/readme.md",
        "/projects/own/repositories/chart/artifacts/1",
        f"/labels?scope=p&project_id={project}",
        "/v2/own/app/manifests/1",
        f"/{script}",
        f"/api/v2.0/{script}",
        f"/v2/{script}/tags/list",
        f"/service/token?scope={script}",
    ):
        answer = await owner("GET", path, headers={"Accept": "text/html"})
        shown += "alert(1)" in answer.text
        kind = answer.headers["content-type"].partition(";")[0]
        sandboxed = "sandbox" in answer.headers.get("content-security-policy", "")
        nosniff = answer.headers.get("x-content-type-options") == "nosniff"
        assert kind.endswith(("/json", "+json")) or (sandboxed and nosniff) or kind == "text/plain", (path, kind)
        assert "html" not in kind
    assert shown > 5
    answer = await owner("GET", "/v2/own/app/blobs/" + await push_blob(owner, "own/app", b"<html>" + script.encode()))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
