"""The wire format over the real rooms: access, operations, SQLite and memory storage."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from oci_doubles import Raw, digest_of

from entrepot.access.first_start import first_start
from entrepot.access.gate import Gate
from entrepot.access.keys import Keys
from entrepot.access.passwords import Cost, Passwords
from entrepot.access.tokens import Tokens
from entrepot.api.oci.app import OciApp
from entrepot.db import members, projects, users
from entrepot.db.contract import Transaction
from entrepot.db.open import open_database
from entrepot.model.digest import Digest
from entrepot.model.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.model.project import Action, Role
from entrepot.model.reference import RepositoryName
from entrepot.registry.blobs import Blobs
from entrepot.registry.catalog import Catalog
from entrepot.registry.configuration import Configuration
from entrepot.registry.manifests import Manifests
from entrepot.registry.pulls import Pulls
from entrepot.registry.rules import Rules
from entrepot.registry.tags import Tags
from entrepot.registry.uploads import Uploads
from entrepot.storage.memory import MemoryStorage

CHEAP = Cost(passes=1, memory=64)
PASSWORD = "Correct-Horse-7"
EMPTY = b"{}"
LAYER = bytes(range(256)) * 5000

Client = Callable[[str | None], httpx.AsyncClient]


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[Client]:
    """Clients by user name, over one registry.

    There is an administrator, a public project `library` and a private one `team` of which dev is a developer, and
    guest a guest; other belongs to nothing.
    """
    db = open_database("", tmp_path)
    await first_start(db, PASSWORD, tmp_path, CHEAP)
    passwords = Passwords(CHEAP)
    password_hash = await passwords.hash(PASSWORD)

    def settle(tx: Transaction) -> None:
        team = projects.insert(tx, "team", False, None, 0, "")
        assert team is not None
        for name, role in (("dev", Role.DEVELOPER), ("guest", Role.GUEST), ("other", None)):
            user = users.insert(tx, name, password_hash, False)
            assert user is not None
            if role is not None:
                members.insert(tx, team.id, user.id, role)

    await db.write(settle)
    tokens = Tokens(Keys(db))
    gate = Gate(db, passwords, tokens)
    storage, rules = MemoryStorage(), Rules()
    blobs, uploads = Blobs(db, storage, rules), Uploads(db, storage, rules)
    app = OciApp(
        gate, blobs, uploads, Manifests(db, storage, rules, Pulls(db)), Tags(db), Catalog(db), Configuration(db), ""
    )
    async with AsyncExitStack() as stack:

        def client(name: str | None) -> httpx.AsyncClient:
            made = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://registry.test")
            if name is not None:
                made.headers["authorization"] = "Basic " + base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
            stack.push_async_callback(made.aclose)
            made.gate, made.tokens, made.app = gate, tokens, app  # type: ignore[attr-defined]
            return made

        yield client
    await passwords.close()
    await db.close()


async def _push_blob(client: httpx.AsyncClient, name: str, content: bytes, algorithm: str = "sha256") -> str:
    digest = str(Digest.of(content, algorithm))
    begun = await client.post(f"/v2/{name}/blobs/uploads/")
    assert begun.status_code == 202, begun.text
    location = begun.headers["location"]
    half = len(content) // 2
    for start, end in ((0, half), (half, len(content))):
        if start < end:
            header = {"content-range": f"{start}-{end - 1}"}
            patched = await client.patch(location, content=content[start:end], headers=header)
            assert (patched.status_code, patched.headers["range"]) == (202, f"0-{end - 1}")
            location = patched.headers["location"]
    done = await client.put(location, params={"digest": digest})
    assert done.status_code == 201, done.text
    return digest


def _descriptor(content: bytes, media_type: str, algorithm: str = "sha256") -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(Digest.of(content, algorithm)), "size": len(content)}


def _image(layer: bytes, **more: object) -> bytes:
    image = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(EMPTY, "application/vnd.oci.image.config.v1+json"),
        "layers": [_descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
    }
    return json.dumps({**image, **more}).encode()


async def _push_manifest(
    client: httpx.AsyncClient, name: str, reference: str, body: bytes, kind: str = OCI_MANIFEST
) -> httpx.Response:
    return await client.put(f"/v2/{name}/manifests/{reference}", content=body, headers={"content-type": kind})


async def test_push_and_pull(people: Client) -> None:
    admin, anybody = people("admin"), people(None)
    for content in (LAYER, EMPTY):
        await _push_blob(admin, "library/app", content)
    image = _image(LAYER)
    pushed = await _push_manifest(admin, "library/app", "1.0", image)
    assert (pushed.status_code, pushed.headers["docker-content-digest"]) == (201, digest_of(image))
    pulled = await anybody.get("/v2/library/app/manifests/1.0")
    assert (pulled.content, pulled.headers["content-type"]) == (image, OCI_MANIFEST)
    for entry in [pulled.json()["config"], *pulled.json()["layers"]]:
        blob = await anybody.get(f"/v2/library/app/blobs/{entry['digest']}")
        assert digest_of(blob.content) == entry["digest"]
        assert len(blob.content) == entry["size"]
    rest = await anybody.get(f"/v2/library/app/blobs/{digest_of(LAYER)}", headers={"range": "bytes=1000000-"})
    assert (rest.status_code, rest.content) == (206, LAYER[1_000_000:])
    assert (await anybody.get("/v2/library/app/tags/list")).json() == {"name": "library/app", "tags": ["1.0"]}
    assert (await admin.get("/v2/_catalog")).json() == {"repositories": ["library/app"]}


async def test_manifest_before_its_blobs(people: Client) -> None:
    admin = people("admin")
    await _push_blob(admin, "library/app", EMPTY)
    refused = await _push_manifest(admin, "library/app", "1.0", _image(LAYER))
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["code"], error["detail"]) == ("MANIFEST_BLOB_UNKNOWN", {"digest": digest_of(LAYER)})


async def test_index_tags_by_parameter_and_referrer(people: Client) -> None:
    admin = people("admin")
    for content in (LAYER, EMPTY):
        await _push_blob(admin, "library/app", content)
    image = _image(LAYER)
    index = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(image, OCI_MANIFEST)]}
    ).encode()
    early = await _push_manifest(admin, "library/app", "all", index, OCI_INDEX)
    assert [error["code"] for error in early.json()["errors"]] == ["MANIFEST_UNKNOWN"]
    assert (await _push_manifest(admin, "library/app", digest_of(image), image)).status_code == 201
    pushed = await _push_manifest(admin, "library/app", f"{digest_of(index)}?tag=all&tag=x", index, OCI_INDEX)
    assert (pushed.status_code, pushed.headers.get_list("oci-tag")) == (201, ["all", "x"])
    signature = _image(EMPTY, subject=_descriptor(image, OCI_MANIFEST), artifactType="application/x+json")
    attached = await _push_manifest(admin, "library/app", digest_of(signature), signature)
    assert attached.headers["oci-subject"] == digest_of(image)
    listed = await people(None).get(
        f"/v2/library/app/referrers/{digest_of(image)}", params={"artifactType": "application/x+json"}
    )
    assert [entry["digest"] for entry in listed.json()["manifests"]] == [digest_of(signature)]
    nothing = await people(None).get(f"/v2/library/never/referrers/{digest_of(image)}")
    assert (nothing.status_code, nothing.json()["manifests"]) == (200, [])


async def test_sha512(people: Client) -> None:
    admin = people("admin")
    digest = await _push_blob(admin, "library/app", LAYER, "sha512")
    head = await admin.head(f"/v2/library/app/blobs/{digest}")
    assert (head.status_code, head.headers["docker-content-digest"]) == (200, digest)


async def test_deleted_is_gone_at_once(people: Client) -> None:
    admin = people("admin")
    for content in (LAYER, EMPTY):
        await _push_blob(admin, "library/app", content)
    image = _image(LAYER)
    await _push_manifest(admin, "library/app", "1.0", image)
    in_use = await admin.delete(f"/v2/library/app/blobs/{digest_of(LAYER)}")
    assert (in_use.status_code, in_use.json()["errors"][0]["code"]) == (409, "DENIED")
    for path in ("manifests/1.0", f"manifests/{digest_of(image)}", f"blobs/{digest_of(LAYER)}"):
        url = f"/v2/library/app/{path}"
        assert (await admin.head(url)).status_code == 200
        assert (await admin.delete(url)).status_code == 202
        assert (await admin.head(url)).status_code == 404
        assert (await admin.get(url)).status_code == 404


async def test_mount(people: Client) -> None:
    dev, other = people("dev"), people("other")
    digest = await _push_blob(dev, "team/secret", LAYER)
    await _push_blob(people("admin"), "library/base", EMPTY)
    url = "/v2/team/app/blobs/uploads/"
    mounted = await dev.post(url, params={"mount": digest, "from": "team/secret"})
    assert (mounted.status_code, mounted.headers["location"]) == (201, f"/v2/team/app/blobs/{digest}")
    assert (await dev.get(mounted.headers["location"])).content == LAYER
    public = await dev.post(url, params={"mount": digest_of(EMPTY), "from": "library/base"})
    assert public.status_code == 201
    stolen = await people("admin").post(
        "/v2/library/app/blobs/uploads/", params={"mount": digest_of(b"never"), "from": "team/secret"}
    )
    assert stolen.status_code == 202
    assert (await other.post(url, params={"mount": digest, "from": "team/secret"})).status_code == 403


async def test_who_may_what(people: Client) -> None:
    dev, guest, other, anybody = people("dev"), people("guest"), people("other"), people(None)
    digest = await _push_blob(dev, "team/app", LAYER)
    url = f"/v2/team/app/blobs/{digest}"
    assert [(await who.get(url)).status_code for who in (dev, guest, other, anybody)] == [200, 200, 403, 401]
    absent = f"/v2/absent/app/blobs/{digest}"
    for who in (other, anybody):
        there, not_there = await who.get(url), await who.get(absent)
        assert there.status_code == not_there.status_code
        assert there.content.replace(b"team", b"absent") == not_there.content
    begin = "/v2/team/app/blobs/uploads/"
    assert [(await who.post(begin)).status_code for who in (dev, guest, other, anybody)] == [202, 403, 403, 401]
    assert [(await who.delete(url)).status_code for who in (dev, guest, other, anybody)] == [403, 403, 403, 401]
    session = (await dev.post(begin)).headers["location"]
    assert (await people("admin").get(session)).status_code == 404


async def test_token_is_good_for_its_scope(people: Client) -> None:
    client = people(None)
    await _push_blob(people("dev"), "team/app", LAYER)
    gate, tokens = client.gate, client.tokens  # type: ignore[attr-defined]
    identity = await gate.identify(people("dev").headers["authorization"], "192.0.2.1")
    issued = await tokens.issue(identity, {"team/app": frozenset({Action.PULL})})
    client.headers["authorization"] = f"Bearer {issued.token}"
    assert (await client.get("/v2/")).status_code == 200
    assert (await client.head(f"/v2/team/app/blobs/{digest_of(LAYER)}")).status_code == 200
    refused = await client.post("/v2/team/app/blobs/uploads/")
    assert refused.status_code == 401
    assert 'scope="repository:team/app:pull,push",error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert (await client.get("/v2/_catalog")).status_code == 401
    client.headers["authorization"] = f"Bearer {issued.token}x"
    assert 'error="invalid_token"' in (await client.get("/v2/")).headers["www-authenticate"]


async def test_upload_that_broke_off_goes_on(people: Client) -> None:
    dev = people("dev")
    location = (await dev.post("/v2/team/app/blobs/uploads/")).headers["location"]
    headers = [(b"authorization", dev.headers["authorization"].encode()), (b"transfer-encoding", b"chunked")]
    cut = Raw(method="PATCH", path=location.encode(), headers=headers, body=[LAYER[:1000], LAYER[1000:3000]], cut=True)
    answer = await cut.to(dev.app)  # type: ignore[attr-defined]
    assert answer.status == 0
    status = await dev.get(location)
    assert (status.status_code, status.headers["range"]) == (204, "0-2999")
    wrong = await dev.patch(location, content=LAYER, headers={"content-range": f"0-{len(LAYER) - 1}"})
    assert (wrong.status_code, wrong.headers["range"]) == (416, "0-2999")
    rest = {"content-range": f"3000-{len(LAYER) - 1}"}
    done = await dev.put(f"{location}?digest={digest_of(LAYER)}", content=LAYER[3000:], headers=rest)
    assert done.status_code == 201
    again = await dev.put(f"{location}?digest={digest_of(LAYER)}", content=LAYER[3000:], headers=rest)
    assert again.status_code == 201
    assert (await dev.get(done.headers["location"])).content == LAYER


async def test_names_are_the_gates(people: Client) -> None:
    """A repository named with the API's own words is pushed and pulled like any other."""
    admin = people("admin")
    name = str(RepositoryName.parse("library/blobs/uploads"))
    digest = await _push_blob(admin, name, LAYER)
    assert (await admin.get(f"/v2/{name}/blobs/{digest}")).content == LAYER
