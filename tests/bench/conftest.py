"""The bench's packages, and a registry of the tests' own to run it against."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from bench.content import MIB, Content  # noqa: E402
from bench.servers import Command, Server  # noqa: E402
from bench.stage import Sizes, Stage  # noqa: E402
from bench.tokens import Issuer  # noqa: E402


class Double(Server):
    """The tests' registry, in the place of the yardstick."""

    key = "distribution"
    offers = frozenset({"pushes", "lists", "tokens"})
    pages = 2
    credentials = ("somebody", "a password")
    fault = ""
    lengthened = False

    def lengthen(self) -> None:
        self.lengthened = True

    def title(self) -> str:
        return "double"

    def command(self) -> Command:
        return Command(arguments=[str(self.program), str(HERE / "registry_double.py"), str(self.port), self.fault])


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    issuer = Issuer(tmp_path)
    yield issuer
    issuer.close()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    sizes = Sizes(
        count=64, connections=4, volume=MIB, blob=MIB // 4, piece=100_000, span=30_000, timeout=30.0, settle=0.0
    )
    return Stage(Content(tmp_path, sizes.blob, 4), sizes)


@pytest.fixture
def double(tmp_path: Path, issuer: Issuer) -> Iterator[Callable[[str], Double]]:
    """Makes a registry with a fault, or with none; not started."""
    made: list[Double] = []

    def make(fault: str = "") -> Double:
        server = Double(tmp_path / f"double-{len(made)}", issuer, Path(sys.executable), 1)
        server.fault = fault
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
