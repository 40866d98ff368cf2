"""Pushes of small artifacts, by the registry's own API."""

import hashlib
import json
from typing import Any

from house import Client

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


ARCHITECTURES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le")
"""Of the children of an index, in their order."""


async def push_blob(client: Client, repository: str, content: bytes) -> str:
    digest = digest_of(content)
    answer = await client(
        "POST",
        f"/v2/{repository}/blobs/uploads/",
        params={"digest": digest},
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 201, (answer.status_code, answer.text)
    return digest


async def push_manifest(client: Client, repository: str, reference: str, body: Any, media_type: str = IMAGE) -> str:
    content = json.dumps(body).encode()
    answer = await client(
        "PUT",
        f"/v2/{repository}/manifests/{reference}",
        content=content,
        headers={"Content-Type": media_type},
    )
    assert answer.status_code == 201, (answer.status_code, answer.text)
    return digest_of(content)


async def push_image(client: Client, repository: str, reference: str | None, seed: str = "one", **more: Any) -> str:
    """The digest of an image of one small layer; without a reference it is pushed by its digest."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "author": seed,
            "created": "2026-01-02T03:04:05Z",
            "rootfs": {"type": "layers", "diff_ids": []},
            "history": [{"created": "2026-01-02T03:04:05Z", "created_by": f"RUN {seed}"}],
        }
    ).encode()
    layer = f"layer of {seed}".encode()
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {"mediaType": CONFIG, "digest": await push_blob(client, repository, config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": await push_blob(client, repository, layer), "size": len(layer)}],
        **more,
    }
    return await push_manifest(client, repository, reference or digest_of(json.dumps(body).encode()), body)


async def push_index(client: Client, repository: str, reference: str, *children: str) -> str:
    body = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            {
                "mediaType": IMAGE,
                "digest": child,
                "size": await size_of(client, repository, child),
                "platform": {"architecture": architecture, "os": "linux"},
            }
            for architecture, child in zip(ARCHITECTURES, children, strict=False)
        ],
    }
    return await push_manifest(client, repository, reference, body, INDEX)


async def size_of(client: Client, repository: str, digest: str) -> int:
    answer = await client("GET", f"/v2/{repository}/manifests/{digest}", headers={"Accept": f"{IMAGE}, {INDEX}"})
    assert answer.status_code == 200
    return len(answer.content)


async def push_signature(client: Client, repository: str, subject: str) -> str:
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": await push_blob(client, repository, b"{}"),
            "size": 2,
        },
        "layers": [],
        "subject": {"mediaType": IMAGE, "digest": subject, "size": await size_of(client, repository, subject)},
    }
    return await push_manifest(client, repository, digest_of(json.dumps(body).encode()), body)
