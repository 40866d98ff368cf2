"""Fixtures of the pages' tests: the whole application of a small organisation, and people with browsers."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "harbor"))

from furnish import Made
from furnished import Furnished
from house import Harbor, harbor
from reader import Reader, Readers

__all__ = ["harbor"]


@pytest.fixture
def reader(harbor: Harbor) -> Readers:
    """Makes readers who are signed in as nobody yet."""
    return lambda: Reader(harbor.application)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return Furnished(tmp_path_factory.mktemp("furnished"))


@pytest.fixture
async def made(harbor: Harbor, database_url: str, furnished: Furnished) -> Made:
    """Something of everything in the project `own`."""
    return await furnished.into(harbor, database_url)
