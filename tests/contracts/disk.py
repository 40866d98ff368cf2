"""Folders on a disk, for tests of what a file system in memory does otherwise: none tells there what it has cached."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DISK = Path("/var/tmp")


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """A new folder on the disk, even where temporary files lie in memory; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="entrepot-", dir=DISK, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with folder_on_disk() as folder:
        yield folder
