"""Manifests and configurations as clients write them, to the byte where a client on hand made them."""

import json
from typing import Any

from entrepot.model.digest import Digest
from entrepot.model.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

CRANE_IMAGE = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"applicati'
    'on/vnd.oci.image.config.v1+json","size":233,"digest":"sha256:3620bd32cd56822ab83b88830f112dc51a184b0c1bc1041'
    'ea7c1b9dd8f6ce0e1"},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":121,"digest"'
    ':"sha256:15d0bd7c9078baa82f1032ebc7c9466f08b24bd7aca284d8dcc71cc4c5e4e135"}]}'
)
"""crane append."""

CRANE_CONFIG = (
    '{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","'
    'rootfs":{"type":"layers","diff_ids":["sha256:fbbee8232dd2858f98cceda309d2b13e45691b190128696457d7e15992ae9b4'
    '8"]},"config":{}}'
)

COSIGN_SIGNATURE = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"applicati'
    'on/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f6'
    '1caaff8a","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},"layers":[{"mediaType":"applicatio'
    'n/vnd.dev.sigstore.bundle.v0.3+json","size":659,"digest":"sha256:6e0d85322000c4d067f5769d13c6b01a3220a72fbcf'
    '4946e85a26c77252c2ef8"}],"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.p'
    'redicateType":"https://sigstore.dev/cosign/sign/v1","org.opencontainers.image.created":"2026-11-24T08:12:41Z'
    '"},"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":401,"digest":"sha256:21d808c6b'
    'e196a681d13750606a863e384bc4c08e6a39a9d5dbcb4aaf49ad702"},"artifactType":"application/vnd.dev.sigstore.bundl'
    'e.v0.3+json"}'
)
"""cosign 3 sign."""

COSIGN_ATTESTATION = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"applicati'
    'on/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f6'
    '1caaff8a","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},"layers":[{"mediaType":"applicatio'
    'n/vnd.dev.sigstore.bundle.v0.3+json","size":675,"digest":"sha256:2998cba4a6a6b9bf530970535442b99859564f27dc4'
    'f5dbb631fb9c73767e201"}],"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.p'
    'redicateType":"https://slsa.dev/provenance/v0.2","org.opencontainers.image.created":"2026-11-24T08:12:41Z"},'
    '"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":401,"digest":"sha256:21d808c6be19'
    '6a681d13750606a863e384bc4c08e6a39a9d5dbcb4aaf49ad702"},"artifactType":"application/vnd.dev.sigstore.bundle.v'
    '0.3+json"}'
)
"""cosign 3 attest: the same envelope around a statement."""

COSIGN_SIGNATURE_BY_TAG = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"applicati'
    'on/vnd.oci.image.config.v1+json","size":233,"digest":"sha256:bd96c18e175dea8c4d4ca1f79b1f05728609899a6f67808'
    'eb2f301e96d0fac21"},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":237,"di'
    'gest":"sha256:65145831895a85f06f49990364859eb3492b9e8d94f4e7e785ef35c68be26863","annotations":{"dev.cosignpr'
    'oject.cosign/signature":"MEYCIQCWkrF+rgPoBh6DOE4s0bRxqJsTN+eGSvF4w9Vtw0/RzQIhAJx5IOh4Xltw4SPL3jnaMs5QbKJBZ6I'
    'oo2xsneF5fquN"}}]}'
)
"""cosign sign --new-bundle-format=false."""

COSIGN_ATTESTATION_BY_TAG = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"applicati'
    'on/vnd.oci.image.config.v1+json","size":233,"digest":"sha256:db1f3d880841a020d5e940252bbbd48fcf43a9f2cfdb513'
    'ced71ae40d7af69a5"},"layers":[{"mediaType":"application/vnd.dsse.envelope.v1+json","size":505,"digest":"sha2'
    '56:2ffe21537beab0309f20b0d1fd5ebb15c27e875045120a34f484eff5f9f4185d","annotations":{"dev.cosignproject.cosig'
    'n/signature":"","predicateType":"https://slsa.dev/provenance/v0.2"}}]}'
)
"""cosign attest --new-bundle-format=false."""

ORAS_FILES = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.'
    'example.files","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a11'
    '46ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"application/'
    'vnd.oci.image.layer.v1.tar","digest":"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a488'
    '1","size":1,"annotations":{"org.opencontainers.image.title":"x.txt"}}],"annotations":{"org.opencontainers.im'
    'age.created":"2026-11-24T08:12:42Z"}}'
)
"""oras push --artifact-type."""

ORAS_ATTACHED = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/spdx'
    '+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7'
    'e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"application/vnd.oci.'
    'image.layer.v1.tar","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size'
    '":2,"annotations":{"org.opencontainers.image.title":"sbom.json"}}],"subject":{"mediaType":"application/vnd.o'
    'ci.image.manifest.v1+json","digest":"sha256:21d808c6be196a681d13750606a863e384bc4c08e6a39a9d5dbcb4aaf49ad702'
    '","size":401},"annotations":{"org.opencontainers.image.created":"2026-11-24T08:12:42Z"}}'
)
"""oras attach --artifact-type."""

