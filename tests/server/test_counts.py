"""Counts of several processes, read while they are written, renamed and removed."""

import asyncio
import os
import tempfile
from pathlib import Path

import msgspec
import pytest

from entrepot.server.counts import SECONDS, WRITE_AFTER, Counts, Row, Tally, forget_worker, shared_by_workers

KEY = ("GET", "blob", 200)


async def test_another_worker_s_counts_are_known_a_moment_later(tmp_path: Path) -> None:
    mine, other = Counts(tmp_path), Counts(tmp_path)
    other.request(KEY, 0.003, 1, 2)
    other.transfer("out", 1)
    await asyncio.sleep(2 * WRITE_AFTER)
    mine.request(KEY, 700.0, 10, 20)
    total = mine.together()
    row = total.rows[KEY]
    assert (row.count, row.bytes_in, row.bytes_out, row.seconds) == (2, 11, 22, 700.003)
    assert row.buckets[2] == 1
    assert row.buckets[len(SECONDS)] == 1
    assert total.in_flight == {"in": 0, "out": 1}
    assert mine.together() == total  # asking changes nothing


async def test_the_dead_are_in_no_transfer_but_what_they_counted_stays(tmp_path: Path) -> None:
    dead = tmp_path / "4711-ab.alive"
    dead.write_bytes(msgspec.msgpack.encode(Tally(rows={KEY: Row(count=3)}, in_flight={"in": 2, "out": 1})))
    counts = Counts(tmp_path)
    assert counts.together().in_flight == {"in": 2, "out": 1}
    forget_worker(tmp_path, 47)  # another one, whose number begins alike
    assert counts.together().in_flight == {"in": 2, "out": 1}
    forget_worker(tmp_path, 4711)
    assert counts.together().in_flight == {"in": 0, "out": 0}
    assert counts.together().rows[KEY].count == 3


async def test_what_is_half_written_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "12-cd.new").write_bytes(b"\x81")
    assert Counts(tmp_path).together() == Tally()


async def test_counting_goes_on_where_nothing_can_be_written(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "gone")
    counts.request(KEY, 0.1, 0, 0)
    await asyncio.sleep(2 * WRITE_AFTER)
    counts.request(KEY, 0.1, 0, 0)
    (tmp_path / "gone").mkdir()
    assert counts.together().rows[KEY].count == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_the_folder_goes_with_the_workers(workers: int) -> None:
    with shared_by_workers(workers) as folder:
        assert (folder is None) == (workers == 1)
        assert folder is None or folder.is_dir()
    assert folder is None or not folder.exists()


def test_folders_of_those_who_were_killed_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, young, elsewhere = (tmp_path / name for name in ("entrepot-counts-a", "entrepot-counts-b", "other"))
    with shared_by_workers(2) as held:
        assert held is not None
        for folder in (left, young, elsewhere):
            folder.mkdir()
            (folder / "1-a.alive").touch()
        (tmp_path / "entrepot-counts-link").symlink_to(elsewhere)
        for folder in (left, held, elsewhere):
            os.utime(folder, (0, 0))
        with shared_by_workers(2):
            assert not left.exists()
            assert held.exists()
            assert young.exists()
            assert (elsewhere / "1-a.alive").exists()
