"""Counters that are moved with what they count stay right, whatever happens and for however long."""

import shutil
from pathlib import Path

import pytest

from contracts.drifting import live


@pytest.mark.parametrize(
    ("seed", "steps"),
    [(1, 1500), pytest.param(1, 5000, marks=pytest.mark.slow), pytest.param(2, 5000, marks=pytest.mark.slow)],
)
async def test_after_a_long_random_life_a_recount_gives_the_same(
    seed: int, steps: int, migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    assert await live(path, steps, seed) == []
