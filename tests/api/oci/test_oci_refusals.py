"""Refusals: to strangers, of paths in disguise, of hostile requests; and what a failure looks like."""

import json
from collections.abc import Iterator, MutableMapping
from typing import Any

import oci_doubles
import pytest
import structlog
from oci_doubles import Answer, Content, Raw, digest_of

from entrepot.api.oci.app import OciApp
from entrepot.api.oci.errors import TABLE, status_and_code
from entrepot.model import errors

DIGEST = digest_of(b"")
OWNER = (b"authorization", b"Bearer owner")
READER = (b"authorization", b"Bearer reader")
NARROW = (b"authorization", b"Bearer narrow")

ROUTES = [
    ("GET", "/v2/{}/tags/list", "pull"),
    ("HEAD", "/v2/{}/tags/list", "pull"),
    ("GET", "/v2/{}/manifests/latest", "pull"),
    ("HEAD", "/v2/{}/manifests/latest", "pull"),
    ("PUT", "/v2/{}/manifests/latest", "pull,push"),
    ("DELETE", "/v2/{}/manifests/latest", "delete"),
    ("GET", "/v2/{}/manifests/not:a-digest", "pull"),
    ("PUT", "/v2/{}/manifests/-not-a-tag", "pull,push"),
    ("GET", "/v2/{}/referrers/" + DIGEST, "pull"),
    ("HEAD", "/v2/{}/referrers/not-a-digest", "pull"),
    ("GET", "/v2/{}/blobs/" + DIGEST, "pull"),
    ("HEAD", "/v2/{}/blobs/not-a-digest", "pull"),
    ("DELETE", "/v2/{}/blobs/" + DIGEST, "delete"),
    ("POST", "/v2/{}/blobs/uploads/", "pull,push"),
    ("GET", "/v2/{}/blobs/uploads/some-id", "pull,push"),
    ("HEAD", "/v2/{}/blobs/uploads/some-id", "pull,push"),
    ("PATCH", "/v2/{}/blobs/uploads/some-id", "pull,push"),
    ("PUT", "/v2/{}/blobs/uploads/some-id", "pull,push"),
    ("DELETE", "/v2/{}/blobs/uploads/some-id", "pull,push"),
]


@pytest.fixture
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def _challenge(answer: Answer) -> str:
    return answer.header("www-authenticate") or ""


def _code(answer: Answer) -> str:
    return str(json.loads(answer.body)["errors"][0]["code"])


@pytest.mark.parametrize(("method", "path", "actions"), ROUTES)
async def test_stranger_is_challenged_alike_wherever(app: OciApp, method: str, path: str, actions: str) -> None:
    """Whether project, repository and content exist makes no difference, nor whether the rest is well written."""
    answers = []
    for name in ("library/a", "elsewhere/a"):
        answer = await Raw(method=method, path=path.format(name).encode(), query=b"n=x&digest=x").to(app)
        assert answer.status == 401
        assert _challenge(answer) == (
            f'Bearer realm="http://registry.test/service/token",service="entrepot",scope="repository:{name}:{actions}"'
        )
        answers.append(answer.body)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("method", "path", "actions"), ROUTES)
async def test_token_for_something_else(app: OciApp, method: str, path: str, actions: str) -> None:
    answer = await Raw(method=method, path=path.format("library/a").encode(), headers=[NARROW]).to(app)
    assert answer.status == 401
    assert _challenge(answer).endswith(f'scope="repository:library/a:{actions}",error="insufficient_scope"')


@pytest.mark.parametrize(("method", "path", "actions"), ROUTES)
async def test_known_person_who_may_not(app: OciApp, method: str, path: str, actions: str) -> None:
    answer = await Raw(method=method, path=path.format("elsewhere/a").encode(), headers=[READER]).to(app)
    assert answer.status == 403
    assert answer.header("www-authenticate") is None
    if actions != "pull":
        there = await Raw(method=method, path=path.format("library/a").encode(), headers=[READER]).to(app)
        assert (there.status, there.body) == (403, answer.body)


async def test_catalog(app: OciApp) -> None:
    stranger = await Raw(path=b"/v2/_catalog").to(app)
    assert stranger.status == 401
    assert _challenge(stranger).endswith('scope="registry:catalog:*"')
    narrow = await Raw(path=b"/v2/_catalog", headers=[NARROW]).to(app)
    assert _challenge(narrow).endswith('scope="registry:catalog:*",error="insufficient_scope"')


