"""The files that images are made of here, and the tars that carry them."""

import gzip
import io
import random
import secrets
import tarfile
from collections.abc import Mapping

ROOT = "content/"
"""The folder of an image that holds the files."""


def some_files(size: int = 40_000) -> dict[str, bytes]:
    """Files that no other test has pushed: a text, and `size` bytes that do not compress."""
    word = secrets.token_hex(8)
    return {"hello.txt": f"hello {word}\n".encode(), "noise.bin": random.Random(word).randbytes(size)}


def to_tar(files: Mapping[str, bytes]) -> bytes:
    """A tar of the files under `content/`, the same bytes each time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(ROOT + name)
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    return written.getvalue()


def from_tar(data: bytes, root: str = ROOT) -> dict[str, bytes]:
    """The files under that folder in a tar, which may be compressed by gzip."""
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        for entry in tar:
            name = entry.name.removeprefix("./").removeprefix("/")
            if entry.isfile() and name.startswith(root):
                source = tar.extractfile(entry)
                assert source is not None
                found[name.removeprefix(root)] = source.read()
    return found
