"""What pushing clients see: uploads in their several forms, mounts, manifests, deletes."""

from collections.abc import AsyncIterator

import httpx
import pytest
from oci_doubles import NARROW, OWNER, Content, Raw, digest_of, make_app

from entrepot.api.oci.app import OciApp
from entrepot.model.errors import ManifestReferencesUnknown
from entrepot.model.manifest import LARGEST_MANIFEST

CONTENT = b"layer" * 100
DIGEST = digest_of(CONTENT)
TYPE = "application/vnd.oci.image.manifest.v1+json"
UPLOADS = "/v2/library/a/blobs/uploads/"


async def _begin(owner: httpx.AsyncClient) -> str:
    answer = await owner.post(UPLOADS, headers={"content-length": "0"})
    assert answer.status_code == 202
    assert answer.headers["content-length"] == "0"
    assert answer.headers["range"] == "0-0"
    location: str = answer.headers["location"]
    assert location == UPLOADS + answer.headers["docker-upload-uuid"]
    return location


def _is_there(answer: httpx.Response, content: Content, digest: str = DIGEST) -> None:
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v2/library/a/blobs/{digest}"
    assert answer.headers["docker-content-digest"] == digest
    assert answer.headers["content-length"] == "0"
    assert ("library/a", digest) in {(name, str(held)) for name, held in content.blobs}


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_upload_in_one_put(owner: httpx.AsyncClient, content: Content) -> None:
    location = await _begin(owner)
    _is_there(await owner.put(f"{location}?digest={DIGEST.replace(':', '%3A')}", content=CONTENT), content)


async def test_upload_as_a_stream(owner: httpx.AsyncClient, content: Content) -> None:
    location = await _begin(owner)
    patched = await owner.patch(location, content=_pieces(CONTENT[:7], b"", CONTENT[7:]))
    assert (patched.status_code, patched.headers["range"]) == (202, "0-499")
    assert patched.headers["location"] == location
    _is_there(await owner.put(location, params={"digest": DIGEST}), content)


async def test_upload_in_chunks_with_the_last_in_the_put(owner: httpx.AsyncClient, content: Content) -> None:
    location = await _begin(owner)
    for start, form in ((0, "{}-{}"), (100, "bytes {}-{}/500"), (200, "bytes={}-{}/*")):
        header = {"content-range": form.format(start, start + 99)}
        answer = await owner.patch(location, content=CONTENT[start : start + 100], headers=header)
        assert (answer.status_code, answer.headers["range"]) == (202, f"0-{start + 99}")
    last = {"content-range": "300-499"}
    _is_there(await owner.put(f"{location}?digest={DIGEST}", content=CONTENT[300:], headers=last), content)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_chunk_out_of_order(owner: httpx.AsyncClient, method: str) -> None:
    location = await _begin(owner)
    await owner.patch(location, content=CONTENT[:100], headers={"content-range": "0-99"})
    for start in (0, 99, 101):
        header = {"content-range": f"{start}-{start + 9}"}
        answer = await owner.request(method, f"{location}?digest={DIGEST}", content=bytes(10), headers=header)
        assert answer.status_code == 416
        assert answer.headers["range"] == "0-99"
        assert answer.headers["location"] == location
        assert answer.json()["errors"][0]["code"] == "RANGE_INVALID"
    status = await owner.get(f"{location}?digest={DIGEST}")
    assert (status.status_code, status.headers["range"], status.headers["location"]) == (204, "0-99", location)
    assert "content-length" not in status.headers


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("abc", "BLOB_UPLOAD_INVALID"),
        ("5-3", "BLOB_UPLOAD_INVALID"),
        ("-5", "BLOB_UPLOAD_INVALID"),
        ("0-", "BLOB_UPLOAD_INVALID"),
        ("0-9,20-29", "BLOB_UPLOAD_INVALID"),
        (f"0-{'9' * 400}", "BLOB_UPLOAD_INVALID"),
        ("", "BLOB_UPLOAD_INVALID"),
        ("0-8", "SIZE_INVALID"),
        ("0-10", "SIZE_INVALID"),
    ],
)
async def test_bad_content_range(owner: httpx.AsyncClient, header: str, code: str) -> None:
    location = await _begin(owner)
    answer = await owner.patch(location, content=bytes(10), headers={"content-range": header})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


async def test_empty_chunk_at_the_end(owner: httpx.AsyncClient) -> None:
    location = await _begin(owner)
    await owner.patch(location, content=bytes(10))
    answer = await owner.patch(location, content=b"", headers={"content-range": "10-9"})
    assert (answer.status_code, answer.headers["range"]) == (202, "0-9")


async def test_closing_put_without_content_has_no_range(owner: httpx.AsyncClient, content: Content) -> None:
    location = await _begin(owner)
    await owner.patch(location, content=CONTENT)
    left_over = {"content-range": "0-499", "content-length": "0"}
    _is_there(await owner.put(f"{location}?digest={DIGEST}", headers=left_over), content)


