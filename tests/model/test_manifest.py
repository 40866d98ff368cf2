"""Reading manifests: each rule once, and whatever else comes is refused as ManifestInvalid and nothing worse."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestInvalid
from entrepot.model.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_ARTIFACT,
    OCI_INDEX,
    OCI_MANIFEST,
    parse_manifest,
)

KINDS = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, OCI_ARTIFACT]
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def described(content: bytes = b"content", media_type: str = LAYER, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content), **more}


def image(**changes: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(b"{}", CONFIG),
        "layers": [described(b"one"), described(b"two")],
        **changes,
    }


def index(**changes: Any) -> dict[str, Any]:
    children = [described(b"child", OCI_MANIFEST, platform={"os": "linux", "architecture": "arm64"})]
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children, **changes}


def parse(document: dict[str, Any], content_type: str | None = None) -> Any:
    return parse_manifest(content_type, json.dumps(document).encode())


def refused(document: Any, content_type: str | None = None) -> str:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(content_type, body)
    sentence = str(caught.value)
    assert 10 < len(sentence) < 600
    return sentence


def test_an_image_needs_its_config_and_layers() -> None:
    manifest = parse(image(annotations={"a": "b"}), OCI_MANIFEST)
    assert manifest.media_type == OCI_MANIFEST
    assert [blob.digest for blob in manifest.blobs] == [Digest.of(b"{}"), Digest.of(b"one"), Digest.of(b"two")]
    assert [blob.size for blob in manifest.blobs] == [2, 3, 3]
    assert manifest.children == ()
    assert manifest.subject is None
    assert manifest.artifact_type == CONFIG
    assert manifest.annotations == {"a": "b"}


def test_an_index_needs_nothing_and_names_its_children() -> None:
    manifest = parse(index())
    assert manifest.blobs == ()
    assert [child.digest for child in manifest.children] == [Digest.of(b"child")]
    assert manifest.artifact_type is None


def test_an_empty_list_is_a_list() -> None:
    assert parse(index(manifests=[])).children == ()
    assert [blob.size for blob in parse(image(layers=[])).blobs] == [2]


def test_docker_s_kinds_are_read_alike() -> None:
    assert parse(image(mediaType=DOCKER_MANIFEST)).media_type == DOCKER_MANIFEST
    assert parse(index(mediaType=DOCKER_LIST)).media_type == DOCKER_LIST


def test_an_artifact_manifest_needs_its_blobs() -> None:
    manifest = parse({"mediaType": OCI_ARTIFACT, "artifactType": "a/b", "blobs": [described(b"one")]})
    assert [blob.digest for blob in manifest.blobs] == [Digest.of(b"one")]
    assert manifest.artifact_type == "a/b"
    assert parse({"mediaType": OCI_ARTIFACT, "artifactType": "a/b"}).blobs == ()


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_layers_that_are_not_distributed_are_not_needed(media_type: str) -> None:
    foreign = described(b"far away", media_type, urls=["https://layers.example/1"])
    assert len(parse(image(layers=[foreign, described(b"one")])).blobs) == 2
    assert len(parse({"mediaType": OCI_ARTIFACT, "blobs": [foreign]}).blobs) == 0


def test_a_config_is_needed_whatever_it_says_it_is() -> None:
    foreign = described(b"{}", "application/vnd.oci.image.layer.nondistributable.v1.tar")
    assert parse(image(config=foreign)).blobs[0].digest == Digest.of(b"{}")


def test_the_subject_and_the_artifact_type_are_told() -> None:
    manifest = parse(image(subject=described(b"subject", OCI_MANIFEST), artifactType="application/x.sbom"))
    assert manifest.subject == Digest.of(b"subject")
    assert manifest.artifact_type == "application/x.sbom"
    manifest = parse(index(subject=described(b"subject", OCI_MANIFEST), artifactType="application/x.sig"))
    assert manifest.subject == Digest.of(b"subject")
    assert manifest.artifact_type == "application/x.sig"


def test_the_media_type_may_be_said_once_or_twice_but_not_in_two_ways() -> None:
    unsaid = image()
    del unsaid["mediaType"]
    assert parse(unsaid, OCI_MANIFEST).media_type == OCI_MANIFEST
    assert parse(image()).media_type == OCI_MANIFEST
    assert "Content-Type" in refused(unsaid)
    assert "was sent as" in refused(image(), DOCKER_MANIFEST)
    assert "is not kept" in refused(image(mediaType="application/json"))
    assert "is not kept" in refused(unsaid, "text/plain")


@pytest.mark.parametrize("content_type", [None, "application/vnd.docker.distribution.manifest.v1+prettyjws"])
def test_schema_1_is_refused_with_a_way_out(content_type: str | None) -> None:
    old = {"schemaVersion": 1, "name": "a/b", "tag": "c", "fsLayers": [{"blobSum": "sha256:…"}], "history": []}
    assert "schema 1" in refused(old, content_type)
    assert "schema 1" in refused(image(fsLayers=[]))


@pytest.mark.parametrize("version", [None, 0, 3, -2, True, "2", 2.5, 10**30])
def test_the_schema_version_is_2(version: object) -> None:
    refused(image(schemaVersion=version))
    refused(index(schemaVersion=version))


def test_one_kind_cannot_be_read_as_another() -> None:
    """Otherwise two clients would see two images under one digest (distribution-spec, CVE-2021-41190)."""
    more: dict[str, Any]
    for more in ({"layers": []}, {"config": described(b"{}", CONFIG)}, {"blobs": []}, {"layers": [described()]}):
        assert "index" in refused(index(**more))
    for more in ({"manifests": []}, {"manifests": [described(b"child", OCI_MANIFEST)]}):
        assert "only an index" in refused(image(**more))
        assert "only an index" in refused({"mediaType": OCI_ARTIFACT, "blobs": [], **more})
    assert "layers, not blobs" in refused(image(blobs=[]))
    assert "artifact manifest" in refused({"mediaType": OCI_ARTIFACT, "layers": []})
    assert "artifact manifest" in refused({"mediaType": OCI_ARTIFACT, "config": described(b"{}", CONFIG)})


def test_what_an_image_or_index_is_made_of_must_be_there() -> None:
    for absent in ("config", "layers"):
        assert "needs a config" in refused({k: v for k, v in image().items() if k != absent})
        assert "needs a config" in refused(image(**{absent: None}))
    assert "list of manifests" in refused({k: v for k, v in index().items() if k != "manifests"})


@pytest.mark.parametrize(
    "descriptor",
    [
        None,
        7,
        [],
        "sha256:…",
        {},
        {"mediaType": LAYER, "digest": str(Digest.of(b""))},
        {"mediaType": LAYER, "size": 0},
        {"digest": str(Digest.of(b"")), "size": 0},
        described(size=-1),
        described(size="7"),
        described(size=True),
        described(size=1.5),
        described(size=None),
        described(digest="sha256:short"),
        described(digest=7),
        described(digest="sha256:" + "A" * 64),
        described(digest="../../etc/passwd"),
        described(media_type=""),
        described(media_type="x" * 256),
        described(media_type="a/b\0"),
        described(media_type="a/b\r\nx: y"),
        described(media_type="a/\u00e9"),
        described(media_type="a/b\x7f"),
        described(data=7),
    ],
)
def test_a_descriptor_names_a_media_type_a_digest_and_a_size(descriptor: object) -> None:
    refused(image(layers=[described(), descriptor]))
    refused(index(manifests=[descriptor]))
    refused({"mediaType": OCI_ARTIFACT, "blobs": [descriptor]})
    if descriptor is not None:
        refused(image(config=descriptor))
        refused(image(subject=descriptor))


@pytest.mark.parametrize(
    "artifact_type",
    ["x" * 256, "a/b\0", "\0", "a/b\n", "a\tb", "a/\u00e9", "a/b\x7f", "\x1b[2J", "a\u202eb", 7, [], {}],
)
def test_an_artifact_type_is_printable_and_short(artifact_type: object) -> None:
    refused(image(artifactType=artifact_type))
    refused(index(artifactType=artifact_type))
    refused({"mediaType": OCI_ARTIFACT, "artifactType": artifact_type})


def test_the_longest_types_are_kept() -> None:
    longest = "a/" + "b" * 253
    assert parse(image(artifactType=longest)).artifact_type == longest
    assert parse(image(config=described(b"{}", longest))).artifact_type == longest
    assert parse(image(artifactType="")).artifact_type == CONFIG


def test_embedded_content_must_be_the_content() -> None:
    good = base64.b64encode(b"{}").decode()
    assert parse(image(config=described(b"{}", CONFIG, data=good))).blobs[0].size == 2
    for data in (
        base64.b64encode(b"[]").decode(),
        "",
        "e30",
        "!!!!",
        good + "\n",
        "\u00e9",
        base64.b64encode(b"{} ")[:].decode(),
    ):
        assert "config: data" in refused(image(config=described(b"{}", CONFIG, data=data)))
    assert "data" in refused(image(config={**described(b"{}", CONFIG, data=good), "size": 3}))
    assert "data" in refused(image(subject=described(b"{}", CONFIG, data="AAAA")))
    hashed = {**described(b"{}", CONFIG, data=good), "digest": str(Digest.of(b"{}", "sha512"))}
    assert parse(image(config=hashed)).blobs[0].digest.algorithm == "sha512"


@pytest.mark.parametrize("annotations", [7, [], "a", {"a": 1}, {"a": None}, {"a": {}}])
def test_annotations_are_strings(annotations: object) -> None:
    refused(image(annotations=annotations))


def test_annotations_keep_their_text() -> None:
    odd = {"": "", "a": "\u00e9 \U0001f433 \0 \n", "\u202e": "x" * 10_000}
    assert parse(image(annotations=odd)).annotations == odd


def within(more: bytes) -> bytes:
    return json.dumps(image()).encode()[:-1] + b", " + more + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"2",
        b'"manifest"',
        b"{",
        b"{}",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + json.dumps(image()).encode(),
        json.dumps(image()).encode("utf-16"),
        json.dumps(image()).encode()[:-1],
        json.dumps(image()).encode() + b"{}",
        within(b'"x": NaN'),
        within(b'"x": Infinity'),
        within(b"'x': 1"),
        within(b'"x": 1,'),
        within(b'"annotations": {"a": "\\ud800"}'),
        within(b'"annotations": {"\\udc00": "a"}'),
        within(b'"annotations": {"a": "\\ud800\\ud800"}'),
        within(b'"annotations": {"a": "\xed\xa0\x80"}'),
        within(b'"artifactType": "\\udfff"'),
        within(b'"x": ' + b"[" * 200_000 + b"]" * 200_000),
        within(b'"x": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
        within(b'"annotations": ' + b'{"a":' * 200_000),
        within(b'"fsLayers": ' + b"[" * 200_000 + b"]" * 200_000),
        within(b'"schemaVersion": ' + b"2" * 100_000),
        within(b'"schemaVersion": 2e999'),
        within(b'"schemaVersion": -0'),
    ],
    ids=lambda body: repr(body[-40:]),
)
def test_hostile_bytes_are_refused(body: bytes) -> None:
    refused(body, OCI_MANIFEST)


def test_of_a_field_given_twice_every_rule_holds_for_the_one_that_counts() -> None:
    twice = within(b'"layers": [' + json.dumps(described(b"three")).encode() + b"]")
    assert [blob.digest for blob in parse_manifest(None, twice).blobs][1:] == [Digest.of(b"three")]
    refused(within(b'"layers": 7'))
    refused(within(b'"manifests": null, "manifests": []'))


def test_unknown_fields_are_left_alone() -> None:
    assert parse(image(history=[{"x": [1, {}]}], signatures=None)).media_type == OCI_MANIFEST


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "blobs",
    "subject",
    "annotations",
]
DESCRIPTORS = st.fixed_dictionaries(
    {
        "mediaType": st.sampled_from([LAYER, CONFIG, "", "\0"]) | JSON,
        "digest": st.sampled_from([str(Digest.of(b"")), str(Digest.of(b"", "sha512")), "sha256:"]) | JSON,
        "size": st.integers() | JSON,
    },
    optional={"data": st.text() | JSON},
)
DOCUMENTS = st.sampled_from([image(), index()]).flatmap(
    lambda start: st.dictionaries(
        st.sampled_from([*FIELDS, "fsLayers"]), JSON | DESCRIPTORS | st.lists(DESCRIPTORS, max_size=3), max_size=3
    ).map(lambda changes: {**start, **changes})
)


def only_manifest_invalid(content_type: str | None, body: bytes) -> None:
    try:
        manifest = parse_manifest(content_type, body)
    except ManifestInvalid:
        return
    assert manifest.media_type in KINDS
    assert not (manifest.blobs and manifest.children)
    for descriptor in (*manifest.blobs, *manifest.children):
        assert descriptor.size >= 0
        assert 0 < len(descriptor.media_type) <= 255
        assert descriptor.media_type.isascii()
        assert descriptor.media_type.isprintable()
        assert Digest.parse(str(descriptor.digest)) == descriptor.digest
    json.dumps(manifest.annotations, ensure_ascii=False).encode()


@settings(deadline=None)
@given(st.none() | st.sampled_from(KINDS) | st.text(), st.binary(max_size=200))
def test_any_bytes_are_refused_at_worst(content_type: str | None, body: bytes) -> None:
    only_manifest_invalid(content_type, body)


@settings(deadline=None)
@given(st.none() | st.sampled_from(KINDS), DOCUMENTS)
def test_any_document_is_refused_at_worst(content_type: str | None, document: dict[str, Any]) -> None:
    only_manifest_invalid(content_type, json.dumps(document).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.sampled_from([image(), index()]), st.data())
def test_a_manifest_with_some_bytes_changed_is_refused_at_worst(document: dict[str, Any], data: st.DataObject) -> None:
    body = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    only_manifest_invalid(None, bytes(body))
