"""What is shown beside artifacts of each type, and what is refused."""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.artifact import (
    CHART,
    CNAI,
    COSIGN_SIGNATURE,
    HARBOR_SBOM,
    IMAGE,
    NOTATION_SIGNATURE,
    NYDUS_ACCELERATOR,
    OTHER_ACCESSORY,
    SBOM,
    UNKNOWN,
    WASM,
    ArtifactKind,
)
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, Invalid, Unknown
from entrepot.model.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST
from entrepot.registry.additions import LARGEST_FILE, LARGEST_SBOM, Addition, addition_names, read_addition
from entrepot.registry.icons import Icon, built_in_icon, icon_of_accessory, icon_of_kind, read_icon
from model import artifact_samples as samples
from model.artifact_samples import model_file, part, written
from registry.test_archive import tar

JSON = "application/json; charset=utf-8"
MARKDOWN = "text/markdown; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


class Blobs:
    """The blobs of a repository, and which of them were read and closed."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {Digest.of(content): content for content in contents}
        self.given = 0
        self.closed: list[Digest] = []

    async def read(self, digest: Digest) -> AsyncIterator[bytes]:
        if digest not in self.contents:
            raise BlobUnknown(str(digest))
        content = self.contents[digest]
        try:
            for place in range(0, len(content), 1000):
                self.given += 1000
                yield content[place : place + 1000]
        finally:
            self.closed.append(digest)


async def added(name: str, kind: ArtifactKind, sample: Any, blobs: Blobs, media_type: str = OCI_MANIFEST) -> Addition:
    body = sample.encode() if isinstance(sample, str) else written(sample)
    return await read_addition(name, kind, media_type, body, blobs.read)


def chart_of(archive: bytes) -> tuple[dict[str, Any], Blobs]:
    layer = part("application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive)
    return samples.manifest("application/vnd.cncf.helm.config.v1+json", layer), Blobs(archive, b"{}")


async def test_build_history_of_an_image() -> None:
    blobs = Blobs(samples.DOCKER_CONFIG_BLOB)
    for kind, sample in ((IMAGE, samples.DOCKER_IMAGE), (WASM, samples.WASM_IMAGE)):
        addition = await added("build_history", kind, sample, blobs)
        assert addition.content_type == JSON
        assert [step.get("empty_layer", False) for step in json.loads(addition.body)] == [False, True]


async def test_a_chart_as_helm_packs_it() -> None:
    blobs = Blobs(base64.b64decode(samples.HELM_ARCHIVE), samples.HELM_CONFIG_BLOB.encode())
    values = await added("values.yaml", CHART, samples.HELM_CHART, blobs)
    assert values == Addition(content_type=PLAIN, body=b"a: 1 # one\nredis:\n  enabled: true\n")
    notes = await added("readme.md", CHART, samples.HELM_CHART, blobs)
    assert notes == Addition(content_type=MARKDOWN, body=b"# Chart\n")
    needed = await added("dependencies", CHART, samples.HELM_CHART, blobs)
    assert needed.content_type == JSON
    assert [(one["name"], one["version"]) for one in json.loads(needed.body)] == [("redis", "1.10.0")]
    assert len(blobs.closed) == 3


async def test_a_chart_without_notes_has_empty_ones() -> None:
    sample, blobs = chart_of(gzip.compress(tar([("web/Chart.yaml", b"name: web")])))
    assert (await added("readme.md", CHART, sample, blobs)).body == b""
    assert (await added("dependencies", CHART, sample, blobs)).body == b"[]"


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "/README.md",
        "../README.md",
        "./README.md",
        "web/charts/redis/README.md",
        "web/../README.md",
        "web/README.md/",
        "web//README.md",
        "web\\README.md",
    ],
)
async def test_only_the_charts_own_file_is_shown(path: str) -> None:
    archive = tar([(path, b"another"), ("./web/ReadMe.MD", b"its own")])
    sample, blobs = chart_of(gzip.compress(archive))
    assert (await added("readme.md", CHART, sample, blobs)).body == b"its own"


async def test_no_more_of_a_chart_is_read_than_needed() -> None:
    # Text that does not pack, so that the archive is long.
    filling = b"".join(b"%x" % (number * 2654435761) for number in range(100_000))
    sample, blobs = chart_of(gzip.compress(tar([("web/values.yaml", b"a: 1"), ("web/crds.yaml", filling)])))
    assert (await added("values.yaml", CHART, sample, blobs)).body == b"a: 1"
    assert blobs.given < 10_000
    assert len(blobs.closed) == 1


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"no archive" * 100, "not a tar"),
        (gzip.compress(tar([("web/values.yaml", bytes(LARGEST_FILE + 1))])), "at most"),
        (gzip.compress(bytes(60 * 1024 * 1024)), ""),
        (gzip.compress(tar([("web/a", bytes(40 * 1024 * 1024))])), "times its size"),
    ],
    ids=["none", "large", "zeros", "bomb"],
)
async def test_an_archive_that_is_not_looked_into(archive: bytes, reason: str) -> None:
    sample, blobs = chart_of(archive)
    if not reason:
        assert (await added("values.yaml", CHART, sample, blobs)).body == b""
        return
    with pytest.raises(Unknown, match=f"cannot be looked into.*{reason}"):
        await added("values.yaml", CHART, sample, blobs)
    assert len(blobs.closed) == 1


async def test_a_chart_without_its_archive() -> None:
    sample = samples.manifest("application/vnd.cncf.helm.config.v1+json", part("text/plain"))
    with pytest.raises(Unknown, match="no archive"):
        await added("values.yaml", CHART, sample, Blobs())
    with pytest.raises(BlobUnknown):
        await added("values.yaml", CHART, samples.HELM_CHART, Blobs())


async def test_files_of_a_model() -> None:
    license_text = tar([("LICENSE", b"MIT")])
    model = samples.manifest(
        f"{samples.MODEL_PREFIX}.config.v1+json",
        model_file("README.md", b"# weights", "weight.v1.raw"),
        model_file("Readme.md", b"# Tiny", "doc.v1.raw"),
        model_file("LICENSE", license_text, "doc.v1.tar"),
    )
    blobs = Blobs(b"# weights", b"# Tiny", license_text)
    assert await added("readme.md", CNAI, model, blobs) == Addition(content_type=MARKDOWN, body=b"# Tiny")
    assert await added("license", CNAI, model, blobs) == Addition(content_type=PLAIN, body=b"MIT")


async def test_a_model_of_the_older_names_packed_with_gzip() -> None:
    text = gzip.compress(tar([("README", b"# Old")]))
    layer = part("application/vnd.cnai.model.doc.v1.tar+gzip", text, annotations={"org.cnai.model.filepath": "README"})
    model = samples.manifest("application/vnd.cnai.model.config.v1+json", layer)
    assert (await added("readme.md", CNAI, model, Blobs(text))).body == b"# Old"
    with pytest.raises(Unknown, match="no license"):
        await added("license", CNAI, model, Blobs(text))


async def test_a_file_of_a_model_that_is_too_large() -> None:
    text = b"x" * (LARGEST_FILE + 1)
    model = samples.manifest(f"{samples.MODEL_PREFIX}.config.v1+json", model_file("README.md", text, "doc.v1.raw"))
    blobs = Blobs(text)
    with pytest.raises(Unknown, match="larger than"):
        await added("readme.md", CNAI, model, blobs)
    assert len(blobs.closed) == 1


async def test_the_list_of_a_models_files() -> None:
    paths = ["tiny.gguf", "tokens/vocab.json", "tokens/merges.txt", "./a//b", "empty/", "tiny.gguf/under", "tokens"]
    hostile = ["../up", "a/../../up", "/etc/passwd", "d/" * 65 + "deep", "", "/", "."]
    layers = [model_file(path) for path in paths + hostile]
    layers.append(part("application/vnd.cncf.model.weight.v1.raw"))
    addition = await added("files", CNAI, samples.manifest(f"{samples.MODEL_PREFIX}.config.v1+json", *layers), Blobs())
    assert addition.content_type == JSON

    def file(name: str) -> dict[str, Any]:
        return {"name": name, "type": "file", "size": 7}

    def folder(name: str, *inside: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "type": "directory"} | ({"children": list(inside)} if inside else {})

    assert json.loads(addition.body) == [
        folder("a", file("b")),
        folder("empty"),
        folder("etc", file("passwd")),
        folder("tokens", file("merges.txt"), file("vocab.json")),
        file("tiny.gguf"),
    ]


async def test_a_model_of_too_many_files() -> None:
    layers = [model_file("/".join(f"{number}x{deep}" for deep in range(60))) for number in range(2000)]
    model = samples.manifest(f"{samples.MODEL_PREFIX}.config.v1+json", *layers)
    with pytest.raises(Unknown, match="more files"):
        await added("files", CNAI, model, Blobs())


async def test_a_list_of_parts() -> None:
    text = b'{"spdxVersion":"SPDX-2.3"}'
    addition = await added("sbom", SBOM, samples.SBOM_OF_SCAN, Blobs(text))
    assert addition == Addition(content_type="application/vnd.goharbor.harbor.sbom.v1", body=text)
    with pytest.raises(Unknown, match="no list of parts"):
        await added("sbom", SBOM, samples.manifest("a/b"), Blobs())
    large = b"x" * (LARGEST_SBOM + 1)
    with pytest.raises(Unknown, match="larger than"):
        await added("sbom", SBOM, samples.manifest("a/b", part("a/b", large)), Blobs(large))


@pytest.mark.parametrize(
    ("kind", "media_type", "names"),
    [
        (IMAGE, OCI_MANIFEST, ("build_history",)),
        (IMAGE, OCI_INDEX, ()),
        (IMAGE, DOCKER_LIST, ()),
        (CHART, OCI_MANIFEST, ("values.yaml", "readme.md", "dependencies")),
        (CNAI, OCI_MANIFEST, ("readme.md", "license", "files")),
        (WASM, OCI_MANIFEST, ("build_history",)),
        (SBOM, OCI_MANIFEST, ()),
        (UNKNOWN, OCI_MANIFEST, ()),
        (ArtifactKind("ROCKET"), OCI_MANIFEST, ()),
    ],
)
async def test_additions_by_type(kind: ArtifactKind, media_type: str, names: tuple[str, ...]) -> None:
    assert addition_names(kind, media_type) == names
    assert addition_names(kind, media_type, has_sbom=True) == (*names, "sbom")
    every = {"build_history", "values.yaml", "readme.md", "dependencies", "license", "files", "sbom", "x", "README.MD"}
    given_anyway = {"sbom"} if kind == SBOM else set()
    for name in every - set(names) - given_anyway:
        with pytest.raises(Invalid, match="has no addition"):
            await added(name, kind, samples.DOCKER_IMAGE, Blobs(), media_type)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=3000), name=st.sampled_from(["values.yaml", "readme.md", "dependencies"]))
async def test_any_bytes_as_a_chart(content: bytes, name: str) -> None:
    for archive in (content, gzip.compress(content)):
        sample, blobs = chart_of(archive)
        try:
            shown = await added(name, CHART, sample, blobs)
        except Unknown as error:
            told = str(error)
        else:
            told = f"shown: {shown.body!r}"
        assert told in ("shown: b''", "shown: b'[]'") or "cannot be looked into" in told


def test_every_type_has_its_icon() -> None:
    kinds = [ArtifactKind(kind) for kind in ("IMAGE", "CHART", "CNAB", "CNAI", "WASM", "SBOM", "UNKNOWN")]
    accessories = (COSIGN_SIGNATURE, NOTATION_SIGNATURE, NYDUS_ACCELERATOR, OTHER_ACCESSORY)
    digests = [*map(icon_of_kind, kinds), *map(icon_of_accessory, accessories)]
    assert len(set(digests)) == len(digests)
    for digest in digests:
        icon = built_in_icon(digest)
        assert icon is not None
        assert icon.content_type == "image/svg+xml"
        assert Digest.of(icon.content) == digest
        assert icon.content.startswith(b"<svg ")
    assert icon_of_kind(ArtifactKind("ROCKET")) == icon_of_kind(UNKNOWN)
    assert icon_of_accessory("anything") == icon_of_accessory(OTHER_ACCESSORY)
    assert icon_of_accessory(HARBOR_SBOM) == icon_of_kind(SBOM)
    assert built_in_icon(Digest.of(b"another")) is None


@pytest.mark.parametrize(
    ("start", "content_type"),
    [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif")],
)
async def test_an_icon_that_an_artifact_brings_along(start: bytes, content_type: str) -> None:
    content = start + b"x" * 2000
    blobs = Blobs(content)
    assert await read_icon(blobs.read(Digest.of(content))) == Icon(content_type=content_type, content=content)


@pytest.mark.parametrize("content", [b"", b"<svg onload='x'/>", b"\x89PNG", b"GIF89a" + b"x" * 2**20])
async def test_what_is_no_icon(content: bytes) -> None:
    with pytest.raises(Unknown, match="icon"):
        await read_icon(Blobs(content).read(Digest.of(content)))
