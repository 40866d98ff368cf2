"""A whole image by a real client: crane pushes twenty layers, pulls them, and pushes them again."""

import base64
import json
import os
import shutil
import subprocess
import tarfile
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from bench.content import MANIFEST_TYPE, MIB, Image, image, inline
from bench.cpu import cpu_seconds
from bench.errors import WrongAnswer
from bench.servers import Server
from bench.stage import Reading, Sizes

LAYERS = 20
LAYER_SIZE = 2 * MIB


@dataclass(frozen=True)
class _Trip:
    layout: Path
    reference: str


class Trips:
    """Each server's own image, new for each round, and crane's settings."""

    def __init__(self, home: Path, crane: Path, sizes: Sizes) -> None:
        self._home = home
        self._crane = crane
        self._sizes = sizes
        self._current: dict[str, _Trip] = {}
        self._number = 0

    def push(self, server: Server) -> Reading:
        """A push of an image no server has seen."""
        self._number += 1
        old = self._current.pop(server.key, None)
        if old is not None:
            shutil.rmtree(old.layout)
        layout = self._home / f"image-{self._number}"
        write_layout(layout, random_image(f"image-{self._number}"))
        trip = _Trip(layout, f"127.0.0.1:{server.port}/library/image:{self._number}")
        reading = self._run(server, "push", str(layout), trip.reference)
        self._current[server.key] = trip
        return reading

    def pull(self, server: Server) -> Reading:
        """A pull of the image just pushed, into an OCI layout."""
        target = self._home / "pulled"
        try:
            return self._run(server, "pull", "--format=oci", self._trip(server).reference, str(target))
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def push_again(self, server: Server) -> Reading:
        """A push of the image that is there already, under another tag: a HEAD for each blob and a manifest.

        Under the same tag crane asks for nothing but the manifest.
        """
        trip = self._trip(server)
        return self._run(server, "push", str(trip.layout), f"{trip.reference}-again")

    def _trip(self, server: Server) -> _Trip:
        if server.key not in self._current:
            raise WrongAnswer("the image was not pushed")
        return self._current[server.key]

    def _run(self, server: Server, *arguments: str) -> Reading:
        folder = self._home / f"docker-{server.key}"
        folder.mkdir(exist_ok=True)
        auths = {}
        if server.credentials is not None:
            secret = base64.b64encode(":".join(server.credentials).encode()).decode()
            auths[f"127.0.0.1:{server.port}"] = {"auth": secret}
        (folder / "config.json").write_text(json.dumps({"auths": auths}))
        before = cpu_seconds(server.pid)
        started = time.perf_counter()
        try:
            ended = subprocess.run(
                [self._crane, *arguments],
                env={**os.environ, "DOCKER_CONFIG": str(folder)},
                capture_output=True,
                text=True,
                timeout=self._sizes.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise WrongAnswer(f"crane {arguments[0]} was not done after {self._sizes.timeout:.0f} s") from error
        wall = time.perf_counter() - started
        if ended.returncode:
            raise WrongAnswer(f"crane {arguments[0]} failed: {ended.stderr.strip()[-400:]}")
        time.sleep(self._sizes.settle)
        return Reading(cpu=cpu_seconds(server.pid) - before, wall=wall)


def random_image(tag: str) -> Image:
    """An image of twenty layers, each a tar with one file of random bytes."""
    layers = []
    for number in range(LAYERS):
        packed = BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            entry = tarfile.TarInfo(f"layer-{number}")
            entry.size = LAYER_SIZE
            tar.addfile(entry, BytesIO(os.urandom(LAYER_SIZE)))
        layers.append(inline(packed.getvalue()))
    return image(tag, layers)


def write_layout(folder: Path, made: Image) -> None:
    """Nothing; `folder` is an OCI layout of the image (image-spec, image-layout.md)."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in (made.config, *made.layers):
        (blobs / blob.digest.partition(":")[2]).write_bytes(blob.tail)
    (blobs / made.digest.partition(":")[2]).write_bytes(made.manifest)
    entry = {"mediaType": MANIFEST_TYPE, "digest": made.digest, "size": len(made.manifest)}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