async def test_wrong_credentials(app: OciApp) -> None:
    for path in (b"/v2/", b"/v2/public/a/tags/list"):
        wrong = await Raw(path=path, headers=[(b"authorization", b"Bearer stale")]).to(app)
        assert wrong.status == 401
        assert _challenge(wrong).endswith('error="invalid_token"')
        for text in (b"", b"Basic", b"Basic \xff\xfe", b"\x00", b"Digest x", b"Bearer " + b"x" * 100_000):
            answer = await Raw(path=path, headers=[(b"authorization", text)]).to(app)
            assert answer.status == 401
        flood = await Raw(path=path, headers=[(b"authorization", b"Basic flood")]).to(app)
        assert (flood.status, flood.header("retry-after"), _code(flood)) == (429, "17", "TOOMANYREQUESTS")


async def test_realm_by_setting_or_by_host(content: Content, app: OciApp) -> None:
    for host in (b"registry.test:5000", b"192.0.2.1", b"[2001:db8::1]:443", b"a_b-c.test"):
        answer = await Raw(host=host).to(app)
        assert f'realm="http://{host.decode()}/service/token"' in _challenge(answer)
    without = await Raw(host=None).to(app)
    assert 'realm="http://192.0.2.1:80/service/token"' in _challenge(without)
    public = oci_doubles.make_app(content, public_url="https://hub.test/")
    answer = await Raw(host=b'evil"host').to(public)
    assert 'realm="https://hub.test/service/token"' in _challenge(answer)


@pytest.mark.parametrize("host", [b"", b'a"b', b"a b", b"a/b", b"a\xffb", b"a,b", b"a@b", b"x" * 256, b"a\x00"])
async def test_host_that_is_none(app: OciApp, host: bytes) -> None:
    answer = await Raw(host=host).to(app)
    assert answer.status == 400
    assert answer.header("www-authenticate") is None


async def test_two_hosts(app: OciApp) -> None:
    assert (await Raw(headers=[(b"host", b"other.test")]).to(app)).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v2", "/v2//", "/v2/./", "/V2/", "//v2/", "/v2/;", "/v2/?", "/v2/_catalog/", "/v2//_catalog", "/v2/./_catalog",
        "/v2/_catalog;x", "/v2/_Catalog", "/v2/%5Fcatalog", "/v2/_catalog%00", "/v2/_catalog%2f", "/v2/x/../_catalog",
        "/v2/library%2Fa/tags/list",
        "/v2/library/a%2Ftags/list", "/v2/library/a/tags%2Flist", "/v2/library/a/tags/list/",
        "/v2/library/a//tags/list", "/v2/library//a/tags/list", "/v2//library/a/tags/list", "/v2/library/a/tags/list;x",
        "/v2/library/a;x/tags/list", "/v2/library/./a/tags/list", "/v2/library/b/../a/tags/list",
        "/v2/library/a/manifests/../tags/list", "/v2/library/%61/tags/list", "/v2/library/a/%74ags/list",
        "/v2/library/a/manifests/1/", "/v2/library/a/manifests/%31", "/v2/library/a/manifests/%2531",
        "/v2/library/a/manifests/1%00", "/v2/library/a/manifests/..%2f..%2f_catalog", "/v2/library/a/manifests/%",
        "/v2/library/a/manifests/%zz", "/v2/library/a/manifests/%C0%AE", "/v2/library/a/manifests/\u00e9",
        "/v2/library/a/manifests/1\n", "/v2/library/a\n/manifests/1", "/v2/LIBRARY/a/manifests/1",
        "/v2/library/a/blobs/uploads", "/v2/library/a/blobs/uploads//", "/v2/library/a/blobs//uploads/",
        "/v2/library/a/blobs/uploads/x/", "/v2/library/a/blobs/uploads/x/y", "/v2/library/a/blobs/uploads/%2e%2e",
        "/v2/library/a/blobs/", "/v2/library/a/blobs/sha256", "/v2/a/tags/list", "/v2/tags/list", "/v2/blobs/uploads/",
        "/v2/library/a/referrers/",
        "/v2/library/a/unknown/x", "/v2/library/a", "/v2/library", "/", "", "/v2/\\", "\\v2\\",
        "/v2/" + "a/" * 5000 + "tags/list", "/v2/library/" + "a" * 10_000 + "/tags/list", "/v2/" + "%41" * 30_000,
        "/v2/library/a/manifests/" + "a" * 10_000, "/v2/library/a/manifests/" + "%3a" * 10_000,
        "/v2/library/a/blobs/sha256:" + "a" * 65, "/v2/library/a/blobs/SHA256:" + "a" * 64,
        "/v2/library/a/blobs/sha256:" + "A" * 64, "/v2/library/a/blobs/sha256%3A%61" + "a" * 63,
    ],
)  # fmt: skip
async def test_path_has_one_spelling(app: OciApp, content: Content, path: str) -> None:
    content.keep_blob("library/a", b"")
    await Raw(method="PUT", path=b"/v2/library/a/manifests/1", headers=[OWNER]).to(app)
    for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
        answer = await Raw(method=method, path=path.encode(), headers=[OWNER]).to(app)
        assert answer.status in (400, 404, 405), (method, answer.status)
        if method == "GET":
            assert answer.status in (400, 404)
    assert content.tags