HELM_CHART = (
    '{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:acdf2d6'
    'f624b6e2d48ff81c73c58632b08ded2c2691da6ac4dffdf99a627c81c","size":277},"layers":[{"mediaType":"application/v'
    'nd.cncf.helm.chart.content.v1.tar+gzip","digest":"sha256:9033bab4d24b73340b6c4a570e57f7a1f6a7e209643b8e59d61'
    '12045eef6f2d0","size":552}],"annotations":{"org.opencontainers.image.created":"2026-11-24T08:12:42Z","org.op'
    'encontainers.image.description":"A '
    'chart","org.opencontainers.image.title":"chart","org.opencontainers.image.version":"1.2.3"}}'
)
"""helm push."""

HELM_CONFIG_BLOB = (
    '{"name":"chart","version":"1.2.3","description":"A chart","apiVersion":"v2","appVersion":"2.0","dependencies'
    '":[{"name":"redis","version":"1.10.0","repository":"https://charts.example.org","condition":"redis.enabled",'
    '"tags":["db"],"import-values":[{"child":"a","parent":"b"}]}]}'
)

HELM_OLD_CONFIG_BLOB = (
    '{"name":"v1chart","version":"1.2.3","description":"A chart","apiVersion":"v1","appVersion":"2.0","dependenci'
    'es":[{"name":"redis","version":"1.10.0","repository":"https://charts.example.org","condition":"redis.enabled'
    '","tags":["db"],"import-values":[{"child":"a","parent":"b"}]}]}'
)
"""Of a chart of apiVersion v1, whose dependencies are in requirements.yaml."""

HELM_ARCHIVE = (
    "H4sIFAAAAAAA/ykAK2FIUjBjSE02THk5NWIzVjBkUzVpWlM5Nk9WVjZNV2xqYW5keVRRbz1IZWxtAOyYTYvbMBCGfdavGDbn2CPLdsC3ZZtD"
    "YdtDC71rbbEx+ENIStil9L+XWGlZxIIpjW3azHOIE3BmJh+PLb3VQRqXPJwf41fZtdEMICIWWTYeETE8otgVEc8F8jQTYici5KlAHgHOMUzI"
    "0TppIvzrXuGH+0eQuvmmjG2GvoRTyqTWv1/epTHesVpp1deqrxplS7aFaujrxo0nGFU3Nla9fGpVzQCaTg/GbU+yPZ7PBdhCdWjaugTJAAC0"
    "NKp3JTwxgF526lKBARilB9u4wbyWcHBO2zJJxn+mjdWL7HSr4sE8MwAnny+V63OV069ZecwxRlYrW5lG+/HuYSzBfCv//M0b0liwtb/99fH+"
    "+59srgvAlP+YpaH/eZqT/0sgS+CwgaFXbJTxLNfF6BKcOSpy5L/G++9Up1vplE1eZrgITPqPof8iK3bk/xJ8/7H2BMSaeP8fPz7sP3/dz9Rj"
    "2n8e+M9FlpL/S/C49gDEqnj/v+zvP3zax109S49J/zmG/hc8I/+XYANj9kOr/BvF+++zlmTcAV4/DJz0PxeB/1lRCPJ/CYL8720sF4Zra49K"
    "zMA7/l89DJy+/4fr/5xz8n8RfOgHnOy+Td7x/+qbgT9f/2cpFuT/EmwuN/u15yAIgiCW5WcAAAD//8wDOjsAJAAA"
)
"""helm package, in base64: the chart of HELM_CHART, with another one in its folder `charts`."""


def part(media_type: str, content: bytes = b"content", **more: Any) -> dict[str, Any]:
    """A descriptor of `content`."""
    return {"mediaType": media_type, "size": len(content), "digest": str(Digest.of(content)), **more}


def manifest(config: str, *layers: dict[str, Any], config_blob: bytes = b"{}", **more: Any) -> dict[str, Any]:
    """An image manifest around a configuration of that type."""
    about = part(config, config_blob)
    return {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": about, "layers": list(layers), **more}


def written(document: dict[str, Any]) -> bytes:
    """As clients write it."""
    return json.dumps(document, separators=(",", ":")).encode()


DOCKER_CONFIG_BLOB = json.dumps(
    {
        "architecture": "amd64",
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "Entrypoint": None,
            "ExposedPorts": {"80/tcp": {}},
            "Labels": {"maintainer": "the image's makers"},
            "OnBuild": None,
            "StopSignal": "SIGQUIT",
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000},
        },
        "created": "2026-02-03T04:05:06.123456789Z",
        "docker_version": "27.3.1",
        "history": [
            {"created": "2026-02-03T04:05:06Z", "created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
            {"created": "2026-02-03T04:05:07Z", "created_by": 'CMD ["nginx"]', "empty_layer": True},
        ],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"layer"))]},
        "variant": "v2",
    }
).encode()