@pytest.mark.parametrize(
    "query", ["", "?digest=", "?digest=sha256:abc", "?digest=md5:00", f"?digest={DIGEST}&digest=x"]
)
async def test_closing_put_with_a_bad_digest(owner: httpx.AsyncClient, query: str) -> None:
    location = await _begin(owner)
    answer = await owner.put(location + query, content=CONTENT)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


async def test_other_content_than_the_digest(owner: httpx.AsyncClient) -> None:
    location = await _begin(owner)
    answer = await owner.put(f"{location}?digest={DIGEST}", content=CONTENT + b"more")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    answer = await owner.post(f"{UPLOADS}?digest={DIGEST}", content=CONTENT + b"more")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


async def test_upload_in_one_post(owner: httpx.AsyncClient, content: Content) -> None:
    _is_there(await owner.post(f"{UPLOADS}?digest={DIGEST}", content=CONTENT), content)
    _is_there(await owner.post(f"{UPLOADS}?digest={DIGEST}", content=_pieces(CONTENT[:9], CONTENT[9:])), content)
    _is_there(await owner.post(f"{UPLOADS}?digest={digest_of(b'')}"), content, digest_of(b""))


async def test_algorithm_may_be_announced(owner: httpx.AsyncClient) -> None:
    assert (await owner.post(f"{UPLOADS}?digest-algorithm=sha512")).status_code == 202


async def test_cancel(owner: httpx.AsyncClient) -> None:
    location = await _begin(owner)
    assert (await owner.delete(location)).status_code == 204
    assert (await owner.get(location)).status_code == 404
    assert (await owner.delete(location)).status_code == 404


@pytest.mark.parametrize("upload_id", ["x" * 129, "a.b", "a%20b", "é", "%C3%A9"])
async def test_upload_id_that_never_was(app: OciApp, upload_id: str) -> None:
    path = f"{UPLOADS}{upload_id}".encode()
    answer = await Raw(path=path, headers=[(b"authorization", b"Bearer owner")]).to(app)
    assert answer.status in (400, 404)


@pytest.mark.parametrize("source", ["library/b", "library/a", "public/b"])
async def test_mount(owner: httpx.AsyncClient, content: Content, source: str) -> None:
    content.keep_blob(source, CONTENT)
    _is_there(await owner.post(f"{UPLOADS}?mount={DIGEST}&from={source.replace('/', '%2F')}"), content)


async def test_mount_from_anywhere(owner: httpx.AsyncClient, content: Content) -> None:
    content.keep_blob("library/b", CONTENT)
    _is_there(await owner.post(f"{UPLOADS}?mount={DIGEST}"), content)


@pytest.mark.parametrize("source", ["library/b", "Not/A/Name", "", "noproject", "elsewhere/secret", "x" * 300, "%00"])
async def test_mount_that_cannot_be_becomes_an_upload(owner: httpx.AsyncClient, content: Content, source: str) -> None:
    content.keep_blob("elsewhere/secret", CONTENT)
    answer = await owner.post(f"{UPLOADS}?mount={DIGEST}&from={source}")
    assert answer.status_code == 202
    assert answer.headers["location"].startswith(UPLOADS)
    put = await owner.put(f"{answer.headers['location']}?digest={DIGEST}", content=CONTENT)
    assert put.status_code == 201


async def test_mount_with_a_token_for_the_target_alone(app: OciApp, content: Content) -> None:
    for source in ("library/b", "public/b"):
        content.keep_blob(source, CONTENT)
    headers = [(k.encode(), v.encode()) for k, v in NARROW.items()]
    path = b"/v2/library/narrow/blobs/uploads/"
    query = f"mount={DIGEST}&from=".encode()
    private = await Raw(method="POST", path=path, query=query + b"library/b", headers=headers).to(app)
    assert private.status == 401
    assert private.header("www-authenticate") == (
        'Bearer realm="http://registry.test/service/token",service="entrepot",'
        'scope="repository:library/narrow:pull,push repository:library/b:pull",error="insufficient_scope"'
    )
    public = await Raw(method="POST", path=path, query=query + b"public/b", headers=headers).to(app)
    assert public.status == 201


async def test_mount_of_no_digest(owner: httpx.AsyncClient) -> None:
    answer = await owner.post(f"{UPLOADS}?mount=x&from=library/b")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