async def test_name_is_checked_before_anything_else(app: OciApp) -> None:
    for path in (b"/v2/library//a/tags/list", b"/v2/UPPER/a/manifests/1", b"/v2/single/manifests/1"):
        answer = await Raw(path=path).to(app)
        assert (answer.status, _code(answer)) == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    "name",
    [
        "library/blobs/uploads", "library/manifests", "library/tags", "library/tags/list", "library/blobs",
        "library/referrers", "library/a/manifests/latest", "manifests/manifests", "blobs/uploads", "v2/_catalog",
    ],
)  # fmt: skip
async def test_words_of_the_api_may_be_names(app: OciApp, name: str) -> None:
    if "_" in name:
        answer = await Raw(path=f"/v2/{name}/tags/list".encode()).to(app)
        assert (answer.status, _code(answer)) == (400, "NAME_INVALID")
        return
    for method, path, actions in ROUTES:
        answer = await Raw(method=method, path=path.format(name).encode()).to(app)
        assert answer.status == 401
        assert f'scope="repository:{name}:{actions}"' in _challenge(answer)


async def test_server_that_gives_no_raw_path(app: OciApp) -> None:
    async def without(scope: Any, receive: Any, send: Any) -> None:
        del scope["raw_path"]
        await app(scope, receive, send)

    assert (await Raw(path=b"/v2/library/a/tags/list", headers=[OWNER]).to(without)).status == 200
    for path in (b"/v2/library/a%2Ftags/list", b"/v2/library/a/manifests/\xff", "/v2/library/é/tags/list".encode()):
        answer = await Raw(path=path, headers=[OWNER]).to(without)
        assert (answer.status, _code(answer)) == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v2/", "GET, HEAD"),
        ("/v2/_catalog", "GET, HEAD"),
        ("/v2/library/a/tags/list", "GET, HEAD"),
        (f"/v2/library/a/referrers/{DIGEST}", "GET, HEAD"),
        ("/v2/library/a/manifests/1", "GET, HEAD, PUT, DELETE"),
        (f"/v2/library/a/blobs/{DIGEST}", "GET, HEAD, DELETE"),
        ("/v2/library/a/blobs/uploads/", "POST"),
        ("/v2/library/a/blobs/uploads/id", "GET, HEAD, PATCH, PUT, DELETE"),
    ],
)
async def test_wrong_method(app: OciApp, path: str, allowed: str) -> None:
    for method in {"OPTIONS", "TRACE", "BREW", "get", "POST", "PUT", "GET"} - set(allowed.split(", ")):
        answer = await Raw(method=method, path=path.encode()).to(app)
        assert (answer.status, answer.header("allow"), _code(answer)) == (405, allowed, "UNSUPPORTED")


@pytest.mark.parametrize(
    "query",
    [b"n=" + b"9" * 100_000, b"&" * 100_000, b"a" * 100_000, b"%", b"last=%zz", b"last=%ff", b"n=1&n=2", b"=", b"&&&",
     b"\x00", b"\xff\xff", b"n=%00", b"artifactType=%ff", b"digest=%00", b"tag=%0a", b"mount=&from=", b"last=\r\nx: y"],
)  # fmt: skip
async def test_hostile_query(app: OciApp, query: bytes) -> None:
    for method, path, _ in ROUTES:
        answer = await Raw(method=method, path=path.format("library/a").encode(), query=query, headers=[OWNER]).to(app)
        assert 200 <= answer.status < 500


