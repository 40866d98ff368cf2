"""A disk that is really full: a small file system of memory, which only root can mount."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .nodes import Node, digest_of, push_blob, push_image

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("way", ["PUT", "PATCH"])
def test_a_push_to_a_full_disk_is_told_so_and_leaves_nothing_half_there(
    start: Callable[..., Node], small_disk: Path, way: str
) -> None:
    node = start(str(small_disk / "data"), collect_every="0.1s")
    with node.client() as client:
        kept = os.urandom(MIB)
        push_image(client, "library/app", "1", kept)
        location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
        content = os.urandom(40 * MIB)
        if way == "PUT":
            answer = client.put(location, params={"digest": digest_of(content)}, content=content)
        else:
            answer = client.patch(location, content=content)
        assert answer.status_code == 507, answer.text
        assert "room" in answer.json()["errors"][0]["message"]
        assert client.head(f"/v2/library/app/blobs/{digest_of(content)}").status_code == 404
        assert client.get(f"/v2/library/app/blobs/{digest_of(kept)}").content == kept
        smaller = os.urandom(4 * MIB)
        for _ in range(100):  # The remover gives the room back in a moment.
            if push_fits(client, smaller):
                break
        assert client.get(f"/v2/library/app/blobs/{digest_of(smaller)}").content == smaller
    assert node.check().returncode == 0
    assert "no space left" in node.log.read_text().lower()


def test_a_log_on_the_full_disk_fails_no_request(start: Callable[..., Node], small_disk: Path) -> None:
    node = start(str(small_disk / "data"), collect_every="0.1s", log_to=str(small_disk / "log"))
    with node.client() as client:
        push_image(client, "library/app", "1", b"a layer")
        with (small_disk / "filler").open("wb") as filler, suppress(OSError):
            while filler.write(bytes(65536)):
                filler.flush()
        location = client.post("/v2/library/app/blobs/uploads/")
        assert location.status_code == 507, location.text
        assert client.get("/v2/library/app/manifests/1").status_code == 200


def push_fits(client: object, content: bytes) -> bool:
    try:
        push_blob(client, "library/app", content)  # type: ignore[arg-type]
    except AssertionError:
        return False
    return True
