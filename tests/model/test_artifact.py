"""What artifacts of many clients are, and that nothing anybody pushes makes describing it fail."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.artifact import (
    CHART,
    CNAB,
    CNAI,
    COSIGN_SIGNATURE,
    HARBOR_SBOM,
    IMAGE,
    LARGEST_SIZE,
    NOTATION_SIGNATURE,
    NYDUS_ACCELERATOR,
    OTHER_ACCESSORY,
    SBOM,
    UNKNOWN,
    WASM,
    Description,
    accessory_of_tag,
    config_to_read,
    describe,
)
from entrepot.model.attributes import LARGEST_CONFIG
from entrepot.model.contents import NOTHING, contents_of
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestInvalid
from entrepot.model.manifest import DOCKER_LIST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest

from . import artifact_samples as samples
from .artifact_samples import part, written

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def body_of(sample: Any) -> bytes:
    return sample.encode() if isinstance(sample, str) else written(sample)


def parsed(body: bytes) -> Manifest:
    content_type = OCI_MANIFEST if "mediaType" not in json.loads(body) else None
    return parse_manifest(content_type, body)


def described(sample: Any, config: bytes | None = None, sizes: dict[Digest, int] | None = None) -> Description:
    body = body_of(sample)
    return describe(parsed(body), body, config, sizes)


@pytest.mark.parametrize(
    ("sample", "kind", "media_type", "artifact_type"),
    [
        (samples.CRANE_IMAGE, IMAGE, IMAGE_CONFIG, IMAGE_CONFIG),
        (samples.DOCKER_IMAGE, IMAGE, *["application/vnd.docker.container.image.v1+json"] * 2),
        (samples.BUILDAH_IMAGE, IMAGE, IMAGE_CONFIG, IMAGE_CONFIG),
        (samples.BUILDX_INDEX, IMAGE, OCI_INDEX, ""),
        (samples.WINDOWS_LIST, IMAGE, DOCKER_LIST, ""),
        (samples.HELM_CHART, CHART, *["application/vnd.cncf.helm.config.v1+json"] * 2),
        (samples.ORAS_FILES, UNKNOWN, EMPTY, "application/vnd.example.files"),
        (samples.ORAS_ATTACHED, UNKNOWN, EMPTY, "application/spdx+json"),
        (samples.COSIGN_SIGNATURE, UNKNOWN, EMPTY, "application/vnd.dev.sigstore.bundle.v0.3+json"),
        (samples.NOTATION_SIGNATURE, UNKNOWN, *["application/vnd.cncf.notary.signature"] * 2),
        (samples.SBOM_OF_SCAN, SBOM, IMAGE_CONFIG, "application/vnd.goharbor.harbor.sbom.v1"),
        (samples.CNAB_BUNDLE, CNAB, "application/vnd.cnab.manifest.v1", ""),
        (samples.MODEL, CNAI, f"{samples.MODEL_PREFIX}.config.v1+json", f"{samples.MODEL_PREFIX}.manifest.v1+json"),
        (samples.WASM_MODULE, WASM, *["application/vnd.wasm.config.v1+json"] * 2),
        (samples.WASM_IMAGE, WASM, "application/vnd.wasm.config.v1+json", IMAGE_CONFIG),
    ],
)
def test_what_clients_push_has_its_type(sample: Any, kind: str, media_type: str, artifact_type: str) -> None:
    description = described(sample)
    assert (description.kind, description.media_type, description.artifact_type) == (kind, media_type, artifact_type)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ("application/vnd.acme.rocket.config.v1+json", "ROCKET"),
        ("application/vnd.cncf.openpolicyagent.config.v1+json", "OPENPOLICYAGENT"),
        ("application/vnd.acme.big.rocket.config.v1+json", "BIG.ROCKET"),
        ("application/vnd.acme.rocket.config.v1.2+json", "UNKNOWN"),
        ("application/vnd.acme..config.v1+json", "UNKNOWN"),
        ("application/vnd.unknown.config.v1+json", "UNKNOWN"),
        ("application/vnd.docker.plugin.v1+json", "UNKNOWN"),
        ("text/plain", "UNKNOWN"),
    ],
)
def test_another_type_is_what_its_configuration_calls_itself(config: str, kind: str) -> None:
    assert described(samples.manifest(config)).kind == kind


@pytest.mark.parametrize("said", ["", "a\0b", "\u00e9", "x" * 256])
def test_an_index_cannot_call_itself_just_anything(said: str) -> None:
    index = {**samples.BUILDX_INDEX, "annotations": {"org.opencontainers.artifactType": said}}
    assert described(index).media_type == OCI_INDEX


def test_a_type_of_its_own_goes_before_the_configurations() -> None:
    model = samples.manifest(EMPTY, artifactType=f"{samples.MODEL_PREFIX}.manifest.v1+json")
    assert described(model).kind == CNAI
    assert described(samples.manifest(IMAGE_CONFIG, artifactType="application/vnd.example")).kind == IMAGE
    assert described({**samples.BUILDX_INDEX, "artifactType": "application/vnd.example"}).kind == UNKNOWN


def test_an_artifact_manifest_without_configuration() -> None:
    document = {"mediaType": OCI_ARTIFACT, "artifactType": "application/vnd.example", "blobs": [part("a/b", b"four")]}
    description = described(document)
    assert (description.kind, description.media_type) == (UNKNOWN, "application/vnd.example")
    assert description.size == len(written(document)) + 4


def test_size_is_all_that_is_transferred() -> None:
    body = body_of(samples.DOCKER_IMAGE)
    assert described(samples.DOCKER_IMAGE).size == len(body) + len(samples.DOCKER_CONFIG_BLOB) + 11 + 6


def test_size_counts_layers_kept_elsewhere() -> None:
    foreign = part("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", b"123", urls=["https://example.org/a"])
    sample = samples.manifest(IMAGE_CONFIG, foreign)
    assert described(sample).size == len(written(sample)) + 2 + 3


def test_size_of_an_index_is_that_of_its_children() -> None:
    body = body_of(samples.BUILDX_INDEX)
    sizes = {Digest.of(b"amd64"): 1000, Digest.of(b"armv7"): 500}
    assert described(samples.BUILDX_INDEX, sizes=sizes).size == len(body) + 1500 + len(b"attestation")
    assert described(samples.BUILDX_INDEX).size == len(body) + len(b"amd64armv7attestation")


def test_sizes_that_nobody_can_have_stay_countable() -> None:
    huge = {**part("application/vnd.oci.image.layer.nondistributable.v1.tar"), "size": 2**63 - 1}
    assert described(samples.manifest(IMAGE_CONFIG, huge, huge)).size == LARGEST_SIZE


def test_references_of_an_index_have_their_platforms() -> None:
    first, second, attestation = described(samples.BUILDX_INDEX).references
    assert first.child == Digest.of(b"amd64")
    assert first.platform is not None
    assert (first.platform.os, first.platform.architecture, first.platform.variant) == ("linux", "amd64", "")
    assert second.platform is not None
    assert second.platform.variant == "v7"
    assert attestation.annotations["vnd.docker.reference.type"] == "attestation-manifest"
    [windows] = described(samples.WINDOWS_LIST).references
    assert windows.platform is not None
    assert (windows.platform.os_version, windows.platform.os_features) == ("10.0.20348.2700", ("win32k",))
    assert windows.urls == ("https://example.org/windows",)


def test_what_is_wrong_in_a_reference_is_left_out() -> None:
    odd = part(
        OCI_MANIFEST, b"a", platform={"os": 7, "os.features": [1, "x"]}, urls="none", annotations={"a": 1, "b": "c\0"}
    )
    plain = part(OCI_MANIFEST, b"b", platform=[], annotations=None)
    first, second = described({**samples.BUILDX_INDEX, "manifests": [odd, plain]}).references
    assert first.platform is not None
    assert (first.platform.os, first.platform.os_features) == ("", ("x",))
    assert (first.urls, first.annotations) == ((), {"b": "c\ufffd"})
    assert (second.platform, second.annotations) == (None, {})


@pytest.mark.parametrize(
    ("sample", "accessory_type"),
    [
        (samples.CRANE_IMAGE, None),
        (samples.COSIGN_SIGNATURE_BY_TAG, None),
        (samples.COSIGN_SIGNATURE, COSIGN_SIGNATURE),
        (samples.COSIGN_ATTESTATION, OTHER_ACCESSORY),
        (samples.NOTATION_SIGNATURE, NOTATION_SIGNATURE),
        (samples.NYDUS_IMAGE, NYDUS_ACCELERATOR),
        (samples.SBOM_OF_SCAN, HARBOR_SBOM),
        (samples.ORAS_ATTACHED, OTHER_ACCESSORY),
        ({**samples.BUILDAH_IMAGE, "subject": samples.SUBJECT}, OTHER_ACCESSORY),
        ({**samples.BUILDX_INDEX, "subject": samples.SUBJECT}, OTHER_ACCESSORY),
        (
            samples.manifest("application/vnd.dev.cosign.artifact.sig.v1+json", subject=samples.SUBJECT),
            COSIGN_SIGNATURE,
        ),
        (
            samples.manifest(
                EMPTY, subject=samples.SUBJECT, artifactType="application/vnd.dev.sigstore.bundle+json;version=0.2"
            ),
            COSIGN_SIGNATURE,
        ),
    ],
)
def test_a_referrer_is_an_accessory_of_its_kind(sample: Any, accessory_type: str | None) -> None:
    description = described(sample)
    assert description.accessory_type == accessory_type
    assert (description.subject is None) == (accessory_type is None)


def test_cosigns_tags_name_their_subject() -> None:
    subject = Digest.of(b"subject")
    tag = str(subject).replace(":", "-")
    signature, attestation = (s.encode() for s in (samples.COSIGN_SIGNATURE_BY_TAG, samples.COSIGN_ATTESTATION_BY_TAG))
    list_of_parts = written(samples.manifest(IMAGE_CONFIG, part("text/spdx+json")))
    for ending, body, accessory_type in (
        ("sig", signature, COSIGN_SIGNATURE),
        ("att", attestation, OTHER_ACCESSORY),
        ("sbom", list_of_parts, OTHER_ACCESSORY),
    ):
        found = accessory_of_tag(f"{tag}.{ending}", body)
        assert found is not None, ending
        assert (found.subject, found.accessory_type) == (subject, accessory_type)


def test_an_image_under_a_signatures_tag_is_an_image() -> None:
    tag = str(Digest.of(b"subject")).replace(":", "-")
    image = samples.CRANE_IMAGE.encode()
    assert [accessory_of_tag(f"{tag}.{ending}", image) for ending in ("sig", "att", "sbom")] == [None] * 3
    signature = samples.COSIGN_SIGNATURE_BY_TAG.encode()
    assert accessory_of_tag(f"{tag}.att", signature) is None
    for odd in ("1.0.0", tag, f"{tag}.sig.sig", f"{tag[:-1]}.sig", f"{tag.upper()}.sig", f"x{tag}.sig", f"{tag}.sig\n"):
        assert accessory_of_tag(odd, signature) is None


def test_an_icon_that_an_artifact_brings_along() -> None:
    marked = {"io.goharbor.artifact.v1alpha1.icon": ""}
    icon = part("image/png", b"the icon", annotations=marked)
    sample = samples.manifest("application/vnd.acme.rocket.config.v1+json", part("a/b"), icon)
    assert described(sample).icon == Digest.of(b"the icon")
    assert described(samples.HELM_CHART).icon is None
    assert described(samples.manifest(IMAGE_CONFIG, {**icon, "size": 2**20 + 1})).icon is None


def test_attributes_of_an_image_and_of_a_chart() -> None:
    attributes = json.loads(described(samples.DOCKER_IMAGE, samples.DOCKER_CONFIG_BLOB).attributes)
    assert (attributes["os"], attributes["architecture"]) == ("linux", "amd64")
    chart = json.loads(described(samples.HELM_CHART, samples.HELM_CONFIG_BLOB.encode()).attributes)
    assert chart == json.loads(samples.HELM_CONFIG_BLOB)
    model = json.loads(described(samples.MODEL, samples.MODEL_CONFIG_BLOB).attributes)
    assert model == json.loads(samples.MODEL_CONFIG_BLOB)


def test_attributes_of_what_is_unknown_are_none() -> None:
    assert described(samples.ORAS_FILES, b'{"a":1}').attributes == "{}"
    assert described(samples.BUILDX_INDEX, b'{"a":1}').attributes == "{}"


def test_attributes_that_a_configuration_wants_hidden() -> None:
    sample = samples.manifest("application/vnd.acme.rocket.config.v1+json")
    sample["config"]["annotations"] = {"io.goharbor.artifact.v1alpha1.skip-list": "metrics, git"}
    assert described(sample, b'{"metrics":1,"git":2,"fuel":3}').attributes == '{"fuel":3}'


def test_attributes_of_modules() -> None:
    assert json.loads(described(samples.WASM_MODULE, b"{}").attributes) == {
        "manifest.config.mediaType": "application/vnd.wasm.config.v1+json",
        "manifest.layers.mediaType": "application/vnd.wasm.content.layer.v1+wasm",
        "org.opencontainers.image.title": "hello.wasm",
    }
    image = json.loads(described(samples.WASM_IMAGE, samples.DOCKER_CONFIG_BLOB).attributes)
    assert (image["manifest.config.mediaType"], image["architecture"]) == (IMAGE_CONFIG, "amd64")


def test_the_configuration_to_read() -> None:
    body = body_of(samples.DOCKER_IMAGE)
    assert config_to_read(parsed(body), body) == Digest.of(samples.DOCKER_CONFIG_BLOB)
    body = body_of(samples.BUILDX_INDEX)
    assert config_to_read(parsed(body), body) is None
    large = samples.manifest(IMAGE_CONFIG)
    large["config"]["size"] = LARGEST_CONFIG + 1
    assert config_to_read(parsed(written(large)), written(large)) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    config=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(
        [
            IMAGE_CONFIG,
            "application/vnd.cncf.helm.config.v1+json",
            "application/vnd.wasm.config.v1+json",
            f"{samples.MODEL_PREFIX}.config.v1+json",
        ]
    )
    | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60),
    odd=st.fixed_dictionaries({}, optional=dict.fromkeys(("annotations", "platform", "urls"), json_values)),
    subject=st.booleans(),
)
def test_whatever_is_pushed_is_described(config: bytes, kind: str, odd: dict[str, Any], subject: bool) -> None:
    more: dict[str, Any] = {"subject": samples.SUBJECT} if subject else {}
    image = samples.manifest(kind, {**part("a/b"), **odd}, **more)
    image["config"].update(odd)
    index = {**samples.BUILDX_INDEX, "manifests": [{**part(OCI_MANIFEST), **odd}], **more}
    for sample in (image, index):
        description = described(sample, config)
        assert isinstance(msgspec.json.decode(description.attributes), dict)
        assert "\0" not in description.attributes
        assert "\\u0000" not in description.attributes.replace("\\\\", "")
        assert (description.accessory_type is not None) == subject


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_contents_of_anything(body: bytes) -> None:
    with pytest.raises(ManifestInvalid):
        parse_manifest(OCI_MANIFEST, body)
    assert contents_of(body).layers == ()


def test_contents_of_what_is_too_deep() -> None:
    assert contents_of(b'{"layers":' + b"[" * 100_000) == NOTHING
    assert contents_of(b'{"layers":[{"digest":"none"}],"config":{},"manifests":[{}]}') == NOTHING