async def test_manifest_put(owner: httpx.AsyncClient) -> None:
    body = b'{"subject": 1}'
    for reference in ("1.0", digest_of(body)):
        answer = await owner.put(f"/v2/library/a/manifests/{reference}", content=_pieces(body[:3], body[3:]))
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/v2/library/a/manifests/{digest_of(body)}"
        assert answer.headers["docker-content-digest"] == digest_of(body)
        assert answer.headers["oci-subject"] == digest_of(b"subject")
        assert "oci-tag" not in answer.headers
    plain = await owner.put("/v2/library/a/manifests/2.0", content=b"{}")
    assert "oci-subject" not in plain.headers


async def test_manifest_put_with_tags(owner: httpx.AsyncClient) -> None:
    url = f"/v2/library/a/manifests/{digest_of(b'{}')}"
    answer = await owner.put(f"{url}?tag=a&tag=b&tag=a", content=b"{}")
    assert answer.status_code == 201
    assert answer.headers.get_list("oci-tag") == ["a", "b"]
    assert (await owner.get("/v2/library/a/tags/list")).json()["tags"] == ["a", "b"]
    for wrong_url, status in (
        (f"{url}?tag=-no", 400),
        (f"{url}?tag=", 400),
        ("/v2/library/a/manifests/1?tag=a", 400),
        (url + "?" + "&".join(f"tag=t{i}" for i in range(101)), 414),
        (url + "?" + "&".join(f"tag=t{i}" for i in range(200)), 414),
    ):
        answer = await owner.put(wrong_url, content=b"{}")
        assert answer.status_code == status


async def test_manifest_of_the_largest_size(owner: httpx.AsyncClient, content: Content) -> None:
    body = bytes(LARGEST_MANIFEST)
    assert (await owner.put("/v2/library/a/manifests/1", content=body)).status_code == 201
    assert (await owner.put("/v2/library/a/manifests/1", content=_pieces(body))).status_code == 201
    assert (await owner.put("/v2/library/a/manifests/2", content=_pieces(body, b"x"))).status_code == 413
    answer = await owner.put("/v2/library/a/manifests/2", content=body + b"x")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "MANIFEST_INVALID")
    assert "4 MiB" in answer.json()["errors"][0]["message"]
    assert ("library/a", "2") not in content.tags


async def test_manifest_announced_too_large_is_not_waited_for(app: OciApp) -> None:
    """One that waits for `100 Continue` is told before it sends anything, and the connection ends."""
    headers = [
        (b"authorization", b"Bearer owner"),
        (b"content-length", b"%d" % (LARGEST_MANIFEST + 1)),
        (b"expect", b"100-continue"),
    ]
    request = Raw(method="PUT", path=b"/v2/library/a/manifests/1", headers=headers)
    answer = await request.to(app)
    assert (answer.status, answer.header("connection"), answer.complete) == (413, "close", True)
    assert request.pulled == 0


async def test_manifest_by_the_wrong_digest(owner: httpx.AsyncClient) -> None:
    for digest in (digest_of(b""), "sha256:baddigeststring"):
        answer = await owner.put(f"/v2/library/a/manifests/{digest}", content=b"{}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


async def test_manifest_that_lacks_things_names_each(owner: httpx.AsyncClient, content: Content) -> None:
    content.broken = ManifestReferencesUnknown(["sha256:a", "sha256:b"], ["sha256:c"])
    answer = await owner.put("/v2/library/a/manifests/1", content=b"{}")
    assert answer.status_code == 400
    assert [(entry["code"], entry["detail"]) for entry in answer.json()["errors"]] == [
        ("MANIFEST_BLOB_UNKNOWN", {"digest": "sha256:a"}),
        ("MANIFEST_BLOB_UNKNOWN", {"digest": "sha256:b"}),
        ("MANIFEST_UNKNOWN", {"digest": "sha256:c"}),
    ]


async def test_delete(owner: httpx.AsyncClient, content: Content) -> None:
    content.keep_blob("library/a", CONTENT)
    await owner.put("/v2/library/a/manifests/1", content=b"{}")
    for url in (
        "/v2/library/a/manifests/1",
        f"/v2/library/a/manifests/{digest_of(b'{}')}",
        f"/v2/library/a/blobs/{DIGEST}",
    ):
        gone = await owner.delete(url)
        assert (gone.status_code, gone.headers["content-length"]) == (202, "0")
        assert (await owner.head(url)).status_code == 404
        assert (await owner.delete(url)).status_code == 404


@pytest.mark.parametrize("cut", [True, False])
async def test_client_that_goes_away_gets_no_answer(content: Content, cut: bool) -> None:
    app = make_app(content)
    headers = [(k.encode(), v.encode()) for k, v in OWNER.items()]
    await Raw(method="POST", path=UPLOADS.encode(), headers=headers).to(app)
    path = f"{UPLOADS}upload-0".encode()
    request = Raw(method="PATCH", path=path, headers=headers, body=[b"abc", b"def"], cut=cut)
    answer = await request.to(app)
    assert answer.status == (0 if cut else 202)
    assert content.uploads["upload-0"] == b"abcdef"
