"""Reading layers and opening files in them: `python -m bench.layers`.

A layer of about 300 MB as gzip, another as one zstd frame, and a layer of 100 000 small files, made up of words as
programs and texts are. Everything within one process, on SQLite and files in a folder of its own. Prints figures.
"""

import asyncio
import gzip
import io
import json
import random
import resource
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from entrepot.access.local import shell_repository_grant
from entrepot.app import House, open_house
from entrepot.config import Settings
from entrepot.db import jobs
from entrepot.model.digest import Digest
from entrepot.model.grant import RepositoryGrant
from entrepot.model.job import Job
from entrepot.model.manifest import OCI_MANIFEST
from entrepot.model.reference import RepositoryName, Tag
from entrepot.registry.blobs import Blobs
from entrepot.registry.layer_cache import LayerCache
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layered import Layered
from entrepot.registry.layers import ImageLayers
from entrepot.registry.manifests import Manifests
from entrepot.registry.unpacking import zstd
from entrepot.registry.uploads import Uploads
from entrepot.tasks.index_layers import IndexLayers

NAME = RepositoryName.parse("library/layers")
MANY = 100_000
OPENED = 40


class Told:
    """A job as its task sees it, that nobody looks at."""

    def __init__(self, job: Job) -> None:
        self.job_id, self.parameters, self.project_id = job.id, job.parameters, job.project_id
        self.subject_id, self.requested_by, self.attempt = None, job.requested_by, 1

    async def step(self, name: str, function: object) -> object:
        raise NotImplementedError(name)

    def progress(self, done: int, total: int | None = None, bytes: int = 0) -> None:  # noqa: A002
        pass

    def log(self, line: str, level: str = "info") -> None:  # noqa: ARG002 - as the contract has it
        print(f"  {line}", file=sys.stderr)

    def check(self) -> None:
        pass


def archive(files: int, largest: int) -> bytes:
    """An archive of so many files."""
    dice = random.Random(files)
    words = [dice.randbytes(dice.randrange(3, 10)) for _ in range(5000)]
    text = b"".join(dice.choices(words, k=1_500_000))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for number in range(files):
            info = tarfile.TarInfo(f"usr/lib/python3/package{number // 120}/module{number}.py")
            info.size = dice.randrange(largest)
            start = dice.randrange(len(text) - largest)
            tar.addfile(info, io.BytesIO(text[start : start + info.size]))
    return made.getvalue()


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 1 << 20):
        yield content[at : at + (1 << 20)]


async def push(house: House, tag: Tag, layer: bytes) -> RepositoryGrant:
    """A grant for the repository, which has the image of that layer."""
    config = json.dumps({"of": str(Digest.of(layer))}).encode()
    grant = await shell_repository_grant(house.db, NAME)
    uploads = Uploads(house.db, house.storage, house.rules)
    parts = []
    for content in (config, layer):
        await uploads.put(grant, pieces(content), Digest.of(content))
        kind = "config.v1+json" if content is config else "layer.v1.tar+gzip"
        parts.append(
            {
                "mediaType": f"application/vnd.oci.image.{kind}",
                "digest": str(Digest.of(content)),
                "size": len(content),
            }
        )
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": parts[0], "layers": parts[1:]}).encode()
    await Manifests(house.db, house.storage, house.rules, house.pulls).put(grant, tag, OCI_MANIFEST, body)
    return await shell_repository_grant(house.db, NAME)


async def measure(house: House, what: str, layer: bytes, unpacked: int) -> None:
    """Prints the figures of one layer."""
    tag = Tag(what)
    grant = await push(house, tag, layer)
    blobs = Blobs(house.db, house.storage, house.rules)
    view = await ImageLayers(blobs, Layered(house.db, house.storage, LayerCache())).image(grant, tag)
    assert view.job is not None
    job_id = view.job.id
    job = await house.db.read(lambda tx: jobs.get(tx, job_id))
    assert job is not None
    began, cpu = time.perf_counter(), time.process_time()
    await IndexLayers(house.db, house.storage, house.rules).run(Told(job))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    row = await house.db.read(
        lambda tx: tx.one("SELECT size, tree_size, entries FROM layer_indexes ORDER BY blob_id DESC")
    )
    assert row is not None
    print(f"{what}: {len(layer) / 1e6:.0f} MB packed, {unpacked / 1e6:.0f} MB unpacked, {row[2]} entries")
    print(f"  read in {took:.1f} s, {cpu:.1f} s of CPU: {unpacked / 1e6 / cpu:.0f} MB unpacked for a second of CPU")
    print(f"  index {row[0] / 1e6:.2f} MB, of which {row[1] / row[2] * 10_000 / 1e6:.2f} MB for 10 000 entries")

    def fresh() -> Layered:
        return Layered(house.db, house.storage, LayerCache())

    cold = await timed(lambda: ImageLayers(blobs, fresh()).folder(grant, tag, "usr/lib/python3/package7"), 5)
    kept = fresh()
    warm = await timed(lambda: ImageLayers(blobs, kept).folder(grant, tag, "usr/lib/python3/package7"), 20)
    whole = await timed(lambda: ImageLayers(blobs, fresh()).image(grant, tag), 3)
    found = await timed(lambda: ImageLayers(blobs, kept).search(grant, tag, "module777"), 10)
    print(f"  a directory: {cold:.1f} ms, {warm:.1f} ms once in memory; what layers did: {whole:.0f} ms;", end=" ")
    print(f"a search: {found:.1f} ms")
    files = LayerFiles(blobs, kept)
    dice = random.Random(1)
    inside = row[2] - 4 - row[2] // 121
    names = [f"usr/lib/python3/package{n // 120}/module{n}.py" for n in (dice.randrange(inside) for _ in range(OPENED))]
    opening = [await timed(lambda name=name: files.preview(grant, tag, name), 1) for name in names]  # type: ignore[misc]
    print(f"  a file: p50 {statistics.median(opening):.0f} ms, longest {max(opening):.0f} ms")


async def timed(work: object, times: int) -> float:
    """The median of milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()  # type: ignore[operator]
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def main() -> None:
    """Measures everything."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Settings(data=Path(folder))) as house:
            large = archive(12_000, 100_000)
            packed = gzip.compress(large, 6)
            await measure(house, "gzip", packed, len(large))
            await measure(house, "zstd", zstd.compress(large), len(large))
            del large, packed
            many = archive(MANY, 2_000)
            await measure(house, "many", gzip.compress(many, 6), len(many))
    print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, with the layers made")


if __name__ == "__main__":
    asyncio.run(main())
