"""`entrepot image`: until an image was read it says so; what it shows is what a container finds."""

import json
from pathlib import Path

import pytest

from contracts.archives import tar
from contracts.layers import Reading
from contracts.place import Place
from entrepot.cli import run
from entrepot.db.migrate import migrate_sqlite
from entrepot.db.sqlite import SqliteDatabase
from entrepot.registry.rules import Rules
from entrepot.storage.filesystem import FileStorage


@pytest.fixture
async def house_of_images(tmp_path: Path) -> Path:
    """The data folder of a registry with two images, of which the second was not read."""
    data = tmp_path / "data"
    data.mkdir()
    migrate_sqlite(data / "entrepot.db")
    db, storage = SqliteDatabase(data / "entrepot.db"), FileStorage(data / "objects")
    reading = Reading(Place(db, storage, Rules()))
    await reading.push(tar(("etc/hosts", b"one"), ("bin", "-> usr/bin")))
    await reading.read()
    await reading.push(tar(("etc/hosts", b"changed"), ("new", b"")), tag="2")
    await storage.close()
    await db.close()
    return data


def test_images_are_listed_and_compared(house_of_images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--data", str(house_of_images)]
    assert run(["image", "files", "library/hello:1", *place]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["bin -> usr/bin", "etc/"]
    assert run(["image", "files", "library/hello:1", "etc", "--layer", "0", "--json", *place]) == 0
    (file,) = json.loads(capsys.readouterr().out)
    assert (file["path"], file["size"], file["did"]) == ("etc/hosts", 3, "added")
    assert run(["image", "files", "library/hello:1", "nowhere", *place]) == 1
    assert "no directory" in capsys.readouterr().err
    assert run(["image", "compare", "library/hello:1", "library/hello:2", *place]) == 1
    assert "are being read" in capsys.readouterr().err
    assert run(["image", "compare", "library/hello:1", "library/hello:1", *place]) == 0
    assert "0 added, 0 removed" in capsys.readouterr().err
    assert run(["image", "files", "library", *place]) == 2
