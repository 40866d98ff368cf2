"""What every client can do, so that one suite asks the same of all of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from .server import Server


class Client(Protocol):
    """One person at one machine: what `login` is told stays in a folder of its own. All raise Refused."""

    asks_at_login: bool
    """Whether `login` goes to the registry; crane only writes down what it is told."""

    def login(self, user: str, password: str) -> None:
        """Remembers who it is."""

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        """Makes something new of those files and pushes it; keeps no copy that a pull could be served from."""

    def pull(self, reference: str) -> dict[str, bytes]:
        """The files of what it pulled, over the network."""


class Maker(Protocol):
    """A class of clients: makes one that talks to `server` and keeps its things in `home`."""

    def __call__(self, server: Server, home: Path) -> Client: ...
