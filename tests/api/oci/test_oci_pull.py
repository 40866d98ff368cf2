"""What pulling clients see: the base, blobs with ranges and conditions, manifests, lists."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from oci_doubles import NARROW, OWNER, READER, Content, Raw, digest_of, make_app

from entrepot.api.oci.app import OciApp
from entrepot.model.digest import Digest
from entrepot.model.errors import ObjectMissing

BLOB = bytes(range(256)) * 8
MANIFEST = b'{"schemaVersion": 2}'
TYPE = "application/vnd.oci.image.manifest.v1+json"


async def test_base_tells_that_one_is_signed_in(owner: httpx.AsyncClient) -> None:
    answer = await owner.get("/v2/")
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


async def test_base_challenges_a_stranger(app: OciApp) -> None:
    answer = await Raw().to(app)
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Bearer realm="http://registry.test/service/token",service="entrepot"'
    assert answer.header("docker-distribution-api-version") == "registry/2.0"
    assert json.loads(answer.body)["errors"][0]["code"] == "UNAUTHORIZED"


async def test_blob_whole(owner: httpx.AsyncClient, content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB)
    answer = await owner.get(f"/v2/library/a/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, BLOB)
    assert dict(answer.headers) == {
        "docker-content-digest": digest,
        "etag": f'"{digest}"',
        "cache-control": "private, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        "content-length": "2048",
    }
    head = await owner.head(f"/v2/library/a/blobs/{digest}")
    assert (head.status_code, head.content, head.headers) == (200, b"", answer.headers)
    assert content.asked_for_push == [False, True]


async def test_blob_of_another_algorithm_keeps_its_name(owner: httpx.AsyncClient, content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB, "sha512")
    answer = await owner.get(f"/v2/library/a/blobs/{digest.replace(':', '%3A')}")
    assert answer.headers["docker-content-digest"] == digest
    assert answer.content == BLOB


async def test_empty_blob(owner: httpx.AsyncClient, content: Content) -> None:
    digest = content.keep_blob("library/a", b"")
    for method in ("GET", "HEAD"):
        answer = await owner.request(method, f"/v2/library/a/blobs/{digest}")
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "0", b"")
    ranged = await owner.get(f"/v2/library/a/blobs/{digest}", headers={"range": "bytes=0-"})
    assert (ranged.status_code, ranged.headers["content-range"]) == (416, "bytes */0")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 2048),
        ("bytes=-500", 1548, 2048),
        ("bytes=-5000", 0, 2048),
        ("bytes=2000-5000", 2000, 2048),
        ("bytes=0-0", 0, 1),
        ("bytes=2047-2047", 2047, 2048),
        ("Bytes= 1-2 ", 1, 3),
        (f"bytes=0-{10**17}", 0, 2048),
    ],
)
async def test_range(owner: httpx.AsyncClient, content: Content, asked: str, start: int, end: int) -> None:
    digest = content.keep_blob("library/a", BLOB)
    answer = await owner.get(f"/v2/library/a/blobs/{digest}", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == BLOB[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2048"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=2048-", "bytes=5000-10000", "bytes=-0"])
async def test_range_of_nothing(owner: httpx.AsyncClient, content: Content, asked: str) -> None:
    digest = content.keep_blob("library/a", BLOB)
    answer = await owner.get(f"/v2/library/a/blobs/{digest}", headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */2048"
    assert answer.json()["errors"][0]["code"] == "RANGE_INVALID"
    assert content.opened == 0


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "lines=1-2",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=--1",
        "bytes=1",
        f"bytes={'9' * 5000}-",
    ],
)
async def test_range_that_is_ignored(owner: httpx.AsyncClient, content: Content, asked: str) -> None:
    digest = content.keep_blob("library/a", BLOB)
    answer = await owner.get(f"/v2/library/a/blobs/{digest}", headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, BLOB)


async def test_head_has_no_range(owner: httpx.AsyncClient, content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB)
    answer = await owner.head(f"/v2/library/a/blobs/{digest}", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, "2048")


async def test_if_range(owner: httpx.AsyncClient, content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB)
    for known, status in ((f'"{digest}"', 206), ('"other"', 200), ("Wed, 21 Oct 2026 07:28:00 GMT", 200)):
        headers = {"range": "bytes=0-1", "if-range": known}
        assert (await owner.get(f"/v2/library/a/blobs/{digest}", headers=headers)).status_code == status


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"x", "{}"', "*", " * "])
async def test_what_is_known_is_not_sent(owner: httpx.AsyncClient, content: Content, form: str) -> None:
    digest = content.keep_blob("library/a", BLOB)
    await owner.put("/v2/library/a/manifests/1", content=MANIFEST, headers={"content-type": TYPE})
    urls = {
        f"/v2/library/a/blobs/{digest}": digest,
        "/v2/library/a/manifests/1": digest_of(MANIFEST),
        f"/v2/library/a/manifests/{digest_of(MANIFEST)}": digest_of(MANIFEST),
    }
    for url, name in urls.items():
        for method in ("GET", "HEAD"):
            answer = await owner.request(method, url, headers={"if-none-match": form.format(name)})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == f'"{name}"'
            assert "content-length" not in answer.headers
        other = await owner.get(url, headers={"if-none-match": '"sha256:0"'})
        assert other.status_code == 200


async def test_only_what_nobody_signed_in_to_get_is_public(app: OciApp, content: Content) -> None:
    digest = content.keep_blob("public/a", BLOB)
    path = f"/v2/public/a/blobs/{digest}".encode()
    anybody = await Raw(path=path).to(app)
    assert anybody.header("cache-control") == "public, max-age=31536000, immutable"
    assert anybody.header("vary") == "authorization"
    owner = await Raw(path=path, headers=[(b"authorization", b"Bearer owner")]).to(app)
    assert owner.header("cache-control") == "private, max-age=31536000, immutable"


async def test_redirect(content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB)
    app = make_app(content, redirect="https://store.test/x?signature=y")
    headers = [(b"authorization", b"Bearer owner"), (b"range", b"bytes=0-1")]
    path = f"/v2/library/a/blobs/{digest}".encode()
    answer = await Raw(path=path, headers=headers).to(app)
    assert (answer.status, answer.header("location")) == (307, "https://store.test/x?signature=y")
    assert answer.header("cache-control") == "no-store"
    head = await Raw(method="HEAD", path=path, headers=headers).to(app)
    assert (head.status, head.header("content-length")) == (200, "2048")
    assert content.opened == 0


async def test_manifest_as_it_was_pushed(owner: httpx.AsyncClient) -> None:
    sent = {"content-type": f"{TYPE} ; charset=utf-8"}
    await owner.put("/v2/library/a/manifests/1.0", content=MANIFEST, headers=sent)
    digest = digest_of(MANIFEST)
    accept = {"accept": "application/vnd.docker.distribution.manifest.v1+json"}
    for reference, kept in (("1.0", "no-cache"), (digest, "private, max-age=31536000, immutable")):
        answer = await owner.get(f"/v2/library/a/manifests/{reference}", headers=accept)
        assert (answer.status_code, answer.content) == (200, MANIFEST)
        assert dict(answer.headers) == {
            "content-type": TYPE,
            "content-length": str(len(MANIFEST)),
            "docker-content-digest": digest,
            "etag": f'"{digest}"',
            "cache-control": kept,
            "x-content-type-options": "nosniff",
        }
        head = await owner.head(f"/v2/library/a/manifests/{reference}")
        assert (head.status_code, head.content, head.headers) == (200, b"", answer.headers)


async def test_what_is_not_there(owner: httpx.AsyncClient) -> None:
    digest = digest_of(b"")
    for url, code in {
        f"/v2/library/a/blobs/{digest}": "BLOB_UNKNOWN",
        f"/v2/library/a/manifests/{digest}": "MANIFEST_UNKNOWN",
        "/v2/library/a/manifests/latest": "MANIFEST_UNKNOWN",
        "/v2/library/a/blobs/uploads/none": "BLOB_UPLOAD_UNKNOWN",
        "/v2/library/absent/tags/list": "NAME_UNKNOWN",
    }.items():
        answer = await owner.get(url)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)
        assert answer.headers["content-type"] == "application/json"


async def _tag(owner: httpx.AsyncClient, *tags: str, name: str = "library/a") -> None:
    for tag in tags:
        await owner.put(f"/v2/{name}/manifests/{tag}", content=MANIFEST, headers={"content-type": TYPE})


async def test_tags_in_pages(owner: httpx.AsyncClient) -> None:
    await _tag(owner, "b", "a", "B", "c.1", "c-2")
    whole = await owner.get("/v2/library/a/tags/list")
    assert whole.json() == {"name": "library/a", "tags": ["B", "a", "b", "c-2", "c.1"]}
    assert "link" not in whole.headers
    seen, url = [], "/v2/library/a/tags/list?n=2"
    while url:
        page = await owner.get(url)
        seen.append(page.json()["tags"])
        url = page.links["next"]["url"] if "next" in page.links else ""
    assert seen == [["B", "a"], ["b", "c-2"], ["c.1"]]
    assert (await owner.get("/v2/library/a/tags/list?last=b")).json()["tags"] == ["c-2", "c.1"]
    head = await owner.head("/v2/library/a/tags/list")
    assert (head.content, head.headers) == (b"", whole.headers)


@pytest.mark.parametrize("path", ["library/a/tags/list", "_catalog"])
async def test_page_counts(owner: httpx.AsyncClient, path: str) -> None:
    await _tag(owner, "a", "b")
    await _tag(owner, "a", name="library/b")
    field = "repositories" if path == "_catalog" else "tags"
    none = await owner.get(f"/v2/{path}?n=0")
    assert (none.status_code, none.json()[field], "link" in none.headers) == (200, [], False)
    for huge in ("10001", "9223372036854775808", "9" * 5000):
        answer = await owner.get(f"/v2/{path}?n={huge}")
        assert (answer.status_code, len(answer.json()[field])) == (200, 2)
    for wrong in ("-1", "abc", "", "1.5", "%2B1", "٣", "1&n=2"):
        answer = await owner.get(f"/v2/{path}?n={wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "PAGINATION_NUMBER_INVALID")
    for wrong in ("%00", "%C3%BC", "x" * 600):
        answer = await owner.get(f"/v2/{path}?last={wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "PAGINATION_NUMBER_INVALID")


async def test_catalog_in_pages(owner: httpx.AsyncClient) -> None:
    for name in ("library/b", "library/a", "public/c"):
        await _tag(owner, "1", name=name)
    page = await owner.get("/v2/_catalog?n=2")
    assert page.json() == {"repositories": ["library/a", "library/b"]}
    assert page.headers["link"] == '</v2/_catalog?n=2&last=library%2Fb>; rel="next"'
    assert (await owner.get(page.links["next"]["url"])).json() == {"repositories": ["public/c"]}


async def test_referrers(owner: httpx.AsyncClient, content: Content) -> None:
    kinds = ["application/x+json", "application/y", "application/x+json"]
    digests = sorted(digest_of(b"%d" % i) for i in range(3))
    content.referrers = [{"digest": d, "artifactType": k} for d, k in zip(digests, kinds, strict=True)]
    url = f"/v2/library/a/referrers/{digest_of(b'')}"
    everything = await owner.get(url)
    assert everything.headers["content-type"] == "application/vnd.oci.image.index.v1+json"
    assert everything.json() == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": content.referrers,
    }
    assert "oci-filters-applied" not in everything.headers
    for written in ("application/x+json", "application/x%2Bjson", "application%2fx%2Bjson"):
        some = await owner.get(f"{url}?artifactType={written}&n=1")
        assert [d["digest"] for d in some.json()["manifests"]] == digests[:1]
        assert some.headers["oci-filters-applied"] == "artifactType"
        rest = await owner.get(some.links["next"]["url"])
        assert [d["digest"] for d in rest.json()["manifests"]] == digests[2:]
        assert "link" not in rest.headers
    assert (await owner.get(f"{url}?n=0")).json()["manifests"] == []


async def test_referrers_of_what_is_not_there(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(f"/v2/library/absent/referrers/{digest_of(b'')}")
    assert (answer.status_code, answer.json()["manifests"]) == (200, [])
    assert (await owner.get("/v2/library/a/referrers/sha256:x")).status_code == 400
    wrong = await owner.get(f"/v2/library/a/referrers/{digest_of(b'')}?last=x")
    assert wrong.json()["errors"][0]["code"] == "DIGEST_INVALID"


async def test_download_stops_when_nobody_listens(app: OciApp, content: Content) -> None:
    """The double reads 1 KiB at a time, with the loop free to see the client go at each."""
    size = 4 * 1024 * 1024
    digest = content.keep_blob("library/a", bytes(size))
    path = f"/v2/library/a/blobs/{digest}".encode()
    request = Raw(path=path, headers=[(b"authorization", b"Bearer owner")])
    stopped = await request.to(_Yielding(app))
    assert not stopped.complete
    assert content.opened < size // 2


class _Yielding:
    """A server whose `send` lets other tasks run, as one does that waits for a socket."""

    def __init__(self, app: OciApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def slowly(message: Any) -> None:
            await asyncio.sleep(0)
            await send(message)

        await self._app(scope, receive, slowly)


async def test_failure_in_the_middle_breaks_the_answer_off(app: OciApp, content: Content) -> None:
    digest = content.keep_blob("library/a", BLOB)

    class Breaking(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: object) -> bytes:
            return BLOB[:1500]

    content.blobs = Breaking(content.blobs)
    request = Raw(path=f"/v2/library/a/blobs/{digest}".encode(), headers=[(b"authorization", b"Bearer owner")])
    with pytest.raises(ObjectMissing):
        await request.to(app)
    assert content.suspected == [Digest.parse(digest)]


async def test_state_tells_route_and_principal(app: OciApp, content: Content) -> None:
    digest = Digest.of(b"").__str__()
    for path, headers, expected in (
        (b"/v2/", OWNER, ("base", "owner")),
        (b"/v2/_catalog", OWNER, ("catalog", "owner")),
        (b"/v2/library/a/tags/list", READER, ("tags_get", "reader")),
        (b"/v2/library/a/manifests/1", NARROW, ("manifest_get", "narrow")),
        (f"/v2/elsewhere/a/blobs/{digest}".encode(), READER, ("blob_get", "reader")),
        (b"/v2/public/a/manifests/1", {}, ("manifest_get", "anonymous")),
    ):
        request = Raw(path=path, headers=[(k.encode(), v.encode()) for k, v in headers.items()])
        await request.to(app)
        assert (request.state["route"], request.state["principal"]) == expected
