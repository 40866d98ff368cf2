"""The measurement of pushes beside collection: what it makes is collected, and what it counts is right."""

import shutil
from pathlib import Path

from bench.collection import Pushes, fill, left

from entrepot.db.sqlite import SqliteDatabase
from entrepot.registry.rules import Rules
from entrepot.storage.filesystem import FileStorage
from entrepot.tasks.collect import Collector


async def test_what_is_filled_in_is_collected_to_the_last_object(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "entrepot.db")
    fill(tmp_path, 100, 0)
    assert left(tmp_path, 100) == 100
    db, storage = SqliteDatabase(tmp_path / "entrepot.db"), FileStorage(tmp_path / "objects")
    collector = Collector(db, storage, Rules(reader_grace=0))
    while not (await collector.round()).idle:
        pass
    assert left(tmp_path, 100) == 0
    assert [file for file in (tmp_path / "objects").rglob("*") if file.is_file()] == []
    assert await db.read(lambda tx: tx.all("SELECT used FROM quotas")) == [(0,)]
    await db.close()
    await storage.close()


async def test_what_is_filled_in_to_stay_stays(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "entrepot.db")
    fill(tmp_path, 10, None)
    db, storage = SqliteDatabase(tmp_path / "entrepot.db"), FileStorage(tmp_path / "objects")
    assert (await Collector(db, storage, Rules(reader_grace=0)).round()).idle
    assert left(tmp_path, 10) == 10
    await db.close()
    await storage.close()


def test_percentiles_are_of_what_was_measured() -> None:
    pushes = Pushes([number / 1000 for number in range(100, 0, -1)])
    assert (round(pushes.percentile(0.5)), round(pushes.percentile(0.99))) == (51, 100)