DOCKER_IMAGE = {
    **manifest(
        "application/vnd.docker.container.image.v1+json",
        part("application/vnd.docker.image.rootfs.diff.tar.gzip", b"first layer"),
        part("application/vnd.docker.image.rootfs.diff.tar.gzip", b"second"),
        config_blob=DOCKER_CONFIG_BLOB,
    ),
    "mediaType": DOCKER_MANIFEST,
}
"""docker push."""

BUILDAH_IMAGE = manifest(
    "application/vnd.oci.image.config.v1+json",
    part("application/vnd.oci.image.layer.v1.tar+gzip", b"layer"),
    config_blob=DOCKER_CONFIG_BLOB,
    annotations={"org.opencontainers.image.base.digest": "", "org.opencontainers.image.base.name": ""},
)
"""buildah push."""

BUILDX_INDEX = {
    "schemaVersion": 2,
    "mediaType": OCI_INDEX,
    "manifests": [
        part(OCI_MANIFEST, b"amd64", platform={"architecture": "amd64", "os": "linux"}),
        part(OCI_MANIFEST, b"armv7", platform={"architecture": "arm", "os": "linux", "variant": "v7"}),
        part(
            OCI_MANIFEST,
            b"attestation",
            platform={"architecture": "unknown", "os": "unknown"},
            annotations={
                "vnd.docker.reference.digest": str(Digest.of(b"amd64")),
                "vnd.docker.reference.type": "attestation-manifest",
            },
        ),
    ],
}
"""docker buildx build --platform --push, with the provenance that it adds."""

WINDOWS_LIST = {
    "schemaVersion": 2,
    "mediaType": DOCKER_LIST,
    "manifests": [
        part(
            DOCKER_MANIFEST,
            b"windows",
            platform={
                "architecture": "amd64",
                "os": "windows",
                "os.version": "10.0.20348.2700",
                "os.features": ["win32k"],
            },
            urls=["https://example.org/windows"],
        )
    ],
}

SUBJECT = part(OCI_MANIFEST, b"the subject")

NOTATION_SIGNATURE = manifest(
    "application/vnd.cncf.notary.signature",
    part("application/jose+json", b"{}"),
    subject=SUBJECT,
    annotations={"io.cncf.notary.x509chain.thumbprint#S256": '["0123"]'},
)
"""notation sign."""

NYDUS_IMAGE = manifest(
    "application/vnd.oci.image.config.v1+json",
    part(
        "application/vnd.oci.image.layer.nydus.blob.v1",
        b"data",
        annotations={"containerd.io/snapshot/nydus-blob": "true"},
    ),
    part(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        b"bootstrap",
        annotations={"containerd.io/snapshot/nydus-bootstrap": "true"},
    ),
    subject=SUBJECT,
)

SBOM_OF_SCAN = manifest(
    "application/vnd.oci.image.config.v1+json",
    part("application/vnd.goharbor.harbor.sbom.v1", b'{"spdxVersion":"SPDX-2.3"}'),
    subject=SUBJECT,
    artifactType="application/vnd.goharbor.harbor.sbom.v1",
)

CNAB_BUNDLE = {
    "schemaVersion": 2,
    "mediaType": OCI_INDEX,
    "manifests": [part(OCI_MANIFEST, b"config", annotations={"io.cnab.manifest.type": "config"})],
    "annotations": {"org.opencontainers.artifactType": "application/vnd.cnab.manifest.v1"},
}
"""cnab-to-oci push."""

MODEL_PREFIX = "application/vnd.cncf.model"
MODEL_CONFIG_BLOB = b'{"descriptor":{"name":"tiny","family":"llama"},"config":{"paramSize":"1b","format":"gguf"}}'


def model_file(path: str, content: bytes = b"content", form: str = "weight.v1.raw") -> dict[str, Any]:
    """One file of a model."""
    return part(f"{MODEL_PREFIX}.{form}", content, annotations={"org.cncf.model.filepath": path})


MODEL = manifest(
    f"{MODEL_PREFIX}.config.v1+json",
    model_file("tiny.gguf", b"weights"),
    model_file("README.md", b"# Tiny", "doc.v1.raw"),
    model_file("LICENSE", b"MIT", "doc.v1.tar"),
    config_blob=MODEL_CONFIG_BLOB,
    artifactType=f"{MODEL_PREFIX}.manifest.v1+json",
)
"""modctl push."""

WASM_MODULE = manifest(
    "application/vnd.wasm.config.v1+json",
    part("application/vnd.wasm.content.layer.v1+wasm", annotations={"org.opencontainers.image.title": "hello.wasm"}),
)
"""wasm-to-oci push."""

WASM_IMAGE = manifest(
    "application/vnd.oci.image.config.v1+json",
    part("application/vnd.oci.image.layer.v1.tar+gzip"),
    config_blob=DOCKER_CONFIG_BLOB,
    annotations={"module.wasm.image/variant": "compat"},
)
"""buildah build --annotation module.wasm.image/variant=compat."""
