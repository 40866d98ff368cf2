"""Fixtures of the pages' tests: the whole application of a small organisation, and people with browsers."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "harbor"))

from house import Harbor, harbor
from reader import Reader, Readers

__all__ = ["harbor"]


@pytest.fixture
def reader(harbor: Harbor) -> Readers:
    """Makes readers who are signed in as nobody yet."""
    return lambda: Reader(harbor.application)