@pytest.mark.parametrize(
    "header",
    [
        (b"content-length", b"-1"), (b"content-length", b"abc"), (b"content-length", b"9" * 5000),
        (b"content-length", b""),
        (b"content-length", b"99999999999999999"), (b"content-length", b"1e3"), (b"content-length", b"\xb2"),
        (b"content-range", b"\xff-\xfe"), (b"content-range", b"0-" + b"9" * 5000), (b"content-range", b"-1--1"),
        (b"range", b"bytes=\xb2-"), (b"range", b"bytes=" + b"1-2," * 20_000), (b"range", b"bytes=-" + b"9" * 5000),
        (b"if-none-match", b"\xff" * 10_000), (b"if-range", b"\x00"), (b"content-type", b"\xff\xfe"),
        (b"content-type", b";" * 10_000), (b"expect", b"nonsense"), (b"transfer-encoding", b"nonsense"),
        (b"accept", b"\xff"), (b"", b""),
    ],
)  # fmt: skip
async def test_hostile_header(app: OciApp, content: Content, header: tuple[bytes, bytes]) -> None:
    content.keep_blob("library/a", b"")
    content.uploads["some-id"] = bytearray()
    for method, path, _ in ROUTES:
        content.uploads.setdefault("some-id", bytearray())
        query = f"digest={DIGEST}".encode() if "uploads" in path else b""
        raw = Raw(method=method, path=path.format("library/a").encode(), query=query, headers=[OWNER, header])
        answer = await raw.to(app)
        assert 200 <= answer.status < 500, (method, path, answer.body)


async def test_unwanted_content_is_read_only_so_far(app: OciApp) -> None:
    piece = bytes(64 * 1024)
    path = b"/v2/library/a/manifests/1"
    chunked = (b"transfer-encoding", b"chunked")
    short = Raw(method="PUT", path=path, headers=[chunked], body=[piece] * 4)
    answer = await short.to(app)
    assert (answer.status, answer.header("connection"), short.pulled) == (401, None, 4)
    long = Raw(method="PUT", path=path, headers=[chunked], body=[piece] * 1000)
    answer = await long.to(app)
    assert (answer.status, answer.header("connection"), answer.complete) == (401, "close", True)
    assert 100 < long.pulled < 160
    announced = Raw(method="PUT", path=path, headers=[(b"content-length", b"65536000")], body=[piece] * 1000)
    answer = await announced.to(app)
    assert (answer.status, answer.header("connection"), answer.complete) == (401, "close", True)
    assert announced.pulled < 140


async def test_client_that_leaves_while_being_refused(app: OciApp, log: list[MutableMapping[str, Any]]) -> None:
    headers = [(b"transfer-encoding", b"chunked")]
    gone = await Raw(method="PUT", path=b"/v2/library/a/manifests/1", headers=headers, cut=True).to(app)
    assert gone.status == 0
    assert [line["log_level"] for line in log] == ["info"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.StorageFull("full"), 507, "UNAVAILABLE"),
        (errors.StorageFailed("broken"), 503, "UNAVAILABLE"),
        (errors.DatabaseFailed("away"), 503, "UNAVAILABLE"),
        (errors.ObjectMissing("lost"), 500, "UNKNOWN"),
        (errors.InUse("used"), 409, "DENIED"),
        (ValueError("a secret"), 500, "UNKNOWN"),
        (OSError("a secret"), 500, "UNKNOWN"),
    ],
)
async def test_failures(
    app: OciApp, content: Content, log: list[MutableMapping[str, Any]], error: Exception, status: int, code: str
) -> None:
    content.broken = error
    answer = await Raw(path=b"/v2/library/a/manifests/1", headers=[OWNER]).to(app)
    assert (answer.status, _code(answer)) == (status, code)
    assert b"secret" not in answer.body
    assert answer.header("retry-after") == ("1" if status == 503 else None)
    assert len(log) == (1 if status >= 500 else 0)
    if isinstance(error, errors.ObjectMissing):
        assert log[0]["log_level"] == "critical"
    if not isinstance(error, errors.EntrepotError):
        request_id = answer.header("x-request-id")
        assert request_id
        assert log[0]["request_id"] == request_id
        assert request_id.encode() in answer.body
    head = await Raw(method="HEAD", path=b"/v2/library/a/manifests/1", headers=[OWNER]).to(app)
    assert (head.status, head.body) == (status, b"")


async def test_failure_is_told_under_the_servers_request_id(
    app: OciApp, content: Content, log: list[MutableMapping[str, Any]]
) -> None:
    content.broken = RuntimeError("broken")
    state = {"request_id": "given"}
    answer = await Raw(path=b"/v2/library/a/manifests/1", headers=[OWNER], state=state).to(app)
    assert (answer.header("x-request-id"), log[0]["request_id"]) == (None, "given")


def test_every_error_has_a_row() -> None:
    def below(kind: type[errors.EntrepotError]) -> Iterator[type[errors.EntrepotError]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    elsewhere = {errors.BodyCut, errors.UserUnknown}
    assert set(below(errors.EntrepotError)) - set(TABLE) <= elsewhere
    assert status_and_code(errors.UserUnknown("x")) == (404, "NAME_UNKNOWN")
